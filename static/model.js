// What the page knows: the rows of the board, and the series of the chosen symbol.

import { decimalsOf } from "./format.js";
import { BarSeries, LiveEdge, TickSeries } from "./series.js";

/** @import { Handlers, Stream, StreamRequest } from "./frames.js" */
/** @import { Point, Series } from "./series.js" */

/**
 * A quote as the board shows it.
 * @typedef {object} Row
 * @property {string} symbol
 * @property {string | null} name
 * @property {number | null} price
 * @property {number | null} change
 * @property {number | null} change_percent
 * @property {number | null} volume
 * @property {number | null} bid
 * @property {number | null} ask
 */

/**
 * What the model uses of the client.
 * @typedef {object} Source
 * @property {(request: StreamRequest, handlers: Handlers) => Pick<Stream, "close">} subscribe
 */

const DECIMALS_MIN = 2;

/** The newest row of every symbol, in the order in which the server has named them. */
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

  /**
   * @param {Source} source
   * @param {readonly string[]} symbols
   */
  constructor(source, symbols) {
    source.subscribe({ symbols, channel: "quote", mode: "latest", every: 100 }, {
      onReply: ({ resumed, snapshot }) => {
        this.isJoined = true;
        // A server that has forgotten a symbol no longer shows it.
        if (!resumed) this.rows.clear();
        for (const row of snapshot) this.#put(row);
      },
      onRows: (rows) => {
        this.updates += rows.length;
        for (const row of rows) this.#put(row);
      },
      onError: ({ message }) => {
        this.failure = message;
      },
    });
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

  /** @param {Readonly<Record<string, unknown>>} values */
  #put(values) {
    const row = /** @type {Row} */ (/** @type {unknown} */ (values));
    this.rows.set(row.symbol, row);
    this.#changed.add(row.symbol);
  }
}

/** How many decimals prices are written with. */
export class Decimals {
  /** As the server says. @type {Map<string, number>} */
  #known = new Map();
  /** What the prices seen so far need. @type {Map<string, number>} */
  #seen = new Map();
  #isAsked = false;
  #options;

  /**
   * @param {object} options
   * @param {() => Promise<readonly Point[]>} options.load
   * @param {(action: () => void) => void} options.later
   * @param {() => void} options.changed
   */
  constructor(options) {
    this.#options = options;
  }

  /** @param {string} symbol */
  of(symbol) {
    return this.#known.get(symbol) ?? Math.max(DECIMALS_MIN, this.#seen.get(symbol) ?? 0);
  }

  /**
   * Asks the server when a symbol is new, or when a price has more decimals than it has told of.
   * @param {Row} row
   */
  saw({ symbol, price }) {
    const needed = price === null ? 0 : decimalsOf(price);
    if (needed > (this.#seen.get(symbol) ?? -1)) this.#seen.set(symbol, needed);
    else return;
    if (this.#isAsked || needed <= (this.#known.get(symbol) ?? -1)) return;
    this.#isAsked = true;
    // Many symbols may appear at once, and one answer tells of all.
    this.#options.later(() => void this.#ask());
  }

  async #ask() {
    this.#isAsked = false;
    for (const { symbol, decimals } of await this.#options.load()) {
      this.#known.set(String(symbol), Number(decimals));
    }
    this.#options.changed();
  }
}

/** @typedef {"tick" | "1s" | "5s" | "1m" | "5m" | "1h" | "1d"} Interval */

/** Length in milliseconds of each interval that can be chosen; ticks have none. */
export const INTERVALS = /** @type {const} */ ({
  tick: 0,
  "1s": 1_000,
  "5s": 5_000,
  "1m": 60_000,
  "5m": 300_000,
  "1h": 3_600_000,
  "1d": 86_400_000,
});

/** @returns {text is Interval} */
export function isInterval(/** @type {string} */ text) {
  return Object.hasOwn(INTERVALS, text);
}

const TICKS_ASKED = 5_000;
const BARS_ASKED = 500;
/** What a chart of ticks shows at once. */
export const TICKS_SPAN_MS = 120_000;
/** History that ends longer ago than so many bars stands still until something happens. */
const BARS_LIVE = 60;

/**
 * @typedef {object} ChosenOptions
 * @property {Source} source
 * @property {(path: string, signal: AbortSignal) => Promise<readonly Point[]>} load tries until it
 *   succeeds or is called off
 * @property {() => number} now
 */

/** @typedef {{ kind: "loading" } | { kind: "ready" } | { kind: "failed", message: string }} ChosenState */

/** The series of one symbol: its history, and what is added to it. */
export class Chosen {
  symbol = "";
  /** @type {Interval} */
  interval = "tick";
  /** @type {Series} */
  series = new TickSeries();
  edge = new LiveEdge();
  /** @type {ChosenState} */
  state = { kind: "loading" };
  updates = 0;
  #options;
  /** @type {Pick<Stream, "close"> | undefined} */
  #stream;
  #loading = new AbortController();

  /** @param {ChosenOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /**
   * Shows another series; the one before is forgotten.
   * @param {string} symbol
   * @param {Interval} interval
   */
  choose(symbol, interval) {
    this.#stream?.close();
    this.#stream = undefined;
    this.#loading.abort();
    this.symbol = symbol;
    this.interval = interval;
    this.series = this.#emptySeries();
    this.edge = new LiveEdge();
    this.state = { kind: "loading" };
    if (symbol.endsWith("*")) {
      this.state = { kind: "failed", message: `Cannot show ${symbol}: choose one symbol` };
      return;
    }
    const channel = interval === "tick" ? "tick" : `bar:${interval}`;
    const every = interval === "tick" ? 50 : 100;
    const request = { symbols: [symbol], channel, every };
    this.#stream = this.#options.source.subscribe(request, this.#handlers());
  }

  /**
   * A new series is joined first and filled from history then; its points know each other again, so the
   * overlap does no harm. Until it is full, the one before stays in sight. A stream that is resumed goes
   * on with the series it had.
   * @returns {Handlers}
   */
  #handlers() {
    let series = this.series;
    return {
      onReply: ({ resumed }) => {
        if (resumed) return;
        series = this.#emptySeries();
        void this.#fill(series);
      },
      onRows: (rows) => {
        this.updates += rows.length;
        const now = this.#options.now();
        for (const point of rows) {
          series.put(point);
          if (series === this.series) this.edge.arrived(Number(point["time"]), now);
        }
      },
      onError: ({ message }) => {
        this.state = { kind: "failed", message };
      },
    };
  }

  /** @param {Series} series */
  async #fill(series) {
    this.#loading.abort();
    const { signal } = this.#loading = new AbortController();
    const points = await this.#options.load(this.#historyPath(), signal);
    if (signal.aborted) return;
    for (const point of points) series.put(point);
    this.series = series;
    this.state = { kind: "ready" };
    this.edge = new LiveEdge();
    const spanMs = this.interval === "tick" ? TICKS_SPAN_MS : BARS_LIVE * INTERVALS[this.interval];
    const newest = series.at("time", -1);
    if (newest !== undefined) this.edge.start(newest, this.#options.now(), spanMs);
  }

  #historyPath() {
    const { symbol, interval } = this;
    return interval === "tick"
      ? `ticks?${new URLSearchParams({ symbol, limit: String(TICKS_ASKED) })}`
      : `bars?${new URLSearchParams({ symbol, interval, limit: String(BARS_ASKED) })}`;
  }

  #emptySeries() {
    return this.interval === "tick" ? new TickSeries() : new BarSeries();
  }
}
