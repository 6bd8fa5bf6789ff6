// The kinds of indicators: names, parameters and lines, and their form in the address.

import { atr, bollinger, donchian, ema, macd, rsi, sma, vwap } from "./indicators.js";

/**
 * Columns of a whole series, one value per bar, oldest first.
 * @typedef {Record<"times" | "highs" | "lows" | "closes" | "volumes", Float64Array>} Bars
 */

/** @typedef {{ title: string, first: number, min: number, max: number }} Parameter */

/**
 * A line of an indicator. Two `band` lines enclose an area; `bars` start at 0.
 * @typedef {object} Line
 * @property {string} label
 * @property {"line" | "band" | "bars" | "faint"} way
 */

/**
 * @typedef {object} Kind
 * @property {string} name name in the address
 * @property {string} title
 * @property {string} short
 * @property {"price" | "pane" | "volume"} place
 * @property {readonly Parameter[]} parameters
 * @property {readonly Line[]} lines
 * @property {(bars: Bars, parameters: readonly number[]) => readonly Float64Array[]} reckon one
 *   column per line
 * @property {{ low: number, high: number, marks: readonly number[] }} [scale] of a pane; without it the pane fits
 *   its lines
 */

/** @type {(first: number, title?: string) => Parameter} */
const period = (first, title = "Bars") => ({ title, first, min: 1, max: 500 });
/** @type {(label?: string, way?: Line["way"]) => Line} */
const line = (label = "", way = "line") => ({ label, way });

/** @type {readonly Kind[]} */
export const KINDS = [
  {
    name: "sma",
    title: "Moving average",
    short: "SMA",
    place: "price",
    parameters: [period(20)],
    lines: [line()],
    reckon: ({ closes }, [bars = 20]) => [sma(closes, bars)],
  },
  {
    name: "ema",
    title: "Exponential average",
    short: "EMA",
    place: "price",
    parameters: [period(20)],
    lines: [line()],
    reckon: ({ closes }, [bars = 20]) => [ema(closes, bars)],
  },
  {
    name: "vwap",
    title: "VWAP of the day",
    short: "VWAP",
    place: "price",
    parameters: [],
    lines: [line()],
    reckon: ({ times, highs, lows, closes, volumes }) => [
      vwap(times, highs, lows, closes, volumes),
    ],
  },
  {
    name: "bollinger",
    title: "Bollinger bands",
    short: "BB",
    place: "price",
    parameters: [period(20), { title: "Deviations", first: 2, min: 0.1, max: 10 }],
    lines: [line("", "faint"), line("", "band"), line("", "band")],
    reckon({ closes }, [bars = 20, width = 2]) {
      const { upper, middle, lower } = bollinger(closes, bars, width);
      return [middle, upper, lower];
    },
  },
  {
    name: "donchian",
    title: "Donchian channel",
    short: "DC",
    place: "price",
    parameters: [period(20)],
    lines: [line("", "faint"), line("", "band"), line("", "band")],
    reckon({ highs, lows }, [bars = 20]) {
      const { upper, middle, lower } = donchian(highs, lows, bars);
      return [middle, upper, lower];
    },
  },
  {
    name: "rsi",
    title: "Relative strength",
    short: "RSI",
    place: "pane",
    parameters: [period(14)],
    lines: [line()],
    reckon: ({ closes }, [bars = 14]) => [rsi(closes, bars)],
    scale: { low: 0, high: 100, marks: [30, 70] },
  },
  {
    name: "macd",
    title: "MACD",
    short: "MACD",
    place: "pane",
    parameters: [period(12, "Fast"), period(26, "Slow"), period(9, "Signal")],
    lines: [line("", "line"), line("Signal", "faint"), line("", "bars")],
    reckon({ closes }, [fast = 12, slow = 26, bars = 9]) {
      const { line, signal, histogram } = macd(closes, fast, slow, bars);
      return [line, signal, histogram];
    },
  },
  {
    name: "atr",
    title: "Average true range",
    short: "ATR",
    place: "pane",
    parameters: [period(14)],
    lines: [line()],
    reckon: ({ highs, lows, closes }, [bars = 14]) => [atr(highs, lows, closes, bars)],
  },
  {
    name: "volume",
    title: "Volume average",
    short: "Vol avg",
    place: "volume",
    parameters: [period(20)],
    lines: [line()],
    reckon: ({ volumes }, [bars = 20]) => [sma(volumes, bars)],
  },
];

/** @typedef {{ kind: Kind, parameters: readonly number[], color: string | undefined }} Indicator */

/**
 * Reads `bollinger-20-2@ff8800`. A missing value becomes the default; a value out of range becomes the limit.
 * @param {string} text
 * @returns {Indicator | undefined} `undefined` for an unknown name
 */
export function readIndicator(text) {
  const [head = "", color] = text.split("@");
  const [name, ...values] = head.split("-");
  const kind = KINDS.find((each) => each.name === name);
  if (kind === undefined) return undefined;
  const parameters = kind.parameters.map(({ first, min, max, title }, place) => {
    const value = values[place] === undefined ? first : Number(values[place]);
    const whole = title === "Deviations" ? value : Math.round(value);
    return Number.isFinite(whole) ? Math.min(max, Math.max(min, whole)) : first;
  });
  return { kind, parameters, color: color === undefined ? undefined : `#${color}` };
}

/** @param {Indicator} indicator */
export function writeIndicator({ kind, parameters, color }) {
  return [kind.name, ...parameters].join("-") +
    (color === undefined ? "" : color.replace("#", "@"));
}

/** @param {Indicator} indicator @returns its name with its parameters, such as SMA 20 */
export function titleOf({ kind, parameters }) {
  return [kind.short, ...parameters].join(" ");
}
