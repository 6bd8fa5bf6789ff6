// Texts about the chosen symbol: the head of the chart, the window title and notices.

import { element, show, write, writeCut } from "./dom.js";
import { changeText, dayTimeText, durationText, percentText, priceText } from "./format.js";

/** @import { Row } from "./board.js" */
/** @import { SymbolHistory } from "./symbol_history.js" */

/**
 * @typedef {object} Quote
 * @property {string} symbol
 * @property {Row | undefined} row
 * @property {number} decimals
 * @property {number | undefined} time the moment that is shown instead of the present
 * @property {number} silenceMs duration of a silence that is longer than usual; else 0
 * @property {boolean} isChanged whether the row has changed since the last call
 */

export class ChartHeader {
  #symbol = "";

  /** Writes all texts again, because their format has changed. */
  touch() {
    this.#symbol = "";
  }

  /** Call it once per animation frame. @param {Quote} quote */
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
 * The reason why a chart is empty; an empty text for a chart with data.
 * @param {SymbolHistory | undefined} track
 * @param {string} failure the board's error, or an empty text
 * @param {boolean} isForeign whether the server has symbols, but not this one
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

/** Prices to mark on the chart: the previous close and the open. @param {Row | undefined} row */
export function marksOf(row) {
  const marks = [];
  if (typeof row?.prev_close === "number") {
    marks.push({ label: "Previous close", price: row.prev_close });
  }
  if (typeof row?.open === "number") marks.push({ label: "Open", price: row.open });
  return marks;
}
