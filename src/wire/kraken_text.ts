/** Kraken's form of numbers, times and errors. */
import { type Interval, isInterval } from "../core/interval.ts";
import { known } from "../core/known.ts";
import type { Quote } from "../tape/figures.ts";
import type { Span } from "../tape/last_day.ts";

/** Decimals of volumes, and of the lots at bid and ask in `Ticker` and `Depth`. */
export const SIZE_DECIMALS = 8;
export const LOT_DECIMALS = 3;
/** Prices as text have at least this many decimals. */
const PRICE_DECIMALS_MIN = 5;

/** Lengths of candles in minutes. */
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

/** The error for an unknown pair name. */
export function unknownPair(name: string): string {
  return name.includes("/")
    ? `Currency pair not supported ${name}`
    : `Currency pair not in ISO 4217-A3 format ${name}`;
}

export function unsupportedField(name: string, type: string): string {
  return `Unsupported field: '${name}' for the given msg type: ${type}`;
}

/** An error of the hub in Kraken's words, if Kraken has any for it. */
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
 * A number with fixed decimals, without a sign before zero. Kraken's clients expect a number everywhere, so
 * an unknown or infinite value becomes 0.
 */
export function fixed(value: number | null, decimals: number): string {
  const text = (known(value ?? NaN) ?? 0).toFixed(decimals);
  return /^-[0.]+$/.test(text) ? text.slice(1) : text;
}

/** A price as text, for version 1 and REST. */
export function priceText(price: number | null, decimals: number): string {
  return `"${fixed(price, Math.max(PRICE_DECIMALS_MIN, decimals))}"`;
}

export function sizeText(size: number | null): string {
  return `"${fixed(size, SIZE_DECIMALS)}"`;
}

/**
 * The text of a `ticker`, with the figures of today and of the last 24 hours.
 * @param lots the quantities at bid and ask as text; they are unknown, so it says 0
 * @param opens the opening prices as text
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

/** Milliseconds as whole microseconds. */
export function micros(time: number): number {
  return Math.round(time * 1_000);
}

/** Seconds with six decimals, such as `1790401259.939649`. */
export function seconds(time: number): string {
  const whole = micros(time);
  const second = Math.floor(whole / 1e6);
  return `${second}.${String(whole - second * 1e6).padStart(6, "0")}`;
}

/** RFC 3339 with microseconds; `nanos` appends zeros up to nanoseconds. */
export function timestamp(time: number, nanos = false): string {
  const whole = micros(time);
  const second = Math.floor(whole / 1e6);
  const fraction = String(whole - second * 1e6).padStart(6, "0");
  return `${new Date(second * 1_000).toISOString().slice(0, 19)}.${fraction}${nanos ? "000" : ""}Z`;
}

/** Reads a frame; `undefined` if it is not a JSON object. */
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

/** Whether a request may have this number: any integer of 64 bits, because the answer only repeats it. */
export function isRequestNumber(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= 2 ** 64;
}
