// One chart of the layout: its view, its viewport and the history that it draws.

import { longerThan } from "./interval.js";
import { PANE_SHARE } from "./layer.js";
import { ChartView } from "./chart_view.js";
import { SymbolHistories } from "./symbol_histories.js";
import { Viewport } from "./viewport.js";

/** @import { View } from "./address.js" */
/** @import { Grip, Place } from "./gestures.js" */
/** @import { Playback } from "./playback.js" */
/** @import { Recorder } from "./recorder.js" */
/** @import { SymbolHistoryPool } from "./symbol_histories.js" */

/** @typedef {Partial<Omit<View, "range" | "time">>} ViewChange */

/**
 * The shown moment, and the histories up to it. Charts with a linked moment share one.
 * @typedef {object} CellHost
 * @property {SymbolHistoryPool} pool
 * @property {Recorder} recorder
 * @property {() => void} retry connects again, perhaps with another key
 * @property {() => void} close
 */

/**
 * @typedef {object} CellOptions
 * @property {typeof import("uplot")} uPlot
 * @property {HTMLElement} host
 * @property {CellHost} desk
 * @property {View} view
 * @property {() => number} now clock time; it stops while the page has no connection
 * @property {() => number} present the present in the time of the data
 * @property {(cell: Cell, place: Place, event: PointerEvent) => Grip | undefined} grab
 * @property {() => void} changed called after the chart has chosen another interval by itself
 */

export class Cell {
  host;
  viewport;
  /** The view without range and moment. @type {View} */
  view;
  /** @type {ChartView} */
  chartView;
  #options;
  #desk;
  #tracks;
  /** Whether the user has chosen the interval for the symbol. */
  #isChosen = false;
  /** @type {number | undefined} */
  #momentTime;

  /** @param {CellOptions} options */
  constructor(options) {
    this.#options = options;
    const { uPlot, host, desk, view, grab } = options;
    this.host = host;
    this.view = { ...view, symbol: "" };
    this.viewport = new Viewport(view.range);
    this.#desk = desk;
    this.#tracks = new SymbolHistories(desk.pool);
    this.chartView = new ChartView({
      uPlot,
      host,
      tracks: () => this.#tracks,
      viewport: this.viewport,
      choice: () => this.view,
      time: () => this.#time,
      grab: (place, event) => grab(this, place, event),
      widen: () => this.#widen(),
    });
    this.#show(view);
  }

  /** @returns {ChartView["chart"]} */
  get chart() {
    return this.chartView.chart;
  }

  get tracks() {
    return this.#tracks;
  }

  get desk() {
    return this.#desk;
  }

  get recorder() {
    return this.#desk.recorder;
  }

  /** The part of the view that a link shares. @returns {View} */
  get shared() {
    const { paneShare } = this.chart;
    const panes = paneShare === PANE_SHARE ? undefined : Math.round(paneShare * 100);
    return { ...this.view, panes, range: this.viewport.range, time: this.recorder.time };
  }

  /** @param {ViewChange} wish */
  #show({ panes }) {
    if (panes !== undefined) this.chart.paneShare = panes / 100;
  }

  /** Shows longer bars where there are no shorter ones, unless the user has chosen these for the symbol. */
  #widen() {
    const { interval } = this.view;
    const longer = longerThan(interval);
    if (this.#isChosen || interval === "tick" || longer === undefined) return;
    this.choose({ interval: longer });
    this.#isChosen = false;
    this.#options.changed();
  }

  /** The time at the right edge: the moment, or the present of the leading symbol. */
  get #time() {
    const { now, present } = this.#options;
    const newest = this.#tracks.lead?.edge.at(now()) ?? -Infinity;
    return this.recorder.time ?? (newest > -Infinity ? newest : present());
  }

  /** @param {ViewChange} change @returns whether the chart now shows other histories */
  choose(change) {
    const before = this.view;
    this.#isChosen = change.symbol === undefined &&
      (change.interval !== undefined || this.#isChosen);
    this.view = { ...before, ...change };
    this.view.compare = this.view.compare.filter((symbol) => symbol !== this.view.symbol);
    this.#show(change);
    const { symbol, interval, compare } = this.view;
    const isOther = symbol !== before.symbol || interval !== before.interval;
    if (isOther && before.symbol !== "") this.viewport.set({});
    const isAnew = isOther || compare.join() !== before.compare.join();
    if (isAnew) {
      this.recorder.rejoin();
      this.#join();
    } else if (this.view.scale !== before.scale) this.chart.fit();
    const bars = interval === "tick" ? "ticks" : `${interval} bars`;
    const plot = this.host.querySelector(".plot");
    if (plot !== null) plot.ariaLabel = `Chart of ${[symbol, ...compare].join(", ")}, ${bars}`;
    return isAnew;
  }

  /** Shows another moment and keeps the width of the range. @param {Playback | undefined} moment */
  show(moment) {
    if (moment !== undefined && moment.time !== this.#momentTime) {
      this.viewport.hold(this.chartView.extent);
    }
    this.#momentTime = moment?.time;
  }

  /** Moves the chart to another desk, which decides the moment from now on. @param {CellHost} desk */
  sit(desk) {
    const before = this.#tracks;
    this.#desk = desk;
    this.#tracks = new SymbolHistories(desk.pool);
    this.#join();
    before.choose([], this.view.interval, undefined);
  }

  #join() {
    const { symbol, interval, compare } = this.view;
    const symbols = symbol === "" ? [] : [symbol, ...compare];
    this.#tracks.choose(symbols, interval, this.recorder.moment);
    this.chart.reset();
  }

  close() {
    this.#tracks.choose([], this.view.interval, undefined);
    this.chart.close();
    this.host.remove();
  }
}
