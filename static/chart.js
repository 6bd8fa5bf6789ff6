// The chart: uPlot for scales, axes and the cursor, and what is painted between them.

import { priceText, timeText } from "./format.js";
import {
  clipped,
  FONT_FAMILY,
  labelPlaces,
  paintCandles,
  paintLast,
  paintLine,
  paintMark,
  paintTip,
  paintVolumes,
} from "./paint.js";
import { increments, timeMarks } from "./scale.js";
import { hasCandles, scaled, sceneOf } from "./scene.js";

/** @import uPlot from "uplot" */
/** @import { Colors } from "./paint.js" */
/** @import { Scene, Strand, View } from "./scene.js" */

/**
 * @typedef {object} ChartOptions
 * @property {typeof import("uplot")} uPlot
 * @property {HTMLElement} host
 * @property {(left: number) => number} snap a place under the pointer to the point that is nearest
 */

const AXIS_FONT = `11px ${FONT_FAMILY}`;
/** About half the width, or twice the height, of a label. */
const LABEL_PIXELS = 30;
const TIME_LABEL_PIXELS = 90;
const STRETCH_MAX = 20;
const COLORS = /** @type {const} */ ([
  "text",
  "muted",
  "line",
  "accent",
  "up",
  "down",
  "panel",
  "warn",
  "second",
  "third",
  "fourth",
]);
/** The symbols on a chart, the leading one first. */
export const PART_COLORS = /** @type {const} */ (["accent", "second", "third", "fourth"]);

export class Chart {
  #options;
  /** @type {uPlot | undefined} */
  #plot;
  /** @type {Scene | undefined} */
  #scene;
  /** @type {Colors} */
  #colors;
  #size = { width: 0, height: 0 };
  /** How much more than needed of the prices is shown. */
  #stretch = 1;
  /** What the canvas shows, as text; when it would be the same, nothing is drawn. */
  #drawn = "";
  /** The label axis never becomes narrower, so that the chart does not jump. */
  #axisWidth = 0;
  /** How often the canvas has been drawn, and how long that took in all. */
  draws = 0;
  drawMs = 0;

  /** @param {ChartOptions} options */
  constructor(options) {
    this.#options = options;
    const { host } = options;
    this.#colors = colorsOf(host);
    new ResizeObserver(() => {
      this.#size = { width: host.clientWidth, height: host.clientHeight };
    }).observe(host);
  }

  /** The area of the prices in pixels of the page, from the host's corner. */
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

  /** What has been drawn last. */
  get scene() {
    return this.#scene;
  }

  /** The value of the scale at a place. @param {number} top from the top of the area */
  valueAt(top) {
    return this.#plot?.posToVal(top, "y") ?? 0;
  }

  /** Shows more or less of the prices. @param {number} factor */
  stretch(factor) {
    this.#stretch = Math.min(STRETCH_MAX, Math.max(1 / STRETCH_MAX, this.#stretch * factor));
  }

  fit() {
    this.#stretch = 1;
  }

  /** The theme has changed. */
  recolor() {
    this.#colors = colorsOf(this.#options.host);
    this.#clear();
  }

  /** Another symbol or interval is shown from now on. */
  reset() {
    this.#axisWidth = 0;
    this.#stretch = 1;
    this.#clear();
  }

  /** Draws if there is anything new to see. To be called once per animation frame. @param {View} view */
  draw(view) {
    const { width, height } = this.#size;
    if (width < 1 || height < 1) return;
    if (view.parts.every(({ series }) => series.length === 0)) return this.#clear();
    const drawn = this.#describe(view);
    if (drawn === this.#drawn) return;
    const startedAt = performance.now();
    this.#drawn = drawn;
    this.#scene = sceneOf(view, { width: width * devicePixelRatio, stretch: this.#stretch });
    const plot = this.#plot ??= this.#create();
    if (plot.width !== width || plot.height !== height) plot.setSize({ width, height });
    plot.batch(() => plot.setData(this.#data));
    this.draws++;
    this.drawMs += performance.now() - startedAt;
  }

  #clear() {
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#scene = undefined;
    this.#drawn = "";
  }

  /** The time passes too slowly to be seen in every frame: half a pixel is a step. @param {View} view */
  #describe({ parts, window: { from, to }, interval, look, decimals, marks }) {
    const { width, height } = this.#size;
    const spanMs = Math.round(to - from);
    const step = Math.floor(to * 2 * width * devicePixelRatio / spanMs);
    const versions = parts.map(({ symbol, series }) => `${symbol} ${series.version}`);
    const rest = [interval, look, decimals, width, height, devicePixelRatio, this.#stretch];
    const lines = marks.map(({ label, price }) => `${label} ${price}`);
    return [step, spanMs, ...versions, ...lines, ...rest].join(" ");
  }

  /** uPlot keeps the scales; what lies between is painted here. @returns {uPlot.AlignedData} */
  get #data() {
    const { view: { window }, range } = /** @type {Scene} */ (this.#scene);
    return [[window.from, window.to], [...range]];
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
          y: { range: () => [...(this.#scene?.range ?? [0, 1])] },
        },
        axes: this.#axes(),
        series: [{}, { paths: () => null, points: { show: false } }],
        hooks: { draw: [(plot) => this.#paint(plot)] },
      },
      this.#data,
      host,
    );
  }

  /** @returns {uPlot.Axis[]} */
  #axes() {
    const { muted, line } = this.#colors;
    const style = {
      font: AXIS_FONT,
      stroke: muted,
      grid: { stroke: line, width: 1 },
      ticks: { show: false },
    };
    return [
      {
        ...style,
        size: 28,
        splits: (_plot, _axis, from, to) => this.#timeMarks(from, to).times,
        // A label that would be cut off at the left end is left out.
        values: (plot, times) => {
          const { min = 0, max = 1 } = plot.scales["x"] ?? {};
          const { stepMs } = this.#timeMarks(min, max);
          return times.map((time) =>
            plot.valToPos(time, "x") < LABEL_PIXELS ? "" : timeText(time, stepMs)
          );
        },
      },
      {
        ...style,
        side: 1,
        space: 44,
        gap: 6,
        incrs: () => increments(this.#scene?.decimals ?? 2),
        values: (plot, values) => values.map((value) => this.#label(plot, value)),
        size: (_plot, texts) => this.#widthFor(texts),
      },
    ];
  }

  /** @param {number} from @param {number} to */
  #timeMarks(from, to) {
    return timeMarks(from, to, this.#size.width / TIME_LABEL_PIXELS);
  }

  /** The label of a last price lies over its neighbours. @param {uPlot} plot @param {number} value */
  #label(plot, value) {
    const place = plot.valToPos(value, "y");
    const isHidden = this.#scene?.strands.some(({ last, base }) =>
      Math.abs(place - plot.valToPos(scaled(last.price, base), "y")) < LABEL_PIXELS / 2
    );
    return isHidden ? "" : this.#valueText(value);
  }

  /** @param {number} value */
  #valueText(value) {
    const { strands = [], decimals = 2 } = this.#scene ?? {};
    return priceText(value, decimals) + (strands[0]?.base === undefined ? "" : " %");
  }

  /** @param {string[] | null} texts */
  #widthFor(texts) {
    const lasts = this.#scene?.strands.map((strand) => this.#lastText(strand)) ?? [];
    const length = Math.max(5, ...[...texts ?? [], ...lasts].map((text) => text.length));
    this.#axisWidth = Math.max(this.#axisWidth, length * 7 + 16);
    return this.#axisWidth;
  }

  /** @param {Strand} strand */
  #lastText({ last, base }) {
    return this.#valueText(scaled(last.price, base));
  }

  /** @param {uPlot} plot */
  #paint(plot) {
    if (this.#scene === undefined) return;
    const { view, strands } = this.#scene;
    const { interval, look, marks, edge } = view;
    const colors = this.#colors;
    const colorOf = (/** @type {number} */ place) => colors[PART_COLORS[place] ?? "accent"];
    const [lead] = strands;
    const present = interval === "tick" ? edge : undefined;
    clipped(plot, () => {
      if (lead === undefined) return;
      if (interval !== "tick") paintVolumes(plot, lead, interval, colors);
      if (strands.length === 1) {
        for (const mark of marks) paintMark(plot, mark, colors.muted);
      }
      strands.forEach((strand, place) => {
        if (hasCandles(view, place)) return paintCandles(plot, strand, interval, colors);
        const isFilled = strands.length === 1 && look !== "line";
        paintLine(plot, strand, { interval, color: colorOf(place), isFilled, present });
      });
    });
    const values = strands.map(({ last, base }) => scaled(last.price, base));
    const places = labelPlaces(plot, values);
    strands.forEach((strand, place) => {
      const { price, open } = strand.last;
      const [value = 0, y = 0] = [values[place], places[place]];
      const isCandles = hasCandles(view, place) && strands.length === 1;
      const color = isCandles ? (price < open ? colors.down : colors.up) : colorOf(place);
      const text = this.#lastText(strand);
      paintLast(plot, { value, y, text, color, textColor: colors.panel });
      if (place === 0 && present !== undefined && present <= view.window.to) {
        paintTip(plot, { time: present, value }, color);
      }
    });
  }
}

/**
 * The colours of the theme as a canvas understands them.
 * @param {HTMLElement} host
 * @returns {Colors}
 */
function colorsOf(host) {
  const probe = document.createElement("i");
  host.append(probe);
  const colors = COLORS.map((name) => {
    probe.style.color = `var(--${name})`;
    return [name, getComputedStyle(probe).color];
  });
  probe.remove();
  return /** @type {Colors} */ (Object.fromEntries(colors));
}
