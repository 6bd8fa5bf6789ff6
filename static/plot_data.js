// Prepares what to paint: the visible part of each symbol's history, and its range of prices.

import { decimate, extremes, firstFrom } from "./decimate.js";
import { INTERVALS } from "./interval.js";
import { priceRange } from "./scale.js";

/** @import { Look, Scale } from "./address.js" */
/** @import { Slots } from "./decimate.js" */
/** @import { Interval } from "./interval.js" */
/** @import { Layer, Pane } from "./layer.js" */
/** @import { Series } from "./series.js" */
/** @import { TimeAxis } from "./time_axis.js" */
/** @import { Window } from "./viewport.js" */

/**
 * A symbol of the chart. The first one leads: the scale shows its prices.
 * @typedef {{ readonly symbol: string, readonly series: Series }} Part
 */

/**
 * @typedef {object} View
 * @property {readonly Part[]} parts
 * @property {Interval} interval
 * @property {Look} look
 * @property {Scale} scale
 * @property {Window} window the visible times
 * @property {Window} sight the visible places on the axis
 * @property {TimeAxis} axis
 * @property {number} edge the present, in the time of the data
 * @property {number} decimals
 * @property {readonly { label: string, price: number }[]} marks
 */

/**
 * Turns a price into a value of the scale: unchanged, as a logarithm, as the distance from `base` in per
 * cent, or fitted, which stretches the symbol's range to the range of the leading symbol.
 * @typedef {{ readonly kind: "linear" } | { readonly kind: "log" }
 *   | { readonly kind: "percent", readonly base: number }
 *   | { readonly kind: "fitted", readonly low: number, readonly factor: number, readonly to: number }} Scaling
 */

/**
 * A symbol ready to paint. Times are places on the axis.
 * @typedef {object} Strand
 * @property {string} symbol
 * @property {Slots} slots
 * @property {boolean} isMerged whether a slot combines several points
 * @property {Scaling} scale
 * @property {{ time: number, place: number, price: number, open: number }} last
 */

/**
 * @typedef {object} PlotData
 * @property {View} view
 * @property {readonly Strand[]} strands
 * @property {readonly [number, number]} range of the prices
 * @property {number} decimals of the scale
 * @property {readonly Pane[]} panes below the prices
 */

const PERCENT_DECIMALS = 2;

/** @type {Scaling} */
const LINEAR = { kind: "linear" };

/**
 * @param {View} view
 * @param {{ width: number, stretch: number, head?: number }} size width in canvas pixels; `head` is the
 *   caption's share of the height
 * @param {readonly Layer[]} [layers]
 * @returns {PlotData}
 */
export function plotDataOf(view, { width, stretch, head = 0 }, layers = []) {
  const shown = view.parts.filter(({ series }) => series.length > 0);
  const kind = kindOf(view);
  const drafts = shown.map((part) => strandOf(part, view, width));
  const reaches = drafts.map(({ slots }) => extremes(slots));
  // Only numbers above 0 have a logarithm.
  const isLog = kind === "log" && (reaches[0]?.min ?? 1) > 0;
  const scales = drafts.map(({ base }, place) =>
    kind === "percent" && base !== 0
      ? { kind, base }
      : place > 0 && kind !== "percent"
      ? fitted(reaches[place], reaches[0], isLog)
      : isLog
      ? { kind: /** @type {const} */ ("log") }
      : LINEAR
  );
  const strands = drafts.map(({ base: _, ...draft }, place) => ({
    ...draft,
    scale: scales[place] ?? LINEAR,
  }));
  const layed = layers.map((layer) => layer.prepare(view, { width, lead: strands[0] }));
  const lead = strands[0]?.scale ?? LINEAR;
  const reach = union([
    ...reaches.map((reach, place) => scaledReach(reach, scales[place] ?? LINEAR)),
    ...layed.map(({ reach }) => scaledReach(reach, lead)),
  ]);
  const decimals = lead.kind === "percent" ? PERCENT_DECIMALS : view.decimals;
  const hasVolume = view.interval !== "tick";
  const range = priceRange(reach, { decimals, hasVolume, stretch, isLog, head });
  return { view, strands, range, decimals, panes: layed.flatMap(({ panes }) => panes ?? []) };
}

/** `auto` shows compared symbols in per cent. @param {View} view */
function kindOf({ scale, parts }) {
  return scale === "auto" ? (parts.length > 1 ? "percent" : "linear") : scale;
}

/** @typedef {{ min: number, max: number }} Reach */

/**
 * @param {Reach | undefined} own
 * @param {Reach | undefined} lead
 * @param {boolean} isLog
 * @returns {Scaling}
 */
function fitted(own, lead, isLog) {
  if (own === undefined || lead === undefined) return LINEAR;
  const [low, high] = isLog ? [Math.log10(lead.min), Math.log10(lead.max)] : [lead.min, lead.max];
  const span = own.max - own.min;
  const share = (high - low) / span;
  // Put a flat line, or a range that overflows, in the middle.
  const factor = Number.isFinite(share) ? share : 0;
  return { kind: "fitted", low: own.min, factor, to: factor > 0 ? low : low / 2 + high / 2 };
}

/**
 * A price as a value of the scale.
 * @param {number} price
 * @param {Scaling} scale
 */
export function scaled(price, scale) {
  switch (scale.kind) {
    case "linear":
      return price;
    case "log":
      return price > 0 ? Math.log10(price) : -400;
    case "fitted":
      return scale.factor === 0 ? scale.to : scale.to + (price - scale.low) * scale.factor;
  }
  // Limit a value that would overflow.
  const percent = (price / scale.base - 1) * Math.sign(scale.base) * 100;
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, percent));
}

/** The inverse of `scaled`. @param {number} value @param {Scaling} scale */
export function unscaled(value, scale) {
  switch (scale.kind) {
    case "linear":
      return value;
    case "log":
      return 10 ** value;
    case "percent":
      return scale.base + value / 100 * Math.abs(scale.base);
    case "fitted":
      return scale.low + (scale.factor === 0 ? 0 : (value - scale.to) / scale.factor);
  }
}

/** Whether a symbol has candles: only the leading one may. @param {View} view @param {number} place */
export function hasCandles({ interval, look }, place) {
  return place === 0 && look === "candles" && interval !== "tick";
}

/**
 * @param {Part} part
 * @param {View} view
 * @param {number} width
 */
function strandOf(part, view, width) {
  const { symbol, series } = part;
  const { interval, sight: { from, to }, axis } = view;
  const isTick = interval === "tick";
  const isCandles = hasCandles(view, view.parts.indexOf(part));
  const times = axis.columnOf(series);
  const closes = series.column(isTick ? "price" : "close");
  const opens = isTick ? closes : series.column("open");
  const [highs, lows] = isCandles
    ? [series.column("high"), series.column("low")]
    : [closes, closes];
  const volumes = isTick ? {} : { volumes: series.column("volume") };
  const columns = { times, opens, highs, lows, closes, ...volumes };
  const { start, end } = pointsIn(times, view);
  const slotsMax = Math.max(1, Math.floor(isCandles ? width / 2 : width));
  const slots = decimate(columns, { start, end, from, to, slotsMax });
  const shown = firstFrom(times, from);
  const [place = 0, price = 0] = [times.at(-1), closes.at(-1)];
  return {
    symbol,
    slots,
    isMerged: slots.length < end - start,
    base: closes[Math.min(shown, closes.length - 1)] ?? 0,
    last: {
      time: series.at("time", -1) ?? 0,
      place,
      price,
      open: isTick ? price : series.at("open", -1) ?? price,
    },
  };
}

/**
 * The visible points, and one more on each side: a line comes from there, and a bar may reach into
 * view.
 * @param {Float64Array} times as places on the axis
 * @param {Pick<View, "sight" | "interval">} view
 */
export function pointsIn(times, { sight: { from, to }, interval }) {
  return {
    start: Math.max(0, firstFrom(times, from - INTERVALS[interval]) - 1),
    end: Math.min(times.length, firstFrom(times, to) + 1),
  };
}

/** @param {Reach | undefined} reach @param {Scaling} scale @returns {Reach | undefined} */
function scaledReach(reach, scale) {
  if (reach === undefined) return undefined;
  const [low, high] = [scaled(reach.min, scale), scaled(reach.max, scale)];
  return { min: Math.min(low, high), max: Math.max(low, high) };
}

/** @param {readonly (Reach | undefined)[]} reaches @returns {Reach | undefined} */
function union(reaches) {
  const known = reaches.filter((reach) => reach !== undefined);
  if (known.length === 0) return undefined;
  return {
    min: Math.min(...known.map(({ min }) => min)),
    max: Math.max(...known.map(({ max }) => max)),
  };
}
