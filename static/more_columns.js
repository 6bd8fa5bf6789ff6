// Columns that the user can add to the default ones.

import { COLUMNS } from "./columns.js";
import { percentText, priceText, timeText, volumeText } from "./format.js";

/** @import { Row } from "./board.js" */
/** @import { Column } from "./columns.js" */

/** A symbol's price at an earlier time, once it is loaded. @typedef {(symbol: string) => number | undefined} Before */

/**
 * All columns in the order of the board.
 * @param {{ hour: Before, day: Before }} before
 * @returns {readonly Column[]}
 */
export function allColumns({ hour, day }) {
  const usual = new Map(COLUMNS.map((column) => [column.name, column]));
  const known = (/** @type {string[]} */ ...names) =>
    names.flatMap((name) => usual.get(name) ?? []);
  return [
    ...known("symbol", "name", "spark", "last", "change", "percent"),
    since("hour", "1 h %", hour),
    since("day", "24 h %", day),
    ...known("bid", "ask"),
    {
      name: "spread",
      title: "Spread",
      chars: 7,
      text: (row, decimals) => priceText(spreadOf(row), decimals),
      key: spreadOf,
    },
    price("open", "Open"),
    price("high", "High"),
    price("low", "Low"),
    {
      name: "size",
      title: "Size",
      chars: 7,
      text: ({ size }) => volumeText(size),
      key: ({ size }) => size ?? null,
    },
    ...known("volume"),
    {
      name: "time",
      title: "Time",
      chars: 9,
      text: ({ time }) => time === null ? "–" : timeText(time, 1_000),
      key: ({ time }) => time,
    },
  ];
}

/** @param {Row} row */
function spreadOf({ bid, ask }) {
  return bid === null || ask === null ? null : ask - bid;
}

/** @param {"open" | "high" | "low"} name @param {string} title @returns {Column} */
function price(name, title) {
  return {
    name,
    title,
    chars: 8,
    text: (row, decimals) => priceText(row[name], decimals),
    key: (row) => row[name],
  };
}

/** @param {string} name @param {string} title @param {Before} before @returns {Column} */
function since(name, title, before) {
  const change = (/** @type {Row} */ { symbol, price }) => {
    const base = before(symbol);
    return base === undefined || base === 0 || price === null
      ? null
      : (price - base) / Math.abs(base);
  };
  return {
    name,
    title,
    chars: 9,
    text: (row) => percentText(change(row)),
    key: change,
    sign: change,
  };
}
