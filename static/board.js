// The board data: the newest row of each symbol at the moment that is shown.

import { PlaybackStream } from "./playback.js";

/** @import { StreamRequest } from "./frames.js" */
/** @import { Playback, Source } from "./playback.js" */

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
 * @property {number | null} [size] of the newest tick; set only while the page watches sizes
 */

/**
 * @typedef {object} BoardOptions
 * @property {Source} source
 * @property {readonly string[]} symbols
 * @property {(time: number) => void} [sawTime] called with the newest time of the rows that arrived
 * @property {(symbol: string) => void} [corrected] called when ticks of a symbol were cancelled
 * @property {(reason: string) => void} [lostMoment] called when the tape no longer holds the requested moment
 */

const EVERY_MS = 100;
const SIZES_MS = 500;

/** The row of each symbol, in the server's order. */
export class Board {
  /** @type {Map<string, Row>} */
  rows = new Map();
  /** Symbols whose row has changed since the last takeChanged. @type {Set<string>} */
  #changed = new Set();
  /** How many rows have been received. */
  updates = 0;
  isJoined = false;
  /** Why the board has no data; empty without an error. */
  failure = "";
  /** Grows whenever a new set of rows replaces the old one. */
  generation = 0;
  #options;
  #stream;
  /** Open only while the page watches sizes. @type {PlaybackStream | undefined} */
  #sizes;
  /** @type {Playback | undefined} */
  #moment;

  /** @param {BoardOptions} options */
  constructor(options) {
    this.#options = options;
    this.#stream = this.#open(options.symbols);
  }

  /** Shows the rows of these symbols instead. @param {readonly string[]} symbols */
  watch(symbols) {
    this.#stream.close();
    this.#stream = this.#open(symbols);
  }

  /** @param {readonly string[]} symbols */
  #open(symbols) {
    const { source, lostMoment, corrected } = this.#options;
    /** @type {StreamRequest} */
    const request = { symbols, channel: "quote", mode: "latest", every: EVERY_MS };
    return new PlaybackStream(source, request, {
      onReply: ({ resumed, snapshot }) => {
        this.isJoined = true;
        // The server may have forgotten symbols, so drop the rows that it did not send again.
        if (!resumed) this.#begin();
        for (const row of snapshot) this.#put(row);
      },
      onRows: (rows) => this.#receive(rows),
      onError: ({ message }) => {
        this.failure = message;
      },
      onCorrected: ({ symbol, removed }) => {
        if (removed === true) this.rows.delete(symbol);
        corrected?.(symbol);
      },
      onLost: (reason) => lostMoment?.(reason),
    });
  }

  /** Shows the market at a moment, or live without one. @param {Playback | undefined} moment */
  show(moment) {
    this.#moment = moment;
    this.#stream.show(moment);
    this.#sizes?.show(moment);
  }

  /** Quotes have no size, so this reads the newest tick of each symbol. @param {boolean} isWatched */
  watchSizes(isWatched) {
    if (isWatched === (this.#sizes !== undefined)) return;
    this.#sizes?.close();
    this.#sizes = undefined;
    if (!isWatched) return;
    /** @type {StreamRequest} */
    const request = { symbols: ["*"], channel: "tick", mode: "latest", every: SIZES_MS };
    this.#sizes = new PlaybackStream(this.#options.source, request, {
      onReply: () => {},
      onRows: (rows) => {
        for (const { symbol, size } of rows) this.#putSize(String(symbol), Number(size));
      },
      onError: () => {},
    }, this.#moment);
  }

  /** @param {string} symbol @param {number} size */
  #putSize(symbol, size) {
    const row = this.rows.get(symbol);
    if (row === undefined) return;
    this.rows.set(symbol, { ...row, size });
    this.#changed.add(symbol);
  }

  /** Marks each row as changed, because the format of its values has changed. */
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
    const size = this.#sizes === undefined ? undefined : this.rows.get(row.symbol)?.size;
    this.rows.set(row.symbol, size === undefined ? row : { ...row, size });
    this.#changed.add(row.symbol);
  }
}
