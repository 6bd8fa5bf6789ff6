// The chart of one symbol: a line of ticks or candles, whose right end is the present.

import { dayTimeText, priceText, timeText, volumeText } from "./format.js";
import { INTERVALS } from "./model.js";
import { paintCandles, paintLastPrice, paintTip } from "./paint.js";
import { increments, priceRange, windowOf } from "./scale.js";

/** @import uPlot from "uplot" */
/** @import { Colors } from "./paint.js" */
/** @import { View } from "./scale.js" */

/**
 * @typedef {object} ChartOptions
 * @property {typeof import("uplot")} uPlot
 * @property {HTMLElement} host
 * @property {HTMLElement} readout where the values under the pointer are written
 */

const FONT_FAMILY = "system-ui, sans-serif";
const AXIS_FONT = `11px ${FONT_FAMILY}`;
/** About half the width, or twice the height, of a label. */
const LABEL_PIXELS = 30;
const ZOOM_MIN = 0.1;
const ZOOM_MAX = 5;
const COLORS = /** @type {const} */ (["text", "muted", "line", "accent", "up", "down", "panel"]);

export class Chart {
  #options;
  /** @type {uPlot | undefined} */
  #plot;
  /** @type {View | undefined} */
  #view;
  /** @type {Colors} */
  #colors;
  #size = { width: 0, height: 0 };
  #window = { from: 0, to: 1 };
  #zoom = 1;
  /** What the canvas shows, as text; when it would be the same, nothing is drawn. */
  #drawn = "";
  #readoutOf = "";
  /** The label axis never becomes narrower, so that the chart does not jump. */
  #axisWidth = 0;
  /** How often the canvas has been drawn. */
  draws = 0;

  /** @param {ChartOptions} options */
  constructor(options) {
    this.#options = options;
    const { host } = options;
    this.#colors = colorsOf(host);
    new ResizeObserver(() => {
      this.#size = { width: host.clientWidth, height: host.clientHeight };
    }).observe(host);
    host.addEventListener("wheel", (event) => {
      event.preventDefault();
      const zoom = this.#zoom * 1.15 ** Math.sign(event.deltaY);
      this.#zoom = Math.min(ZOOM_MAX, Math.max(ZOOM_MIN, zoom));
    }, { passive: false });
  }

  /** The theme has changed. */
  recolor() {
    this.#colors = colorsOf(this.#options.host);
    this.#clear();
  }

  /** Another symbol or interval is shown from now on. */
  reset() {
    this.#zoom = 1;
    this.#axisWidth = 0;
    this.#clear();
  }

  /** Draws if there is anything new to see. To be called once per animation frame. @param {View} view */
  draw(view) {
    const { width, height } = this.#size;
    if (width < 1 || height < 1) return;
    if (view.series.length === 0) return this.#clear();
    const isOtherKind = (view.interval === "tick") !== (this.#view?.interval === "tick");
    if (isOtherKind) this.#clear();
    this.#view = view;
    this.#window = windowOf(view, width, this.#zoom);
    const drawn = this.#describe(view);
    if (drawn !== this.#drawn) {
      const plot = this.#plot ??= this.#create();
      if (plot.width !== width || plot.height !== height) plot.setSize({ width, height });
      plot.setData(dataOf(view));
      this.#drawn = drawn;
      this.draws++;
    }
    this.#read(view);
  }

  #clear() {
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#drawn = "";
    if (this.#readoutOf !== "") this.#options.readout.textContent = this.#readoutOf = "";
  }

  /** The time passes too slowly to be seen in every frame: half a pixel is a step. @param {View} view */
  #describe({ series, decimals }) {
    const { from, to } = this.#window;
    const { width, height } = this.#size;
    const step = Math.floor(to / ((to - from) / (2 * width * devicePixelRatio)));
    return [series.version, step, to - from, width, height, decimals, devicePixelRatio].join(" ");
  }

  #create() {
    const { uPlot, host } = this.#options;
    const view = /** @type {View} */ (this.#view);
    return new uPlot(
      {
        ...this.#size,
        ms: 1,
        padding: [12, 0, 0, 0],
        legend: { show: false },
        cursor: { drag: { x: false, y: false }, points: { show: false } },
        scales: {
          x: { range: () => [this.#window.from, this.#window.to] },
          y: { range: (_plot, min, max) => priceRange(min, max, view) },
        },
        axes: this.#axes(),
        series: view.interval === "tick" ? [{}, this.#line()] : [{}, HIDDEN, HIDDEN],
        hooks: { draw: [(plot) => this.#paint(plot)] },
      },
      dataOf(view),
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
        size: 30,
        space: 90,
        // A label that would be cut off at the left end is left out.
        values: (plot, times, _axis, _space, increment) =>
          times.map((time) =>
            plot.valToPos(time, "x") < LABEL_PIXELS ? "" : timeText(time, increment)
          ),
      },
      {
        ...style,
        side: 1,
        space: 44,
        gap: 6,
        incrs: () => increments(this.#decimals),
        // The label of the last price lies over its neighbours.
        values: (plot, prices) =>
          prices.map((price) =>
            Math.abs(plot.valToPos(price, "y") - plot.valToPos(this.#price, "y")) < LABEL_PIXELS / 2
              ? ""
              : priceText(price, this.#decimals)
          ),
        size: (_plot, texts) => this.#widthFor(texts),
      },
    ];
  }

  /** The newest price. */
  get #price() {
    if (this.#view === undefined) return 0;
    const { series, interval } = this.#view;
    return series.at(interval === "tick" ? "price" : "close", -1) ?? 0;
  }

  get #decimals() {
    return this.#view?.decimals ?? 2;
  }

  /** @param {string[] | null} texts */
  #widthFor(texts) {
    const length = Math.max(5, ...(texts ?? []).map((text) => text.length));
    this.#axisWidth = Math.max(this.#axisWidth, length * 7 + 16);
    return this.#axisWidth;
  }

  /** @returns {uPlot.Series} */
  #line() {
    const { stepped } = this.#options.uPlot.paths;
    return {
      stroke: this.#colors.accent,
      width: 1.5,
      points: { show: false },
      fill: (plot) => {
        const { top, height } = plot.bbox;
        const gradient = plot.ctx.createLinearGradient(0, top, 0, top + height);
        gradient.addColorStop(0, faint(this.#colors.accent, 0.22));
        gradient.addColorStop(1, faint(this.#colors.accent, 0));
        return gradient;
      },
      // A price holds until the next one, so there are steps and no slopes.
      ...(stepped && { paths: stepped({ align: 1 }) }),
    };
  }

  /** @param {uPlot} plot */
  #paint(plot) {
    if (this.#view === undefined) return;
    const { series, interval, edge, decimals } = this.#view;
    const { accent, up, down, panel } = this.#colors;
    const isLine = interval === "tick";
    const price = this.#price;
    const open = isLine ? price : series.at("open", -1) ?? price;
    if (!isLine) paintCandles(plot, series, INTERVALS[interval], this.#colors);
    const color = isLine ? accent : price < open ? down : up;
    const font = `600 ${11 * devicePixelRatio}px ${FONT_FAMILY}`;
    const text = priceText(price, decimals);
    paintLastPrice(plot, { price, text, color, textColor: panel, font });
    const time = series.at("time", -1) ?? edge;
    if (isLine) paintTip(plot, { time, price, present: edge, color: accent });
  }

  /** Writes what is under the pointer, or the newest values. @param {View} view */
  #read({ series, interval, decimals }) {
    const left = this.#plot?.cursor.left ?? -1;
    const time = left < 0 ? Infinity : this.#plot?.posToVal(left, "x") ?? Infinity;
    const index = Math.max(0, series.indexAt(time));
    const readoutOf = `${index} ${series.version} ${decimals}`;
    if (readoutOf === this.#readoutOf) return;
    this.#readoutOf = readoutOf;
    const at = (/** @type {string} */ field) => series.at(field, index) ?? 0;
    const price = (/** @type {string} */ field) => priceText(at(field), decimals);
    const parts = interval === "tick"
      ? [["Price", price("price")], ["Size", volumeText(at("size"))]]
      : [
        ["O", price("open")],
        ["H", price("high")],
        ["L", price("low")],
        ["C", price("close")],
        ["V", volumeText(at("volume"))],
      ];
    const text = parts.map(([name, value]) => `${name} ${value}`).join("  ");
    this.#options.readout.textContent = `${dayTimeText(at("time"))}  ${text}`;
  }
}

/** Read for the price scale, painted otherwise. @type {uPlot.Series} */
const HIDDEN = { paths: () => null, points: { show: false } };

/**
 * @param {View} view
 * @returns {uPlot.AlignedData}
 */
function dataOf({ series, interval }) {
  return interval === "tick"
    ? [series.column("time"), series.column("price")]
    : [series.column("time"), series.column("high"), series.column("low")];
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

/**
 * @param {string} color as `rgb(1, 2, 3)`
 * @param {number} alpha
 */
function faint(color, alpha) {
  return color.replace("rgb(", "rgba(").replace(")", `, ${alpha})`);
}
