// The series of one symbol on a chart: history, live rows, and older history on demand.

import { LiveEdge } from "./live_edge.js";
import { INTERVALS, startOf } from "./interval.js";
import { PlaybackStream } from "./playback.js";
import { BarSeries, TickSeries } from "./series.js";

/** @import { Interval } from "./interval.js" */
/** @import { Playback, Source } from "./playback.js" */
/** @import { Reply } from "./frames.js" */
/** @import { Point, Series } from "./series.js" */

/**
 * @typedef {object} SymbolHistoryOptions
 * @property {Source} source
 * @property {(path: string, signal: AbortSignal) => Promise<readonly Point[]>} load retries until it
 *   succeeds or the signal aborts
 * @property {() => number} now
 */

/** @typedef {{ kind: "loading" } | { kind: "ready" } | { kind: "failed", message: string }} SymbolHistoryState */

const TICKS_ASKED = 5_000;
const BARS_ASKED = 500;
/** Each request for older points asks for this many times as many. */
const OLDER_FACTOR = 2;
const OLDER_MAX = 50_000;
/** If history ends longer ago than this, the edge waits for the next row. */
const TICKS_LIVE_MS = 120_000;
const BARS_LIVE = 60;
const EVERY_MS = 100;
const TICK_EVERY_MS = 50;

/** The series of one symbol and one interval. */
export class SymbolHistory {
  symbol;
  interval;
  /** @type {Series} */
  series;
  edge = new LiveEdge();
  /** @type {SymbolHistoryState} */
  state = { kind: "loading" };
  updates = 0;
  #options;
  /** @type {PlaybackStream | undefined} */
  #stream;
  #loading = new AbortController();
  #isLoadingOlder = false;
  #hasOldest = false;
  #olderAsked;

  /**
   * @param {string} symbol
   * @param {Interval} interval
   * @param {SymbolHistoryOptions} options
   * @param {Playback} [moment]
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
    this.#stream = new PlaybackStream(options.source, request, this.#handlers(), moment);
  }

  /** Whether older history is loading. */
  get isLoadingOlder() {
    return this.#isLoadingOlder;
  }

  /** Whether the server has nothing older. */
  get hasOldest() {
    return this.#hasOldest;
  }

  /** Shows the market at a moment, or live without one. @param {Playback | undefined} moment */
  show(moment) {
    this.#stream?.show(moment);
  }

  close() {
    this.#loading.abort();
    this.#stream?.close();
  }

  /** Loads points before the oldest one. It does nothing while loading, or if the server has no more. */
  async loadOlder() {
    const { series } = this;
    const oldest = series.at("time", 0);
    const isIdle = this.state.kind === "ready" && !this.#isLoadingOlder && !this.#hasOldest;
    if (!isIdle || oldest === undefined || series.isFull) return;
    this.#isLoadingOlder = true;
    const { signal } = this.#loading;
    this.#olderAsked = Math.min(OLDER_MAX, this.#olderAsked * OLDER_FACTOR);
    // Ticks may share a time, so ask for that time again; the series ignores known ticks.
    const to = this.interval === "tick" ? oldest + 0.001 : oldest;
    const points = await this.#options.load(this.#historyPath(this.#olderAsked, to), signal);
    this.#isLoadingOlder = false;
    if (signal.aborted || series !== this.series) return;
    const before = series.length;
    series.putAll(points);
    this.#hasOldest = series.length === before;
  }

  /**
   * Joins first and loads history then. The two may overlap, because the series ignores known points. The
   * old series stays visible until the new one is filled. A resumed stream continues with its series. After a
   * correction it loads a new one.
   * @returns {import("./playback.js").PlaybackHandlers}
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
   * Fills a series from history. At a moment of the past, the reply adds the bar that was open then.
   * @param {Series} series
   * @param {Reply["snapshot"]} snapshot
   * @param {Playback | undefined} moment
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

  /** @param {number} limit @param {number} [to] exclusive */
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
