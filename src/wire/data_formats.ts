import type { Bar } from "../core/bar.ts";
import type { Row } from "../core/board.ts";
import { isWhole, type TapedCorrection } from "../core/correction.ts";
import type { TapedTick } from "../core/tick.ts";
import type { Channel } from "../hub/topic.ts";
import type { Format, Frame, Item } from "../hub/wire.ts";

const COLUMNS = {
  tick: ["seq", "symbol", "time", "price", "size", "bid", "ask"],
  quote: [
    "symbol",
    "name",
    "date",
    "time",
    "price",
    "change",
    "change_percent",
    "volume",
    "prev_close",
    "open",
    "high",
    "low",
    "bid",
    "ask",
    "market_cap",
  ],
  bar: [
    "symbol",
    "interval",
    "time",
    "open",
    "high",
    "low",
    "close",
    "volume",
    "vwap",
    "count",
    "closed",
    "revised",
  ],
} as const satisfies { tick: (keyof TapedTick)[]; quote: (keyof Row)[]; bar: (keyof Bar)[] };

function head(frame: Frame): string {
  const merged = frame.merged > 0 ? `,"merged":${frame.merged}` : "";
  return `{"op":"data","sub":"${frame.sub}","prev":${frame.prev},"seq":${frame.seq}${merged},"rows":[`;
}

/** One JSON object per row, with field names. */
export const objectFormat: Format = {
  name: "object",
  whole: false,
  columns: () => undefined,
  // Symbols need no JSON escapes, and template strings write finite numbers as JSON does.
  fragment: (channel, item) => channel.kind === "tick" ? tickObject(item) : JSON.stringify(item),
  frame: (frame) => [`${head(frame)}${frame.fragments.map(({ text }) => text).join(",")}]}`],
  correct: corrected,
  announce: () => undefined,
};

/** `from` and `to` are null for an open end; `removed` says that the whole symbol has been removed. */
function corrected(sub: string, correction: TapedCorrection): string {
  const { seq, symbol, seqs, from = null, to = null, ticks: rows } = correction;
  const removed = isWhole(correction) ? true : undefined;
  return JSON.stringify({ op: "corrected", sub, symbol, from, to, seq, seqs, rows, removed });
}

function tickObject(item: Item): string {
  const { seq, symbol, time, price, size, bid, ask } = item as TapedTick;
  return `{"seq":${seq},"symbol":"${symbol}","time":${time},"price":${price},"size":${size},"bid":${bid},"ask":${ask}}`;
}

/**
 * Rows as arrays; a symbol is its index in the subscription's list of symbols. A quote with fewer values
 * than columns holds only changes: the symbol, a bit mask of the columns that follow, and their
 * values.
 */
export const columnsFormat: Format = {
  name: "columns",
  whole: false,
  columns: (channel) => COLUMNS[channel.kind],
  // A NUL character marks the place of the symbol's index; JSON text never contains one.
  fragment: (channel, item) =>
    channel.kind === "tick" ? tickColumns(item) : columnsFragment(channel, item),
  change: changedColumns,
  frame: (frame) => {
    const rows = frame.fragments.map(({ symbol, text }) =>
      text.replace("\0", String(frame.indexOf(symbol)))
    );
    return [`${head(frame)}${rows.join(",")}]}`];
  },
  correct: corrected,
  announce: (sub, add) => JSON.stringify({ op: "symbols", sub, add }),
};

function tickColumns(item: Item): string {
  const { seq, time, price, size, bid, ask } = item as TapedTick;
  return `[${seq},\0,${time},${price},${size},${bid},${ask}]`;
}

function changedColumns(before: Row, row: Row): string {
  let places = 0, count = 0;
  let values = "";
  for (const [place, column] of COLUMNS.quote.entries()) {
    if (before[column] === row[column]) continue;
    places |= 1 << place;
    count++;
    values += `,${JSON.stringify(row[column])}`;
  }
  const whole = 2 + count >= COLUMNS.quote.length;
  return whole ? columnsFragment({ kind: "quote" }, row) : `[\0,${places}${values}]`;
}

function columnsFragment(channel: Channel, item: Item): string {
  const values = item as unknown as Readonly<Record<string, unknown>>;
  const places = COLUMNS[channel.kind].map((column) =>
    column === "symbol" ? "\0" : JSON.stringify(values[column])
  );
  return `[${places.join(",")}]`;
}

export const DATA_FORMATS: Readonly<Record<string, Format>> = {
  object: objectFormat,
  columns: columnsFormat,
};
