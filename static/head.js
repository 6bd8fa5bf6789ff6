// The chosen symbol in words: in the chart's head, in the title of the window, and what is wrong with it.

import { element, show, write, writeCut } from "./dom.js";
import { changeText, dayTimeText, durationText, percentText, priceText } from "./format.js";

/** @import { Row } from "./board.js" */
/** @import { Track } from "./track.js" */

/**
 * @typedef {object} Quote
 * @property {string} symbol
 * @property {Row | undefined} row
 * @property {number} decimals
 * @property {number | undefined} time the moment that is shown instead of the present
 * @property {number} silenceMs for how long there was no data, if that is unusual
 * @property {boolean} isChanged whether the row is another than before
 */

export class Head {
  #symbol = "";

  /** Writes all anew, because the way to write it has changed. */
  touch() {
    this.#symbol = "";
  }

  /** To be called once per animation frame. @param {Quote} quote */
  show(quote) {
    const { symbol, silenceMs } = quote;
    if (quote.isChanged || symbol !== this.#symbol) showQuote(quote);
    this.#symbol = symbol;
    const title = titleOf(quote);
    if (document.title !== title) document.title = title;
    show("silence", silenceMs > 0);
    if (silenceMs > 0) write("silence", `No data for ${durationText(silenceMs)}`);
  }
}

/** @param {Quote} quote */
function showQuote({ symbol, row, decimals }) {
  writeCut("symbol", symbol || "…");
  writeCut("name", row?.name ?? "");
  write("price", row === undefined ? "" : priceText(row.price, decimals));
  const change = row?.change ?? null;
  const percent = percentText(row?.change_percent);
  write("change", change === null ? "" : `${changeText(change, decimals)}  ${percent}`);
  const direction = Math.sign(change ?? 0);
  element("change", HTMLElement).className = ["down", "", "up"][direction + 1] ?? "";
}

/** @param {Quote} quote */
function titleOf({ symbol, row, decimals, time }) {
  if (symbol === "") return "tickwire";
  const price = row?.price === undefined || row.price === null
    ? symbol
    : `${symbol} ${priceText(row.price, decimals)}`;
  return `${price}${time === undefined ? "" : ` at ${dayTimeText(time)}`} – tickwire`;
}

/**
 * Why a chart is empty; nothing when it is not.
 * @param {Track | undefined} track
 * @param {string} failure of the board
 * @param {boolean} isForeign whether the server has symbols, and not this one
 */
export function noticeOf(track, failure, isForeign) {
  const state = track?.state;
  const isEmpty = track === undefined || track.series.length === 0;
  if (state?.kind === "failed") return state.message;
  if (failure !== "") return failure;
  if (state?.kind === "loading" && isEmpty) return "Loading…";
  if (track === undefined || !isEmpty) return "";
  return isForeign
    ? `This server has no symbol ${track.symbol}. Choose one on the board, or with Ctrl K`
    : `No data for ${track.symbol} yet`;
}

/** The prices that matter for the day of a row. @param {Row | undefined} row */
export function marksOf(row) {
  const marks = [];
  if (typeof row?.prev_close === "number") {
    marks.push({ label: "Previous close", price: row.prev_close });
  }
  if (typeof row?.open === "number") marks.push({ label: "Open", price: row.open });
  return marks;
}
