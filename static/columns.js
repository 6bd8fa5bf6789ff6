// The columns of the grid: their texts and sort keys.

import { changeText, percentText, priceText, volumeText } from "./format.js";

/** @import { Row } from "./board.js" */

/**
 * @typedef {object} Column
 * @property {string} name
 * @property {string} title
 * @property {number} [chars] initial width in characters
 * @property {number} [charsMax] largest width in characters; longer texts widen the column up to it
 * @property {boolean} [isCut] whether a text too long for the column has a way to show in full
 * @property {(row: Row, decimals: number) => string} text
 * @property {(row: Row) => string | number | null} [key] sort key
 * @property {(row: Row) => number | null} [flash] a value whose changes flash up or down
 * @property {(row: Row) => number | null} [sign] a value whose sign gives the colour
 */

/** @type {readonly Column[]} */
export const COLUMNS = [
  {
    name: "symbol",
    title: "Symbol",
    chars: 10,
    charsMax: 40,
    isCut: true,
    text: ({ symbol }) => symbol,
    key: ({ symbol }) => symbol,
  },
  {
    name: "name",
    title: "Name",
    isCut: true,
    text: ({ name }) => name ?? "",
    key: ({ name }) => name,
  },
  { name: "spark", title: "Last hour", text: () => "" },
  {
    name: "last",
    title: "Last",
    chars: 8,
    text: ({ price }, decimals) => priceText(price, decimals),
    key: ({ price }) => price,
    flash: ({ price }) => price,
  },
  {
    name: "change",
    title: "Change",
    chars: 8,
    text: ({ change }, decimals) => changeText(change, decimals),
    key: ({ change }) => change,
    sign: ({ change }) => change,
  },
  {
    name: "percent",
    title: "Change %",
    chars: 9,
    text: ({ change_percent }) => percentText(change_percent),
    key: ({ change_percent }) => change_percent,
    sign: ({ change }) => change,
  },
  {
    name: "bid",
    title: "Bid",
    chars: 8,
    text: ({ bid }, decimals) => priceText(bid, decimals),
    key: ({ bid }) => bid,
    flash: ({ bid }) => bid,
  },
  {
    name: "ask",
    title: "Ask",
    chars: 8,
    text: ({ ask }, decimals) => priceText(ask, decimals),
    key: ({ ask }) => ask,
    flash: ({ ask }) => ask,
  },
  {
    name: "volume",
    title: "Volume",
    chars: 7,
    text: ({ volume }) => volumeText(volume),
    key: ({ volume }) => volume,
  },
];
