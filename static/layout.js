// The layout: the number of charts, their sizes and their links. The address stores it.

/**
 * Shares are percentages of the width or the height.
 * @typedef {object} Layout
 * @property {Count} count
 * @property {readonly Link[]} links
 * @property {number | undefined} board share of the width in per cent; undefined is the default for the count
 * @property {readonly number[]} columns
 * @property {readonly number[]} rows
 */

/** @typedef {1 | 2 | 4 | 6} Count */
/** @typedef {(typeof LINKS)[number]} Link */

export const LINKS = /** @type {const} */ (["crosshair", "range", "symbol", "moment"]);
export const COUNTS = /** @type {const} */ ([1, 2, 4, 6]);
/** @type {readonly Link[]} */
const LINKS_FIRST = ["crosshair", "moment"];
export const BOARD_MAX = 80;
const SHARE_MIN = 10;

/** The number of columns and rows for a number of charts. @param {Count} count */
export function gridOf(count) {
  return { columns: count === 6 ? 3 : count === 1 ? 1 : 2, rows: count < 4 ? 1 : 2 };
}

/** @param {Count} count @returns {Layout} */
export function evenLayout(count) {
  const { columns, rows } = gridOf(count);
  const board = undefined;
  return { count, links: LINKS_FIRST, board, columns: even(columns), rows: even(rows) };
}

/** @param {number} count */
function even(count) {
  return Array.from({ length: count }, () => 100 / count);
}

/**
 * Reads a layout. It ignores values that are not valid.
 * @param {URLSearchParams} query
 * @returns {Layout}
 */
export function readLayout(query) {
  const count = COUNTS.find((each) => String(each) === query.get("layout")) ?? 1;
  const layout = evenLayout(count);
  const names = query.get("link")?.split(",");
  const split = new Map(
    (query.get("split") ?? "").split(",").map((part) => {
      const [name = "", shares = ""] = part.split(":");
      return [name, shares.split("-").map(Number)];
    }),
  );
  const shares = (/** @type {string} */ name, /** @type {readonly number[]} */ known) => {
    const read = split.get(name) ?? [];
    const isUsable = read.length === known.length && read.every((share) => share >= SHARE_MIN);
    return isUsable ? read : known;
  };
  const [board] = split.get("board") ?? [];
  return {
    ...layout,
    ...(names !== undefined && { links: LINKS.filter((link) => names.includes(link)) }),
    ...(board !== undefined && board >= 0 && board <= BOARD_MAX && { board }),
    columns: shares("columns", layout.columns),
    rows: shares("rows", layout.rows),
  };
}

/** Writes the values that differ from the default. @param {URLSearchParams} query @param {Layout} layout */
export function writeLayout(query, { count, links, board, columns, rows }) {
  const first = evenLayout(count);
  const put = (/** @type {string} */ name, /** @type {string} */ value) =>
    value === "" ? query.delete(name) : query.set(name, value);
  const text = (/** @type {readonly number[]} */ shares) => shares.map(Math.round).join("-");
  const split = [
    board === undefined ? "" : `board:${Math.round(board)}`,
    text(columns) === text(first.columns) ? "" : `columns:${text(columns)}`,
    text(rows) === text(first.rows) ? "" : `rows:${text(rows)}`,
  ];
  put("layout", count === 1 ? "" : String(count));
  put("link", count === 1 || links.join() === first.links.join() ? "" : links.join(",") || "none");
  put("split", split.filter((part) => part !== "").join(","));
}

/**
 * Moves the border after the share at `place` by a number of per cent.
 * @param {readonly number[]} shares
 * @param {number} place of the border
 * @param {number} by
 */
export function moveBorder(shares, place, by) {
  const [before = 0, after = 0] = shares.slice(place, place + 2);
  const sum = before + after;
  const moved = Math.min(sum - SHARE_MIN, Math.max(SHARE_MIN, before + by));
  return shares.map((share, index) =>
    index === place ? moved : index === place + 1 ? sum - moved : share
  );
}
