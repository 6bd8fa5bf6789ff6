// The two axes of a chart: the places and the texts of their marks.

import { priceText, timeText } from "./format.js";
import { FONT_FAMILY } from "./paint.js";
import { increments, logMarks, timeMarks } from "./scale.js";
import { scaled, unscaled } from "./plot_data.js";

/** @import uPlot from "uplot" */
/** @import { Colors } from "./paint.js" */
/** @import { PlotData, Strand } from "./plot_data.js" */

/**
 * @typedef {object} AxesOptions
 * @property {() => PlotData | undefined} scene
 * @property {() => number} width of the chart in CSS pixels
 */

const AXIS_FONT = `11px ${FONT_FAMILY}`;
/** About half the width, or twice the height, of a label. */
const LABEL_PIXELS = 30;
const TIME_LABEL_PIXELS = 90;
const PRICE_SPACE = 44;

export class Axes {
  #options;
  /** The label axis never becomes narrower, so that the chart does not jump. */
  #width = 0;
  /** The label at each place of the time axis. @type {Map<number, string>} */
  #times = new Map();

  /** @param {AxesOptions} options */
  constructor(options) {
    this.#options = options;
  }

  reset() {
    this.#width = 0;
  }

  /** @param {Colors} colors @returns {uPlot.Axis[]} */
  of({ muted, line }) {
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
        splits: (_plot, _axis, from, to) => this.#timeMarks(from, to),
        // Leave out a label that the left edge would cut off.
        values: (plot, places) =>
          places.map((place) =>
            plot.valToPos(place, "x") < LABEL_PIXELS ? "" : this.#times.get(place) ?? ""
          ),
      },
      {
        ...style,
        side: 1,
        space: PRICE_SPACE,
        gap: 6,
        incrs: () => increments(this.#options.scene()?.decimals ?? 2),
        splits: (plot, _axis, low, high, step) => this.#priceMarks(plot, low, high, step),
        values: (plot, values) => values.map((value) => this.#label(plot, value)),
        size: (_plot, texts) => this.#widthFor(texts),
      },
    ];
  }

  /** Formats a value of the y scale. @param {number} value */
  text(value) {
    const { strands: [lead], decimals = 2 } = this.#options.scene() ?? { strands: [] };
    if (lead === undefined || lead.scale.kind === "linear") return priceText(value, decimals);
    if (lead.scale.kind === "percent") return `${priceText(value, decimals)} %`;
    return priceText(unscaled(value, lead.scale), decimals);
  }

  /** Formats the last price of a symbol. A symbol with its own scale shows the plain price. @param {Strand} strand */
  lastText({ last, scale }) {
    const { decimals = 2 } = this.#options.scene() ?? {};
    return scale.kind === "fitted"
      ? priceText(last.price, decimals)
      : this.text(scaled(last.price, scale));
  }

  /** Places the time marks. The mark of a left-out time moves to its gap. @param {number} from @param {number} to */
  #timeMarks(from, to) {
    const { view } = this.#options.scene() ?? {};
    if (view === undefined) return [];
    const { axis } = view;
    const [start, end] = [axis.toTime(from), axis.toTime(to)];
    const labelsMax = this.#options.width() / TIME_LABEL_PIXELS;
    const { times, stepMs } = timeMarks(start, end, labelsMax * (end - start) / (to - from));
    const distance = (to - from) / Math.max(1, labelsMax);
    this.#times.clear();
    let last = -Infinity;
    for (const time of times) {
      const place = axis.toAxis(time);
      const shown = axis.toTime(place);
      // Without gaps the marks keep the distance that timeMarks gave them.
      if (place - last < distance * 0.99 && shown !== time || place <= last) continue;
      if (place - last < distance * 0.7) continue;
      last = place;
      this.#times.set(place, timeText(shown, stepMs));
    }
    return [...this.#times.keys()];
  }

  /** @param {uPlot} plot @param {number} low @param {number} high @param {number} step */
  #priceMarks(plot, low, high, step) {
    const { range, strands: [lead] } = this.#options.scene() ?? { range: [low, high], strands: [] };
    const [floor = low] = range;
    if (lead?.scale.kind === "log") {
      const height = plot.bbox.height / devicePixelRatio * (high - floor) / (high - low);
      return logMarks(floor, high, height / PRICE_SPACE);
    }
    const marks = [];
    const first = Math.ceil(Math.max(low, floor) / step);
    const last = Math.floor(high / step);
    for (let count = first; count <= last && marks.length < 100; count++) marks.push(count * step);
    return marks;
  }

  /** Leaves out a label that the label of a last price would cover. @param {uPlot} plot @param {number} value */
  #label(plot, value) {
    const place = plot.valToPos(value, "y");
    const isHidden = this.#options.scene()?.strands.some(({ last, scale }) =>
      Math.abs(place - plot.valToPos(scaled(last.price, scale), "y")) < LABEL_PIXELS / 2
    );
    return isHidden ? "" : this.text(value);
  }

  /** @param {string[] | null} texts */
  #widthFor(texts) {
    const lasts = this.#options.scene()?.strands.map((strand) => this.lastText(strand)) ?? [];
    const length = Math.max(5, ...[...texts ?? [], ...lasts].map((text) => text.length));
    this.#width = Math.max(this.#width, length * 7 + 16);
    return this.#width;
  }
}
