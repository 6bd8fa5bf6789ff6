// What is to be painted: the part of each symbol's history that is in sight, and how high it reaches.

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
 * A symbol as the chart gets it. The first one leads: its prices are the scale.
 * @typedef {{ readonly symbol: string, readonly series: Series }} Part
 */

/**
 * @typedef {object} View
 * @property {readonly Part[]} parts
 * @property {Interval} interval
 * @property {Look} look
 * @property {Scale} scale
 * @property {Window} window the times in sight
 * @property {Window} sight the same as places of the axis
 * @property {TimeAxis} axis
 * @property {number} edge the present, in the time of the data
 * @property {number} decimals
 * @property {readonly { label: string, price: number }[]} marks
 */

/**
 * How a price becomes a value of the scale: as it is, as a logarithm, as its distance from `base` in per
 * cent, or fitted: so that its own reach is as high as that of the leading symbol.
 * @typedef {{ readonly kind: "linear" } | { readonly kind: "log" }
 *   | { readonly kind: "percent", readonly base: number }
 *   | { readonly kind: "fitted", readonly low: number, readonly factor: number, readonly to: number }} Scaling
 */

/**
 * A symbol ready to be painted. Times are places of the axis.
 * @typedef {object} Strand
 * @property {string} symbol
 * @property {Slots} slots
 * @property {boolean} isMerged whether a slot stands for several bars
 * @property {Scaling} scale
 * @property {{ time: number, place: number, price: number, open: number }} last
 */

/**
 * @typedef {object} Scene
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
 * @param {{ width: number, stretch: number, head?: number }} size width in pixels of the canvas; the head
 *   is the share of the height that words at the top take
 * @param {readonly Layer[]} [layers]
 * @returns {Scene}
 */
export function sceneOf(view, { width, stretch, head = 0 }, layers = []) {
  const shown = view.parts.filter(({ series }) => series.length > 0);
  const kind = kindOf(view);
  const drafts = shown.map((part) => strandOf(part, view, width));
  const reaches = drafts.map(({ slots }) => extremes(slots));
  // There is no logarithm of what is not above 0.
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

/** Compared symbols are shown in per cent, unless another scale is asked for. @param {View} view */
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
  // A flat line lies in the middle, and so does what reaches beyond all numbers.
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
  // What is beyond all numbers is shown as far as numbers go.
  const percent = (price / scale.base - 1) * Math.sign(scale.base) * 100;
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, percent));
}

/** The price that has this value. @param {number} value @param {Scaling} scale */
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

/** Whether a symbol is shown by candles: only the leading one is. @param {View} view @param {number} place */
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
 * Which points are in sight, and one more on either side: the line comes from there, and a bar may reach
 * into the sight.
 * @param {Float64Array} times as places of the axis
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
