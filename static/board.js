// What the page knows of every symbol: its newest row, at the moment that is shown.

import { MomentStream } from "./moment.js";

/** @import { StreamRequest } from "./frames.js" */
/** @import { Moment, Source } from "./moment.js" */

/**
 * A quote as the board shows it.
 * @typedef {object} Row
 * @property {string} symbol
 * @property {string | null} name
 * @property {number | null} time
 * @property {number | null} price
 * @property {number | null} change
 * @property {number | null} change_percent
 * @property {number | null} volume
 * @property {number | null} bid
 * @property {number | null} ask
 * @property {number | null} open
 * @property {number | null} high
 * @property {number | null} low
 * @property {number | null} prev_close
 */

/**
 * @typedef {object} BoardOptions
 * @property {Source} source
 * @property {readonly string[]} symbols
 * @property {(time: number) => void} [sawTime] told of the newest time among rows that have arrived
 * @property {(reason: string) => void} [lostMoment] the tape no longer has the moment that was asked for
 */

const EVERY_MS = 100;

/** The row of every symbol, in the order in which the server has named them. */
export class Board {
  /** @type {Map<string, Row>} */
  rows = new Map();
  /** Symbols whose row has changed since they were last taken. @type {Set<string>} */
  #changed = new Set();
  /** How many rows have been received. */
  updates = 0;
  isJoined = false;
  /** Why there is no board; empty when nothing is wrong. */
  failure = "";
  /** Grows whenever all rows are others than before. */
  generation = 0;
  #options;
  #stream;

  /** @param {BoardOptions} options */
  constructor(options) {
    this.#options = options;
    this.#stream = this.#open(options.symbols);
  }

  /** Has other rows than before. @param {readonly string[]} symbols */
  watch(symbols) {
    this.#stream.close();
    this.#stream = this.#open(symbols);
  }

  /** @param {readonly string[]} symbols */
  #open(symbols) {
    const { source, lostMoment } = this.#options;
    /** @type {StreamRequest} */
    const request = { symbols, channel: "quote", mode: "latest", every: EVERY_MS };
    return new MomentStream(source, request, {
      onReply: ({ resumed, snapshot }) => {
        this.isJoined = true;
        // A server that has forgotten a symbol no longer shows it.
        if (!resumed) this.#begin();
        for (const row of snapshot) this.#put(row);
      },
      onRows: (rows) => this.#receive(rows),
      onError: ({ message }) => {
        this.failure = message;
      },
      onLost: (reason) => lostMoment?.(reason),
    });
  }

  /** Shows the market as it was, or live again. @param {Moment | undefined} moment */
  show(moment) {
    this.#stream.show(moment);
  }

  /** Has every row written again, because the way to write it has changed. */
  touch() {
    for (const symbol of this.rows.keys()) this.#changed.add(symbol);
  }

  takeChanged() {
    const changed = this.#changed;
    this.#changed = new Set();
    return changed;
  }

  #begin() {
    this.rows.clear();
    this.generation++;
  }

  /** @param {readonly Readonly<Record<string, unknown>>[]} rows */
  #receive(rows) {
    this.updates += rows.length;
    let newest = -Infinity;
    for (const row of rows) {
      this.#put(row);
      newest = Math.max(newest, Number(row["time"]));
    }
    this.#options.sawTime?.(newest);
  }

  /** @param {Readonly<Record<string, unknown>>} values */
  #put(values) {
    const row = /** @type {Row} */ (/** @type {unknown} */ (values));
    this.rows.set(row.symbol, row);
    this.#changed.add(row.symbol);
  }
}
