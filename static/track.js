// One symbol on the chart: its history, what is added to it, and what is older.

import { LiveEdge } from "./edge.js";
import { INTERVALS, startOf } from "./interval.js";
import { MomentStream } from "./moment.js";
import { BarSeries, TickSeries } from "./series.js";

/** @import { Interval } from "./interval.js" */
/** @import { Moment, Source } from "./moment.js" */
/** @import { Reply } from "./frames.js" */
/** @import { Point, Series } from "./series.js" */

/**
 * @typedef {object} TrackOptions
 * @property {Source} source
 * @property {(path: string, signal: AbortSignal) => Promise<readonly Point[]>} load tries until it
 *   succeeds or is called off
 * @property {() => number} now
 */

/** @typedef {{ kind: "loading" } | { kind: "ready" } | { kind: "failed", message: string }} TrackState */

const TICKS_ASKED = 5_000;
const BARS_ASKED = 500;
/** So many more points are asked for at each time that older ones are. */
const OLDER_FACTOR = 2;
const OLDER_MAX = 50_000;
/** History that ends longer ago than this stands still until something happens. */
const TICKS_LIVE_MS = 120_000;
const BARS_LIVE = 60;
const EVERY_MS = 100;
const TICK_EVERY_MS = 50;

/** The series of one symbol. Another symbol or interval is another track. */
export class Track {
  symbol;
  interval;
  /** @type {Series} */
  series;
  edge = new LiveEdge();
  /** @type {TrackState} */
  state = { kind: "loading" };
  updates = 0;
  #options;
  /** @type {MomentStream | undefined} */
  #stream;
  #loading = new AbortController();
  #isLoadingOlder = false;
  #hasOldest = false;
  #olderAsked;

  /**
   * @param {string} symbol
   * @param {Interval} interval
   * @param {TrackOptions} options
   * @param {Moment} [moment]
   */
  constructor(symbol, interval, options, moment) {
    this.symbol = symbol;
    this.interval = interval;
    this.#options = options;
    this.#olderAsked = this.#asked;
    this.series = this.#emptySeries();
    if (symbol.endsWith("*")) {
      this.state = { kind: "failed", message: `Cannot show ${symbol}: choose one symbol` };
      return;
    }
    const isTick = interval === "tick";
    const channel = isTick ? "tick" : `bar:${interval}`;
    const request = { symbols: [symbol], channel, every: isTick ? TICK_EVERY_MS : EVERY_MS };
    this.#stream = new MomentStream(options.source, request, this.#handlers(), moment);
  }

  /** Whether older history is on its way. */
  get isLoadingOlder() {
    return this.#isLoadingOlder;
  }

  /** Whether there is nothing older on the server. */
  get hasOldest() {
    return this.#hasOldest;
  }

  /** Shows the market as it was, or live again. @param {Moment | undefined} moment */
  show(moment) {
    this.#stream?.show(moment);
  }

  close() {
    this.#loading.abort();
    this.#stream?.close();
  }

  /** Loads what came before the oldest point, once at a time and until there is nothing. */
  async loadOlder() {
    const { series } = this;
    const oldest = series.at("time", 0);
    const isIdle = this.state.kind === "ready" && !this.#isLoadingOlder && !this.#hasOldest;
    if (!isIdle || oldest === undefined || series.isFull) return;
    this.#isLoadingOlder = true;
    const { signal } = this.#loading;
    this.#olderAsked = Math.min(OLDER_MAX, this.#olderAsked * OLDER_FACTOR);
    // Ticks may share a time, and those that are known are known again.
    const to = this.interval === "tick" ? oldest + 0.001 : oldest;
    const points = await this.#options.load(this.#historyPath(this.#olderAsked, to), signal);
    this.#isLoadingOlder = false;
    if (signal.aborted || series !== this.series) return;
    const before = series.length;
    series.putAll(points);
    this.#hasOldest = series.length === before;
  }

  /**
   * A new series is joined first and filled from history then; its points know each other again, so the
   * overlap does no harm. Until it is full, the one before stays in sight. A stream that is resumed goes
   * on with the series it had, unless something was taken back of it.
   * @returns {import("./moment.js").MomentHandlers}
   */
  #handlers() {
    let series = this.series;
    return {
      onReply: (reply, moment) => {
        if (reply.resumed) return;
        series = this.#emptySeries();
        void this.#fill(series, reply.snapshot, moment);
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
      onCorrected: (_correction, isLive) => {
        if (!isLive) return;
        series = this.#emptySeries();
        void this.#fill(series, [], undefined);
      },
    };
  }

  /**
   * At a moment of the past the bar that was forming then is in the reply, and history is what was closed.
   * @param {Series} series
   * @param {Reply["snapshot"]} snapshot
   * @param {Moment | undefined} moment
   */
  async #fill(series, snapshot, moment) {
    this.#loading.abort();
    this.#isLoadingOlder = false;
    const { signal } = this.#loading = new AbortController();
    const to = moment === undefined ? undefined : startOf(this.interval, moment.time);
    const points = await this.#options.load(this.#historyPath(this.#asked, to), signal);
    if (signal.aborted) return;
    series.putAll(points);
    if (this.interval !== "tick") { for (const bar of snapshot) series.put(bar); }
    this.series = series;
    this.#hasOldest = points.length < this.#asked;
    this.#olderAsked = this.#asked;
    this.state = { kind: "ready" };
    this.#startEdge();
  }

  #startEdge() {
    this.edge = new LiveEdge();
    const { interval } = this;
    const spanMs = interval === "tick" ? TICKS_LIVE_MS : BARS_LIVE * INTERVALS[interval];
    const newest = this.series.at("time", -1);
    if (newest !== undefined) this.edge.start(newest, this.#options.now(), spanMs);
  }

  get #asked() {
    return this.interval === "tick" ? TICKS_ASKED : BARS_ASKED;
  }

  /** @param {number} limit @param {number} [to] not included */
  #historyPath(limit, to) {
    const { symbol, interval } = this;
    const query = new URLSearchParams({ symbol, limit: String(limit) });
    if (interval !== "tick") query.set("interval", interval);
    if (to !== undefined) query.set("to", String(to));
    return `${interval === "tick" ? "ticks" : "bars"}?${query}`;
  }

  #emptySeries() {
    return this.interval === "tick" ? new TickSeries() : new BarSeries();
  }
}
