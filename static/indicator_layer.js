// The indicators of a chart as a layer: lines over the prices, and panes below.

import { priceText, volumeText } from "./format.js";
import { readIndicator, titleOf } from "./indicator_kinds.js";
import { INTERVALS } from "./interval.js";
import { paintBars, paintBetween, paintValues } from "./paint_values.js";
import { VOLUME_SHARE } from "./scale.js";
import { pointsIn, scaled } from "./plot_data.js";

/** @import { Cell } from "./cell.js" */
/** @import { Frame } from "./frame.js" */
/** @import { Bars, Indicator } from "./indicator_kinds.js" */
/** @import { Layer, Pane, Prepared } from "./layer.js" */
/** @import { Colors } from "./paint.js" */
/** @import { Sight } from "./paint_values.js" */
/** @import { Word } from "./readout.js" */
/** @import { PlotData, Strand, View } from "./plot_data.js" */
/** @import { Series } from "./series.js" */

/** Default colours, in the order of the indicators. */
export const COLORS = /** @type {const} */ (["warn", "accent", "third", "fourth", "second"]);
/** Panes show differences of prices, which need more decimals than prices. */
const MORE_DECIMALS = 2;
/** The largest share of the time that a calculation may take. */
const COST_SHARE = 0.1;

/**
 * An indicator and its last result.
 * @typedef {object} Entry
 * @property {string} text
 * @property {Indicator} indicator
 * @property {typeof COLORS[number]} color
 * @property {Series | undefined} series
 * @property {number} version version of the series at the last calculation
 * @property {readonly Float64Array[]} columns
 * @property {number} notBefore
 */

/** @implements {Layer} */
class IndicatorLayer {
  #cell;
  #tell;
  #text = "";
  /** @type {Entry[]} */
  #entries = [];
  /** The visible points, for painting. @type {Sight | undefined} */
  #sight;
  /** @type {Strand | undefined} */
  #lead;

  /** @param {Cell} cell @param {(text: string) => void} tell */
  constructor(cell, tell) {
    this.#cell = cell;
    this.#tell = tell;
  }

  /** @param {View} _view */
  describe(_view) {
    const texts = this.#cell.view.indicators;
    const text = texts.join();
    if (text !== this.#text) this.#choose(texts);
    this.#text = text;
    return text;
  }

  /** @param {readonly string[]} texts */
  #choose(texts) {
    const before = this.#entries;
    this.#entries = texts.flatMap((text, place) => {
      const indicator = readIndicator(text);
      if (indicator === undefined) {
        this.#tell(`Cannot show ${text}: this page knows no such indicator`);
        return [];
      }
      const color = COLORS[place % COLORS.length] ?? "accent";
      const known = before.find((entry) => entry.text === text);
      const fresh = { series: undefined, version: -1, columns: [], notBefore: 0 };
      return [{ ...fresh, ...known, text, indicator, color }];
    });
  }

  /** @param {View} view @param {{ lead: Strand | undefined }} canvas @returns {Prepared} */
  prepare(view, { lead }) {
    const series = view.parts[0]?.series;
    if (series === undefined || lead === undefined) return {};
    this.#lead = lead;
    for (const entry of this.#entries) reckon(entry, series, view);
    const places = view.axis.columnOf(series);
    const middleMs = INTERVALS[view.interval] / 2;
    this.#sight = { places, middleMs, ...pointsIn(places, view) };
    const reaches = this.#at("price").map(({ columns }) => this.#reach(columns));
    const known = reaches.filter(({ min, max }) => min <= max);
    const reach = known.length === 0 ? undefined : {
      min: Math.min(...known.map(({ min }) => min)),
      max: Math.max(...known.map(({ max }) => max)),
    };
    return { reach, panes: this.#at("pane").map((entry) => this.#pane(entry, view)) };
  }

  /** @param {Indicator["kind"]["place"]} place */
  #at(place) {
    return this.#entries.filter(({ indicator }) => indicator.kind.place === place);
  }

  /** The lowest and the highest visible value. @param {readonly Float64Array[]} columns */
  #reach(columns) {
    const { start = 0, end = 0 } = this.#sight ?? {};
    let [min, max] = [Infinity, -Infinity];
    for (const column of columns) {
      for (let index = start; index < end; index++) {
        const value = column[index] ?? NaN;
        if (value < min) min = value;
        if (value > max) max = value;
      }
    }
    return { min, max };
  }

  /** @param {Entry} entry @param {View} view @returns {Pane} */
  #pane(entry, { decimals }) {
    const { indicator, columns } = entry;
    const { scale, lines } = indicator.kind;
    const places = scale === undefined ? decimals + MORE_DECIMALS : 2;
    // Beside larger values a tiny one reads better as 0 than in exponential form.
    const text = (/** @type {number} */ value) =>
      priceText(Math.abs(value) < 0.5 / 10 ** places ? 0 : value, places);
    const { min, max } = this.#reach(columns);
    const isKnown = min <= max;
    const margin = isKnown ? (max - min || Math.abs(max) || 1) * 0.12 : 0;
    const [low, high] = isKnown ? [min - margin, max + margin] : [0, 1];
    const marks = min < 0 && max > 0 ? [0] : [low + (high - low) / 2];
    return {
      title: titleOf(indicator),
      ...(scale ?? { low, high, marks }),
      text,
      paint: (frame, colors) => this.#paintEntry(frame, entry, colors, (value) => value),
      words: (index) =>
        columns.map((column, place) => ({
          label: lines[place]?.label ?? "",
          text: text(column[index] ?? NaN),
          ...(place === 0 && wordColor(entry)),
        })),
    };
  }

  /** @param {Frame} frame @param {PlotData} scene @param {Colors} colors */
  paint(frame, { strands: [lead] }, colors) {
    if (lead === undefined) return;
    const value = (/** @type {number} */ price) => scaled(price, lead.scale);
    for (const entry of this.#at("price")) this.#paintEntry(frame, entry, colors, value);
    for (const entry of this.#at("volume")) this.#paintVolume(frame, entry, colors);
  }

  /** @param {Frame} frame @param {Entry} entry @param {Colors} colors @param {(value: number) => number} toValue */
  #paintEntry(frame, { indicator, columns, color: name }, colors, toValue) {
    const sight = this.#sight;
    if (sight === undefined) return;
    const color = indicator.color ?? colors[name];
    const { lines } = indicator.kind;
    const band = columns.filter((_, place) => lines[place]?.way === "band");
    const [upper, lower] = band;
    if (upper !== undefined && lower !== undefined) {
      paintBetween(frame, sight, [upper, lower], { color, toValue });
    }
    columns.forEach((column, place) => {
      const way = lines[place]?.way;
      if (way === "bars") paintBars(frame, sight, column, colors);
      else paintValues(frame, sight, column, { color, toValue, isFaint: way === "faint" });
    });
  }

  /** Paints on the scale of the volume bars. @param {Frame} frame @param {Entry} entry @param {Colors} colors */
  #paintVolume(frame, { indicator, columns: [column], color }, colors) {
    const { slots, isMerged } = this.#lead ?? {};
    if (slots === undefined || column === undefined || this.#sight === undefined) return;
    let highest = 0;
    for (let slot = 0; slot < slots.length; slot++) {
      highest = Math.max(highest, slots.volumes[slot] ?? 0);
    }
    if (highest === 0) return;
    const { start, end } = this.#sight;
    const count = isMerged ? (end - start) / slots.length : 1;
    const perVolume = (frame.high - frame.low) * VOLUME_SHARE / highest * count;
    paintValues(frame, this.#sight, column, {
      color: indicator.color ?? colors[color],
      toValue: (volume) => frame.low + volume * perVolume,
      isFaint: false,
    });
  }

  /** @param {View} view @param {number} index @returns {Word[]} */
  words({ decimals }, index) {
    return this.#entries.filter(({ indicator: { kind } }) => kind.place !== "pane")
      .flatMap((entry) => {
        const { indicator, columns } = entry;
        const isVolume = indicator.kind.place === "volume";
        const text = (/** @type {number} */ value) =>
          isVolume ? volumeText(value) : priceText(value, decimals);
        const words = columns.map((column) => text(column[index] ?? NaN));
        return [{ label: titleOf(indicator), text: words.join(" "), ...wordColor(entry) }];
      });
  }
}

/** @param {Entry} entry @returns {Partial<Word>} */
function wordColor({ indicator, color }) {
  return indicator.color === undefined
    ? { className: `study ${color}` }
    : { className: "study", color: indicator.color };
}

/** Calculates again after a change of the bars, but not more often than COST_SHARE allows. @param {Entry} entry @param {Series} series @param {View} view */
function reckon(entry, series, { interval }) {
  const isSame = entry.series === series;
  if (isSame && entry.version === series.version) return;
  const now = performance.now();
  const isShort = (entry.columns[0]?.length ?? 0) < series.length;
  if (isSame && now < entry.notBefore && !isShort) return;
  const { kind, parameters } = entry.indicator;
  entry.columns = kind.reckon(barsOf(series, interval === "tick"), parameters);
  entry.series = series;
  entry.version = series.version;
  entry.notBefore = now + (performance.now() - now) / COST_SHARE;
}

/** @param {Series} series @param {boolean} isTick @returns {Bars} */
function barsOf(series, isTick) {
  const column = (/** @type {string} */ bar, /** @type {string} */ tick) =>
    series.column(isTick ? tick : bar);
  return {
    times: column("time", "time"),
    highs: column("high", "price"),
    lows: column("low", "price"),
    closes: column("close", "price"),
    volumes: column("volume", "size"),
  };
}

/** Adds the indicator layer to a chart. @param {Cell} cell @param {(text: string) => void} tell */
export function attach(cell, tell) {
  cell.chart.layers.unshift(new IndicatorLayer(cell, tell));
}
