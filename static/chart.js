// The chart. uPlot does scales, axes and the cursor; this file paints the data between them.

import { Axes } from "./axes.js";
import { colorsOf } from "./colors.js";
import { Frame } from "./frame.js";
import { PANE_SHARE, PANE_SHARE_MIN, PANES_SHARE_MAX } from "./layer.js";
import {
  labelPlaces,
  paintCandles,
  paintLast,
  paintLine,
  paintMark,
  paintPane,
  paintTip,
  paintVolumes,
} from "./paint.js";
import { hasCandles, plotDataOf, scaled, unscaled } from "./plot_data.js";

/** @import uPlot from "uplot" */
/** @import { Layer } from "./layer.js" */
/** @import { Colors } from "./paint.js" */
/** @import { PlotData, View } from "./plot_data.js" */

/**
 * @typedef {object} ChartOptions
 * @property {typeof import("uplot")} uPlot
 * @property {HTMLElement} host
 * @property {(left: number) => number} snap moves a place under the pointer to the nearest point
 */

const STRETCH_MAX = 20;
const BORDER_PIXELS = 4;
const HEAD_SHARE_MAX = 0.3;
/** The colours of the symbols on a chart, the leading symbol first. */
export const PART_COLORS = /** @type {const} */ (["accent", "second", "third", "fourth"]);

export class Chart {
  #options;
  /** @type {uPlot | undefined} */
  #plot;
  /** @type {PlotData | undefined} */
  #plotData;
  /** @type {Colors} */
  #colors;
  #sizes;
  #size = { width: 0, height: 0 };
  /** How much of the price range is visible: 1 fits the data. */
  #stretch = 1;
  /** Describes what the canvas shows; an equal description needs no drawing. */
  #drawn = "";
  #axes;
  /** Layers that draw over the prices or in panes. @type {Layer[]} */
  layers = [];
  /** Each pane's share of the height. */
  paneShare = PANE_SHARE;
  /** Height of the caption that covers the top, in CSS pixels. */
  headPixels = 0;
  /** Number of drawings, and their total time below. */
  draws = 0;
  drawMs = 0;

  /** @param {ChartOptions} options */
  constructor(options) {
    this.#options = options;
    const { host } = options;
    this.#colors = colorsOf(host);
    this.#axes = new Axes({ scene: () => this.#plotData, width: () => this.#size.width });
    this.#sizes = new ResizeObserver(() => {
      this.#size = { width: host.clientWidth, height: host.clientHeight };
    });
    this.#sizes.observe(host);
  }

  /** The plot area in CSS pixels, relative to the host's corner. */
  get area() {
    const { left = 0, top = 0, width = 1, height = 1 } = this.#plot?.bbox ?? {};
    const ratio = devicePixelRatio;
    return { left: left / ratio, top: top / ratio, width: width / ratio, height: height / ratio };
  }

  get canvas() {
    return this.#plot?.ctx.canvas;
  }

  get colors() {
    return this.#colors;
  }

  /** The scene of the last drawing. */
  get plotData() {
    return this.#plotData;
  }

  /** The prices' share of the height. */
  get priceShare() {
    const count = this.#plotData?.panes.length ?? 0;
    return 1 - Math.min(PANES_SHARE_MAX, count * this.paneShare);
  }

  /** @param {number} top from the top of the area */
  isPaneBorder(top) {
    const { priceShare } = this;
    return priceShare < 1 && Math.abs(top - this.area.height * priceShare) < BORDER_PIXELS;
  }

  /** Makes all panes together higher. @param {number} pixels of the page */
  growPanes(pixels) {
    const count = this.#plotData?.panes.length ?? 1;
    const share = this.paneShare + pixels / this.area.height / count;
    this.paneShare = Math.min(PANES_SHARE_MAX / count, Math.max(PANE_SHARE_MIN, share));
  }

  /** The value of the scale at a height. @param {number} top from the top of the area */
  valueAt(top) {
    return this.#plot?.posToVal(top, "y") ?? 0;
  }

  /** The price of the leading symbol at a height. @param {number} top from the top of the area */
  priceAt(top) {
    const lead = this.#plotData?.strands[0];
    return lead === undefined ? NaN : unscaled(this.valueAt(top), lead.scale);
  }

  /** The height of a price of the leading symbol. @param {number} price @returns from the top of the area */
  topOf(price) {
    const lead = this.#plotData?.strands[0];
    return lead === undefined ? NaN : this.#plot?.valToPos(scaled(price, lead.scale), "y") ?? NaN;
  }

  /** Formats a value of the scale. @param {number} value */
  textOf(value) {
    return this.#axes.text(value);
  }

  /** Shows the crosshair where the user points at in another chart; without a place it hides the crosshair. @param {number} [left] */
  pointAt(left = -10) {
    this.#plot?.setCursor({ left, top: -10 }, false);
  }

  /** Zooms the price scale. @param {number} factor */
  stretch(factor) {
    this.#stretch = Math.min(STRETCH_MAX, Math.max(1 / STRETCH_MAX, this.#stretch * factor));
  }

  fit() {
    this.#stretch = 1;
  }

  /** Applies a new theme. */
  recolor() {
    this.#colors = colorsOf(this.#options.host);
    this.#clear();
  }

  /** Prepares for another symbol or interval. */
  reset() {
    this.#axes.reset();
    this.#stretch = 1;
    this.#clear();
  }

  close() {
    this.#sizes.disconnect();
    this.#clear();
  }

  /** Draws if the picture has changed. Call it once per animation frame. @param {View} view */
  draw(view) {
    const { width, height } = this.#size;
    if (width < 1 || height < 1) return;
    if (view.parts.every(({ series }) => series.length === 0)) return this.#clear();
    const drawn = this.#describe(view);
    if (drawn === this.#drawn) return;
    const startedAt = performance.now();
    this.#drawn = drawn;
    const head = Math.min(HEAD_SHARE_MAX, this.headPixels / (height * this.priceShare));
    const canvas = { width: width * devicePixelRatio, stretch: this.#stretch, head };
    this.#plotData = plotDataOf(view, canvas, this.layers);
    const plot = this.#plot ??= this.#create();
    if (plot.width !== width || plot.height !== height) plot.setSize({ width, height });
    plot.batch(() => plot.setData(this.#data));
    this.draws++;
    this.drawMs += performance.now() - startedAt;
  }

  #clear() {
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#plotData = undefined;
    this.#drawn = "";
  }

  /** Describes what the canvas will show. Time moves in steps of half a pixel, the smallest visible change. @param {View} view */
  #describe(view) {
    const { parts, sight: { from, to }, axis, interval, look, scale, decimals, marks } = view;
    const { width, height } = this.#size;
    const spanMs = Math.round(to - from);
    const step = Math.floor(to * 2 * width * devicePixelRatio / spanMs);
    const versions = parts.map(({ symbol, series }) => `${symbol} ${series.version}`);
    const rest = [
      axis.version,
      interval,
      look,
      scale,
      decimals,
      width,
      height,
      devicePixelRatio,
      this.#stretch,
    ];
    const lines = marks.map(({ label, price }) => `${label} ${price}`);
    const layers = this.layers.map((layer) => layer.describe(view));
    return [
      step,
      spanMs,
      ...versions,
      ...lines,
      ...rest,
      ...layers,
      this.paneShare,
      this.headPixels,
    ].join(" ");
  }

  /** The values at the bottom and the top of the whole area, panes included. @returns {[number, number]} */
  get #range() {
    const [low, high] = this.#plotData?.range ?? [0, 1];
    const share = this.priceShare;
    return [share === 1 ? low : high - (high - low) / share, high];
  }

  /** Gives uPlot only the limits of its scales; this class paints the data. @returns {uPlot.AlignedData} */
  get #data() {
    const { view: { sight } } = /** @type {PlotData} */ (this.#plotData);
    return [[sight.from, sight.to], this.#range];
  }

  #create() {
    const { uPlot, host, snap } = this.#options;
    return new uPlot(
      {
        ...this.#size,
        ms: 1,
        padding: [8, 0, 0, 0],
        legend: { show: false },
        cursor: {
          drag: { x: false, y: false, setScale: false },
          points: { show: false },
          move: (_plot, left, top) => [snap(left), top],
        },
        scales: {
          x: { range: (_plot, from, to) => [from, to] },
          y: { range: () => this.#range },
        },
        axes: this.#axes.of(this.#colors),
        series: [{}, { paths: () => null, points: { show: false } }],
        hooks: { draw: [(plot) => this.#paint(plot)] },
      },
      this.#data,
      host,
    );
  }

  /** @param {uPlot} plot */
  #paint({ ctx, bbox }) {
    if (this.#plotData === undefined) return;
    const { view: { sight }, range: [low, high], panes } = this.#plotData;
    const share = this.priceShare;
    const { left, top, width } = bbox;
    const height = Math.round(bbox.height * share);
    const frame = new Frame(ctx, { left, top, width, height }, { ...sight, low, high });
    this.#paintPrices(frame, this.#plotData);
    panes.forEach((pane, place) => {
      const tall = (bbox.height - height) / panes.length;
      const box = { left, top: Math.round(top + height + place * tall), width, height: tall };
      paintPane(new Frame(ctx, box, { ...sight, ...pane }), pane, this.#colors);
    });
  }

  /** @param {Frame} frame @param {PlotData} plotData */
  #paintPrices(frame, plotData) {
    const { view, strands } = plotData;
    const { interval, look, marks, edge, axis } = view;
    const colors = this.#colors;
    const colorOf = (/** @type {number} */ place) => colors[PART_COLORS[place] ?? "accent"];
    const [lead] = strands;
    if (lead === undefined) return;
    const present = interval === "tick" ? axis.toAxis(edge) : undefined;
    frame.clipped(() => {
      if (interval !== "tick") paintVolumes(frame, lead, interval, colors);
      for (const { label, price } of marks) {
        paintMark(frame, { label, value: scaled(price, lead.scale) }, colors.muted);
      }
      strands.forEach((strand, place) => {
        if (hasCandles(view, place)) return paintCandles(frame, strand, interval, colors);
        const isFilled = strands.length === 1 && look !== "line";
        paintLine(frame, strand, { interval, color: colorOf(place), isFilled, present });
      });
      for (const layer of this.layers) layer.paint(frame, plotData, colors);
    });
    const values = strands.map(({ last, scale }) => scaled(last.price, scale));
    const places = labelPlaces(frame, values);
    strands.forEach((strand, place) => {
      const { price, open } = strand.last;
      const [value = 0, y = 0] = [values[place], places[place]];
      const isCandles = hasCandles(view, place) && strands.length === 1;
      const color = isCandles ? (price < open ? colors.down : colors.up) : colorOf(place);
      const text = this.#axes.lastText(strand);
      paintLast(frame, { value, y, text, color, textColor: colors.panel });
      if (place === 0 && present !== undefined && present <= view.sight.to) {
        paintTip(frame, { place: present, value }, color);
      }
    });
  }
}
