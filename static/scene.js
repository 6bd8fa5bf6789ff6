// What is to be painted: the part of each symbol's history that is in sight, and how high it reaches.

import { decimate, extremes, firstFrom } from "./decimate.js";
import { INTERVALS } from "./interval.js";
import { priceRange } from "./scale.js";

/** @import { Look } from "./address.js" */
/** @import { Slots } from "./decimate.js" */
/** @import { Interval } from "./interval.js" */
/** @import { Series } from "./series.js" */
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
 * @property {Window} window
 * @property {number} edge the present, in the time of the data
 * @property {number} decimals
 * @property {readonly { label: string, price: number }[]} marks
 */

/**
 * A symbol ready to be painted. Compared symbols are shown by their distance from `base`.
 * @typedef {object} Strand
 * @property {string} symbol
 * @property {Slots} slots
 * @property {boolean} isMerged whether a slot stands for several bars
 * @property {number | undefined} base
 * @property {{ time: number, price: number, open: number }} last
 */

/**
 * @typedef {object} Scene
 * @property {View} view
 * @property {readonly Strand[]} strands
 * @property {readonly [number, number]} range
 * @property {number} decimals of the scale
 */

const PERCENT_DECIMALS = 2;

/**
 * @param {View} view
 * @param {{ width: number, stretch: number }} size in pixels of the canvas
 * @returns {Scene}
 */
export function sceneOf(view, { width, stretch }) {
  const isCompared = view.parts.length > 1;
  const strands = view.parts.filter(({ series }) => series.length > 0)
    .map((part) => strandOf(part, view, width));
  const decimals = isCompared ? PERCENT_DECIMALS : view.decimals;
  const hasVolume = view.interval !== "tick";
  const range = priceRange(reachOf(strands), { decimals, hasVolume, stretch });
  return { view, strands, range, decimals };
}

/**
 * A price as a value of the scale.
 * @param {number} price
 * @param {number | undefined} base
 */
export function scaled(price, base) {
  if (base === undefined) return price;
  // What is beyond all numbers is shown as far as numbers go.
  const percent = (price / base - 1) * 100;
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, percent));
}

/** Whether a symbol is shown by candles: only the leading one is. @param {View} view @param {number} place */
export function hasCandles({ interval, look }, place) {
  return place === 0 && look === "candles" && interval !== "tick";
}

/**
 * @param {Part} part
 * @param {View} view
 * @param {number} width
 * @returns {Strand}
 */
function strandOf(part, view, width) {
  const { symbol, series } = part;
  const { interval, window, parts } = view;
  const isTick = interval === "tick";
  const isCompared = parts.length > 1;
  const isCandles = hasCandles(view, parts.indexOf(part));
  const times = series.column("time");
  const closes = series.column(isTick ? "price" : "close");
  const opens = isTick ? closes : series.column("open");
  const [highs, lows] = isCandles
    ? [series.column("high"), series.column("low")]
    : [closes, closes];
  const volumes = isTick ? {} : { volumes: series.column("volume") };
  const columns = { times, opens, highs, lows, closes, ...volumes };
  const { from, to } = window;
  // One point more on either side: the line comes from there, and a bar may reach into the sight.
  const start = Math.max(0, firstFrom(times, from - INTERVALS[interval]) - 1);
  const end = Math.min(times.length, firstFrom(times, to) + 1);
  const slotsMax = Math.max(1, Math.floor(isCandles ? width / 2 : width));
  const slots = decimate(columns, { start, end, from, to, slotsMax });
  const shown = firstFrom(times, from);
  const base = closes[Math.min(shown, closes.length - 1)];
  const [time = 0, price = 0] = [times.at(-1), closes.at(-1)];
  return {
    symbol,
    slots,
    isMerged: slots.length < end - start,
    base: isCompared && base !== 0 ? base : undefined,
    last: { time, price, open: isTick ? price : series.at("open", -1) ?? price },
  };
}

/** @param {readonly Strand[]} strands */
function reachOf(strands) {
  const reaches = strands.flatMap(({ slots, base }) => {
    const reach = extremes(slots);
    if (reach === undefined) return [];
    const [low, high] = [scaled(reach.min, base), scaled(reach.max, base)];
    return [{ min: Math.min(low, high), max: Math.max(low, high) }];
  });
  if (reaches.length === 0) return undefined;
  return {
    min: Math.min(...reaches.map(({ min }) => min)),
    max: Math.max(...reaches.map(({ max }) => max)),
  };
}
