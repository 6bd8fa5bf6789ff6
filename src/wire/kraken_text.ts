/** How Kraken writes numbers, times, and what cannot be done. */
import { type Interval, isInterval } from "../core/interval.ts";
import { known } from "../core/known.ts";
import type { Quote } from "../tape/figures.ts";
import type { Span } from "../tape/last_day.ts";

/** Decimals of volumes, and of the lots at bid and ask in `Ticker` and `Depth`. */
export const SIZE_DECIMALS = 8;
export const LOT_DECIMALS = 3;
/** Prices as text have at least so many decimals. */
const PRICE_DECIMALS_MIN = 5;

/** Widths of candles, in minutes. */
const INTERVALS: ReadonlyMap<number, Interval> = new Map(
  Object.entries({
    1: "1m",
    5: "5m",
    15: "15m",
    30: "30m",
    60: "1h",
    240: "4h",
    1440: "1d",
    10080: "1w",
  })
    .flatMap(([minutes, name]) => isInterval(name) ? [[Number(minutes), name] as const] : []),
);
const MINUTES = new Map([...INTERVALS].map(([minutes, interval]) => [interval, minutes]));

export const ALL_MINUTES: readonly number[] = [...INTERVALS.keys()];

export function intervalOf(minutes: unknown): Interval | undefined {
  return typeof minutes === "number" ? INTERVALS.get(minutes) : undefined;
}

export function minutesOf(interval: Interval): number {
  return MINUTES.get(interval)!;
}

export const MALFORMED = "Malformed request";
const ALREADY_SUBSCRIBED = "Already subscribed";
export const NOT_SUBSCRIBED = "Subscription Not Found";
export const BAD_NAME = "Subscription name invalid";
export const BAD_INTERVAL = "Subscription ohlc interval not supported";
export const RATE_EXCEEDED = "Exceeded msg rate";
export const PRIVATE =
  "Private data and trading are unavailable on this endpoint. Try ws-auth.kraken.com";

/** Why a name is no pair that there is. */
export function unknownPair(name: string): string {
  return name.includes("/")
    ? `Currency pair not supported ${name}`
    : `Currency pair not in ISO 4217-A3 format ${name}`;
}

export function unsupportedField(name: string, type: string): string {
  return `Unsupported field: '${name}' for the given msg type: ${type}`;
}

/** What the hub refuses, in Kraken's words where it has any. */
export function refusalText(code: string, message: string): string {
  const texts: Readonly<Record<string, string>> = {
    already_subscribed: ALREADY_SUBSCRIBED,
    unknown_sub: NOT_SUBSCRIBED,
    too_many_commands: RATE_EXCEEDED,
    too_large: MALFORMED,
    bad_json: MALFORMED,
  };
  return texts[code] ?? message;
}

/**
 * A number with fixed decimals, and no sign before a zero. Kraken's clients take whatever stands there for
 * a number, so what is unknown, or beyond all numbers, is 0, as the sizes are that nobody told.
 */
export function fixed(value: number | null, decimals: number): string {
  const text = (known(value ?? NaN) ?? 0).toFixed(decimals);
  return /^-[0.]+$/.test(text) ? text.slice(1) : text;
}

/** A price as text in version 1 and in REST. */
export function priceText(price: number | null, decimals: number): string {
  return `"${fixed(price, Math.max(PRICE_DECIMALS_MIN, decimals))}"`;
}

export function sizeText(size: number | null): string {
  return `"${fixed(size, SIZE_DECIMALS)}"`;
}

/**
 * A `ticker` as text has it; figures are those of today and of the last 24 hours.
 * @param lots what may be bought and sold, which is not known: no lots, as they are written there
 * @param opens what was paid first
 */
export function tickerText(
  { price, size, bid, ask, today, lastDay }: Quote,
  decimals: number,
  { lots, opens }: { readonly lots: string; readonly opens: string },
): string {
  const text = (value: number | null) => priceText(value, decimals);
  const both = (name: keyof Span, write: (value: number | null) => string) =>
    `[${write(today[name])},${write(lastDay[name])}]`;
  return `{"a":[${text(ask ?? price)},${lots}],"b":[${text(bid ?? price)},${lots}],` +
    `"c":[${text(price)},${sizeText(size)}],"v":${both("volume", sizeText)},` +
    `"p":${both("vwap", text)},"t":${both("count", String)},"l":${both("low", text)},` +
    `"h":${both("high", text)},"o":${opens}}`;
}

/** Microseconds of a time in milliseconds: whole, and exact. */
export function micros(time: number): number {
  return Math.round(time * 1_000);
}

/** Seconds with six decimals: `1790401259.939649`. */
export function seconds(time: number): string {
  const whole = micros(time);
  const second = Math.floor(whole / 1e6);
  return `${second}.${String(whole - second * 1e6).padStart(6, "0")}`;
}

/** RFC 3339 with microseconds, or with the zeros that make them nanoseconds. */
export function timestamp(time: number, nanos = false): string {
  const whole = micros(time);
  const second = Math.floor(whole / 1e6);
  const fraction = String(whole - second * 1e6).padStart(6, "0");
  return `${new Date(second * 1_000).toISOString().slice(0, 19)}.${fraction}${nanos ? "000" : ""}Z`;
}

/** Reads a frame; `undefined` when it is no JSON object. */
export function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const frame: unknown = JSON.parse(text);
    return isObject(frame) ? frame : undefined;
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a request may have this number: any whole one of 64 bits, since it is only repeated. */
export function isRequestNumber(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= 2 ** 64;
}
