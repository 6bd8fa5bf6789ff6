// Where the chart is drawn: its part of the time, what fingers do to it, and the values under them.

import { Chart } from "./chart.js";
import { element, show } from "./dom.js";
import { Gestures } from "./gestures.js";
import { marksOf, showNotice } from "./head.js";
import { Readout, snapTo } from "./readout.js";

/** @import { View as Choice } from "./address.js" */
/** @import { Row } from "./board.js" */
/** @import { View } from "./scene.js" */
/** @import { Tracks } from "./tracks.js" */
/** @import { Viewport } from "./viewport.js" */

/**
 * @typedef {object} StageOptions
 * @property {typeof import("uplot")} uPlot
 * @property {Tracks} tracks
 * @property {Viewport} viewport
 * @property {() => Pick<Choice, "interval" | "look">} choice
 * @property {() => number} time at the right end
 */

export class Stage {
  /** @type {Chart} */
  chart;
  #options;
  #readout;
  /** What the chart shows. @type {View | undefined} */
  #shown;

  /** @param {StageOptions} options */
  constructor(options) {
    this.#options = options;
    const host = element("plot", HTMLElement);
    this.chart = new Chart({
      uPlot: options.uPlot,
      host,
      snap: (left) => this.#shown === undefined ? left : snapTo(this.#shown, this.chart, left),
    });
    const { viewport } = options;
    new Gestures({ host, chart: this.chart, viewport, extent: () => this.extent });
    this.#readout = new Readout({
      host: element("readout", HTMLElement),
      plot: host,
      timeLabel: element("time-label", HTMLElement),
      priceLabel: element("price-label", HTMLElement),
    });
  }

  get shown() {
    return this.#shown;
  }

  get extent() {
    const { tracks, choice, time } = this.#options;
    const edge = time();
    const oldest = tracks.lead?.series.at("time", 0) ?? edge;
    return { interval: choice().interval, oldest, edge, width: this.chart.area.width };
  }

  /**
   * To be called once per animation frame.
   * @param {Row | undefined} row of the leading symbol
   * @param {number} decimals
   * @param {string} failure of the board
   */
  draw(row, decimals, failure) {
    const { tracks: { lead, all }, viewport, choice, time } = this.#options;
    showNotice(lead, failure);
    if (lead === undefined) return;
    const { interval, look } = choice();
    const window = viewport.window(this.extent);
    const marks = all.length > 1 ? [] : marksOf(row);
    const view = this.#shown = {
      parts: all,
      interval,
      look,
      window,
      edge: time(),
      decimals,
      marks,
    };
    this.chart.draw(view);
    this.#readout.show(view, this.chart);
    show("follow", !viewport.isFollowing);
    show("older", all.some(({ isLoadingOlder }) => isLoadingOlder));
    // Half a width ahead, so that whoever moves on finds it there.
    const ahead = (window.to - window.from) / 2;
    if (lead.state.kind === "ready") this.#options.tracks.reach(window.from - ahead);
  }
}
