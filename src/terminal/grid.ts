/** Formats rows of the board as lines of text. */
import type { Row } from "../core/board.ts";

export interface GridOptions {
  readonly columns: number;
  /** Most lines, with the head. */
  readonly lines: number;
  readonly hasColor: boolean;
  /** Number of rows above the visible part. */
  readonly from: number;
}

/** A row with its recent prices. */
export interface Watched {
  readonly row: Row;
  readonly decimals: number;
  /** Prices, oldest first. */
  readonly trail: readonly number[];
  /** 1 if the price has just gone up, -1 if down. */
  readonly moved: number;
}

interface Column {
  readonly title: string;
  readonly width: number;
  /** Without room, columns with the highest rank are left out first. */
  readonly rank: number;
  readonly isText?: boolean;
  text(watched: Watched): string;
}

const number = (value: number | null, decimals: number) =>
  value === null ? "–" : value.toLocaleString("en-US", {
    minimumFractionDigits: decimals,
    maximumFractionDigits: decimals,
  });
const signed = (value: number | null, decimals: number, unit = "") =>
  value === null
    ? "–"
    : `${value > 0 ? "+" : value < 0 ? "-" : ""}${number(Math.abs(value), decimals)}${unit}`;

/** From left to right. */
const COLUMNS: readonly Column[] = [
  { title: "SYMBOL", width: 12, rank: 0, isText: true, text: ({ row }) => plain(row.symbol) },
  { title: "PRICE", width: 13, rank: 0, text: ({ row, decimals }) => number(row.price, decimals) },
  {
    title: "CHANGE",
    width: 11,
    rank: 1,
    text: ({ row, decimals }) => signed(row.change, decimals),
  },
  {
    title: "CHANGE %",
    width: 9,
    rank: 0,
    text: ({ row: { change_percent: share } }) =>
      signed(share === null ? null : 100 * share, 2, " %"),
  },
  { title: "TREND", width: 20, rank: 2, isText: true, text: ({ trail }) => sparkline(trail, 20) },
  { title: "BID", width: 13, rank: 4, text: ({ row, decimals }) => number(row.bid, decimals) },
  { title: "ASK", width: 13, rank: 4, text: ({ row, decimals }) => number(row.ask, decimals) },
  { title: "OPEN", width: 13, rank: 6, text: ({ row, decimals }) => number(row.open, decimals) },
  { title: "HIGH", width: 13, rank: 5, text: ({ row, decimals }) => number(row.high, decimals) },
  { title: "LOW", width: 13, rank: 5, text: ({ row, decimals }) => number(row.low, decimals) },
  { title: "VOLUME", width: 14, rank: 5, text: ({ row }) => volume(row.volume) },
  { title: "TIME", width: 8, rank: 3, text: ({ row: { time } }) => clock(time) },
  { title: "NAME", width: 28, rank: 7, isText: true, text: ({ row }) => plain(row.name ?? "") },
];
const GAP = 1;

const RESET = "\x1b[0m", DIM = "\x1b[2m", GREEN = "\x1b[32m", RED = "\x1b[31m";
const REVERSE = "\x1b[7m";

/** The lines of the grid, at most as wide as the terminal. */
export function gridLines(all: readonly Watched[], options: GridOptions): string[] {
  const { columns, lines, hasColor, from } = options;
  const shown = columnsFor(columns, all);
  const paint = (text: string, ...codes: string[]) =>
    hasColor && codes.length > 0 ? `${codes.join("")}${text}${RESET}` : text;
  const head = shown.map((column) => fit(column.title, column)).join(" ".repeat(GAP));
  const body = all.slice(from, from + Math.max(0, lines - 1)).map((watched) =>
    shown.map((column) => {
      const text = fit(column.text(watched), column);
      const { title } = column;
      const trend = Math.sign(watched.row.change ?? 0);
      const codes = trend > 0 ? [GREEN] : trend < 0 ? [RED] : [];
      if (title === "CHANGE" || title === "CHANGE %" || title === "TREND") {
        return paint(text, ...codes);
      }
      if (title !== "PRICE" || watched.moved === 0) return text;
      return paint(text, watched.moved > 0 ? GREEN : RED, REVERSE);
    }).join(" ".repeat(GAP))
  );
  return [paint(head, DIM), ...body];
}

/** The columns that fit, by rank. Symbols may take a quarter of the width, because many start alike. */
function columnsFor(width: number, all: readonly Watched[]): readonly Column[] {
  const [symbols, ...others] = COLUMNS as readonly [Column, ...Column[]];
  const longest = all.reduce((most, { row }) => Math.max(most, row.symbol.length), 0);
  const symbolWidth = Math.max(symbols.width, Math.min(longest, Math.floor(width / 4)));
  const columns = [{ ...symbols, width: symbolWidth }, ...others];
  let left = width;
  const taken = new Set<Column>();
  for (const column of [...columns].sort((a, b) => a.rank - b.rank)) {
    const needed = column.width + (taken.size > 0 ? GAP : 0);
    if (needed > left) break;
    taken.add(column);
    left -= needed;
  }
  return columns.filter((column) => taken.has(column));
}

/** Fits a text to its column. A mark shows that it was cut, because a cut number would be a wrong one. */
function fit(text: string, { width, isText = false }: Column): string {
  let cut = text;
  if (widthOf(cut) > width) {
    while (widthOf(cut) >= width) cut = [...cut].slice(0, -1).join("");
    cut += "…";
  }
  const blanks = " ".repeat(width - widthOf(cut));
  return isText ? cut + blanks : blanks + cut;
}

/** Replaces control characters, which could move the cursor or reverse the line. */
export function plain(text: string): string {
  return text.replace(/\p{C}/gu, "�");
}

/** The width of a text in terminal cells: combining marks take none, wide East Asian letters two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const letter of text) {
    if (/\p{M}/u.test(letter)) continue;
    width +=
      /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u
          .test(letter)
        ? 2
        : 1;
  }
  return width;
}

const LEVELS = "▁▂▃▄▅▆▇█";

/** The newest values as bars between their lowest and highest. */
export function sparkline(values: readonly number[], width: number): string {
  const shown = values.slice(-width);
  const low = Math.min(...shown), high = Math.max(...shown);
  // Use halves: the difference of two large prices may overflow.
  const range = high / 2 - low / 2;
  return shown.map((value) => {
    const level = range > 0 ? (value / 2 - low / 2) / range : 0.5;
    return LEVELS[Math.min(LEVELS.length - 1, Math.floor(level * LEVELS.length))];
  }).join("");
}

function volume(value: number | null): string {
  if (value === null) return "–";
  return value.toLocaleString("en-US", { maximumFractionDigits: value < 1_000 ? 4 : 0 });
}

function clock(time: number | null): string {
  return time === null ? "–" : new Date(time).toISOString().slice(11, 19);
}
