// Passes the board's changes on to curves, decimals, freshness, grid and head.

import { show, write } from "./dom.js";
import { Freshness } from "./freshness.js";
import { ChartHeader } from "./chart_header.js";
import { Lag } from "./lag.js";

/** @import { Board } from "./board.js" */
/** @import { Cell } from "./cell.js" */
/** @import { Decimals } from "./decimals.js" */
/** @import { LiveEdge } from "./live_edge.js" */
/** @import { Grid } from "./grid.js" */
/** @import { Recorder } from "./recorder.js" */
/** @import { Sparks } from "./sparks.js" */

/**
 * @typedef {object} BoardUpdatesOptions
 * @property {Board} board
 * @property {Sparks} sparks
 * @property {Decimals} decimals
 * @property {LiveEdge} edge of the board
 * @property {Recorder} recorder of the board
 * @property {() => number} now
 * @property {() => boolean} isConnected
 */

/** A board with a newer tick than this is live. */
const BOARD_LIVE_MS = 120_000;

export class BoardUpdates {
  #options;
  #freshness = new Freshness();
  #head = new ChartHeader();
  #lag = new Lag();
  #generation = 0;

  /** @param {BoardUpdatesOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** @param {string} symbol */
  isStale(symbol) {
    const { recorder, now } = this.#options;
    return recorder.isLive && this.#freshness.silenceMs(symbol, now()) > 0;
  }

  /** Resets freshness and lag, because another moment is shown. */
  forget() {
    this.#freshness.forget();
    this.#lag.forget();
  }

  /** Takes a frame. @param {number} time of its newest row */
  arrived(time) {
    const { recorder, edge, now } = this.#options;
    if (!recorder.isLive) return recorder.sawTime(time);
    edge.arrived(time, now());
    this.#lag.saw(edge.at(now()) - time, now());
  }

  /** The lag in milliseconds, or 0 if it is normal. */
  get lagMs() {
    const { recorder, now } = this.#options;
    return recorder.isLive ? this.#lag.ms(now()) : 0;
  }

  /** Writes all texts again, because their format has changed. */
  touch() {
    this.#head.touch();
  }

  /** @returns the changed symbols, and whether all rows are new */
  take() {
    const { board, sparks, decimals, edge, recorder, now } = this.#options;
    const changed = board.takeChanged();
    const isOther = board.generation !== this.#generation;
    this.#generation = board.generation;
    for (const symbol of changed) {
      const row = board.rows.get(symbol);
      if (row === undefined) continue;
      decimals.saw(row);
      sparks.saw(row);
      if (!isOther) {
        this.#freshness.saw(symbol, now());
        continue;
      }
      this.#freshness.begin(symbol, row.time, now());
      if (recorder.isLive && row.time !== null) {
        edge.start(Math.max(edge.at(now()), row.time), now(), BOARD_LIVE_MS);
      }
    }
    return { changed, isOther };
  }

  /** @param {Grid} grid @param {string} symbol shown on the chart */
  showCount({ countText, order }, symbol) {
    const { board: { rows, isJoined } } = this.#options;
    write("count", rows.size === 0 ? "" : countText);
    show("nothing", rows.size > 0 && order.symbols.length === 0);
    document.body.classList.toggle("is-empty", isJoined && rows.size === 0 && symbol === "");
  }

  /** @param {Cell} cell whose symbol is in the head @param {boolean} isChanged */
  showHead({ view: { symbol }, recorder: { isLive, time } }, isChanged) {
    const { board, decimals, now, isConnected } = this.#options;
    this.#head.show({
      symbol,
      row: board.rows.get(symbol),
      decimals: decimals.of(symbol),
      time,
      silenceMs: isLive && isConnected() ? this.#freshness.silenceMs(symbol, now()) : 0,
      isChanged,
    });
  }
}
