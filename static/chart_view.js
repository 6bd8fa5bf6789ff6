// A chart on the page with its viewport, gestures, caption and readout.

import { Chart } from "./chart.js";
import { within } from "./dom.js";
import { Gestures } from "./gestures.js";
import { dayTimeText, percentText, priceText } from "./format.js";
import { marksOf, noticeOf } from "./chart_header.js";
import { placeOf, Readout, snapTo, Words } from "./readout.js";
import { EVEN_AXIS, GaplessAxis } from "./time_axis.js";

/** @import { View as Choice } from "./address.js" */
/** @import { Row } from "./board.js" */
/** @import { Grip, Place } from "./gestures.js" */
/** @import { View } from "./plot_data.js" */
/** @import { SymbolHistory } from "./symbol_history.js" */
/** @import { SymbolHistories } from "./symbol_histories.js" */
/** @import { Extent, Viewport } from "./viewport.js" */

/**
 * @typedef {object} ChartViewOptions
 * @property {typeof import("uplot")} uPlot
 * @property {HTMLElement} host
 * @property {() => SymbolHistories} tracks
 * @property {Viewport} viewport
 * @property {() => Pick<Choice, "interval" | "look" | "scale" | "isGapless">} choice
 * @property {() => number} time at the right edge
 * @property {(place: Place, event: PointerEvent) => Grip | undefined} grab
 * @property {() => void} widen called where there is no bar of a symbol that has a price
 */

/**
 * Data about the leading symbol.
 * @typedef {object} Known
 * @property {Row | undefined} row
 * @property {number} decimals
 * @property {string} failure the board's error, or an empty text
 * @property {boolean} isForeign whether the server has symbols, but not this one
 */

export class ChartView {
  /** Shortest time between two drawings, unless the user acts. */
  paceMs = 0;
  /** @type {Chart} */
  chart;
  /** @type {Readout} */
  readout;
  #options;
  #notice;
  #follow;
  #older;
  #caption;
  #gapless = new GaplessAxis();
  #pointed = "";
  /** The user's input at the last drawing, and its time below. @type {readonly unknown[]} */
  #done = [];
  #drawnAt = -Infinity;
  /** The view that the chart shows. @type {View | undefined} */
  #shown;

  /** @param {ChartViewOptions} options */
  constructor(options) {
    this.#options = options;
    const { viewport, grab, uPlot, host } = options;
    const plot = within(host, ".plot", HTMLElement);
    this.chart = new Chart({
      uPlot,
      host: plot,
      snap: (left) => this.#shown === undefined ? left : snapTo(this.#shown, this.chart, left),
    });
    new Gestures({ host: plot, chart: this.chart, viewport, grab, extent: () => this.extent });
    this.readout = new Readout({
      host: within(host, ".readout", HTMLElement),
      plot,
      timeLabel: within(host, ".time-label", HTMLElement),
      priceLabel: within(host, ".price-label", HTMLElement),
    });
    this.#caption = new Words(within(host, ".caption", HTMLElement));
    this.#notice = within(host, ".notice", HTMLElement);
    this.#older = within(host, ".older", HTMLElement);
    this.#follow = within(host, ".follow", HTMLButtonElement);
    this.#follow.addEventListener("click", () => viewport.follow());
  }

  get shown() {
    return this.#shown;
  }

  get #axis() {
    const { interval, isGapless } = this.#options.choice();
    const series = this.#options.tracks().lead?.series;
    if (!isGapless || interval === "tick" || series === undefined) return EVEN_AXIS;
    this.#gapless.update(series, interval);
    return this.#gapless;
  }

  /** @returns {Extent} */
  get extent() {
    const { tracks, choice, time } = this.#options;
    const edge = time();
    const oldest = tracks().lead?.series.at("time", 0) ?? edge;
    const { width } = this.chart.area;
    return { interval: choice().interval, oldest, edge, width, axis: this.#axis };
  }

  /** Names the chart where there are several. @param {Known} known @param {number | undefined} time the moment that is shown instead of the present */
  caption({ row, decimals }, time) {
    const { interval } = this.#options.choice();
    const symbol = this.#options.tracks().lead?.symbol ?? "";
    const className = ["down", "", "up"][Math.sign(row?.change ?? 0) + 1] ?? "";
    const names = [{ text: symbol, className: "symbol" }, { text: interval, className: "when" }];
    // The board may show another moment than this chart.
    if (time !== undefined) {
      return this.#caption.show([...names, { text: `at ${dayTimeText(time)}`, className: "past" }]);
    }
    this.#caption.show([
      ...names,
      { text: row === undefined ? "" : priceText(row.price, decimals) },
      { text: row === undefined ? "" : percentText(row.change_percent), className },
    ]);
  }

  /** Call it once per animation frame. @param {Known} known */
  draw({ row, decimals, failure, isForeign }) {
    const { tracks, viewport, choice } = this.#options;
    const { lead, all } = tracks();
    if (!this.#isDue(lead)) return;
    const isEmpty = lead?.state.kind === "ready" && lead.series.length === 0;
    if (isEmpty && typeof row?.price === "number") this.#options.widen();
    const notice = noticeOf(lead, failure, isForeign);
    if (this.#notice.textContent !== notice) this.#notice.textContent = notice;
    setHidden(this.#notice, notice === "");
    if (lead === undefined) return;
    const { interval, look, scale } = choice();
    const { extent } = this;
    const { axis = EVEN_AXIS, edge } = extent;
    const sight = viewport.sight(extent);
    const window = { from: axis.toTime(sight.from), to: axis.toTime(sight.to) };
    const marks = all.length > 1 ? [] : marksOf(row);
    const view = { parts: all, interval, look, scale, window, sight, axis, edge, decimals, marks };
    this.#shown = view;
    this.chart.draw(view);
    this.#point(view);
    this.readout.show(view, this.chart);
    setHidden(this.#follow, viewport.isFollowing);
    setHidden(this.#older, !all.some(({ isLoadingOlder }) => isLoadingOlder));
    // Load half a width ahead, before the user gets there.
    const ahead = (window.to - window.from) / 2;
    if (lead.state.kind === "ready") tracks().reach(window.from - ahead);
  }

  /** Whether to draw now. Input of the user needs no wait. @param {SymbolHistory | undefined} lead */
  #isDue(lead) {
    const { viewport, choice } = this.#options;
    const { pointer, linkedTime } = this.readout;
    const done = [viewport.version, choice(), pointer, linkedTime, lead?.series, lead?.state];
    const now = performance.now();
    const isSame = done.every((each, place) => each === this.#done[place]);
    if (isSame && now - this.#drawnAt < this.paceMs) return false;
    this.#done = done;
    this.#drawnAt = now;
    return true;
  }

  /** Shows the crosshair at the time under the pointer in another chart. @param {View} view */
  #point(view) {
    const { linkedTime } = this.readout;
    const left = linkedTime === undefined ? undefined : placeOf(view, this.chart, linkedTime);
    const pointed = left === undefined ? "" : left.toFixed(1);
    if (pointed === this.#pointed) return;
    this.#pointed = pointed;
    this.chart.pointAt(left);
  }
}

/** @param {HTMLElement} target @param {boolean} isHidden */
function setHidden(target, isHidden) {
  if (target.hidden !== isHidden) target.hidden = isHidden;
}
