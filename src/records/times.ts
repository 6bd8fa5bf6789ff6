import { LOOKS_LIKE_MS_MAX, LOOKS_LIKE_MS_MIN } from "../core/time.ts";
import { type Zone, zoneOf } from "./zones.ts";

/** A time from a typed column: milliseconds since the epoch. */
export class Moment {
  readonly ms: number;

  constructor(ms: number) {
    this.ms = ms;
  }

  toJSON(): string {
    return new Date(this.ms).toISOString();
  }
}

/** Milliseconds in each unit of numeric times. */
export const TIME_UNITS: Readonly<Record<string, number>> = {
  s: 1_000,
  ms: 1,
  us: 1e-3,
  ns: 1e-6,
};

/** The form of times. Undefined parts are detected for each time. */
export interface TimeRules {
  readonly format?: string | undefined;
  readonly unit?: string | undefined;
  /** For texts without a zone; undefined means UTC. */
  readonly zone?: Zone | undefined;
}

/** @returns milliseconds since the epoch; `undefined` if the value is not a time of this form */
export type ReadTime = (value: unknown) => number | undefined;

const UTC = zoneOf("Z");

interface Civil {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Digits of the fraction of a second. */
  readonly fraction: string;
}

const YEAR_FIRST =
  /^(\d{4})([-/.]?)(\d{1,2})\2(\d{1,2})(?:(?:T|,? +)(\d{1,2}):?(\d{2})(?::?(\d{2})(?:[.,]?(\d{1,9}))?)?)?\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?$/i;
const NUMBER = /^[-+]?\d+(?:\.\d+)?(?:e\+?\d+)?$/i;
/** YYYYMMDD, YYYYMMDDHHmmss, and the latter with milliseconds. */
const COMPACT = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)(\d{3})?)?$/;

/** Makes a reader of times. @throws {RangeError} for an invalid format */
export function timeReader({ format, unit, zone = UTC }: TimeRules): ReadTime {
  const factor = unit === undefined ? undefined : TIME_UNITS[unit];
  const read = format === undefined
    ? (text: string) => readUsual(text, zone) ?? readStandard(text, zone, factor)
    : formatReader(format, zone);
  return (value) => {
    if (value instanceof Moment) return value.ms;
    const isNumber = typeof value === "number";
    if (!isNumber && typeof value !== "string") return undefined;
    if (isNumber && format === undefined) {
      const text = value < 3e7 || value > LOOKS_LIKE_MS_MAX ? String(value) : "";
      return (COMPACT.test(text) && factor === undefined ? readStandard(text, zone) : undefined) ??
        byMagnitude(value, factor);
    }
    return read(isNumber ? String(value) : value.trim());
  };
}

/** Twelve digits may be a date and a time of day, or milliseconds of the 1970s. */
export function isTwofold(text: string): boolean {
  const [, year, month, day, hour, minute] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(text) ?? [];
  return year !== undefined &&
    civilTime(civilOf([year, month, day, hour, minute])) !== undefined;
}

/** The last day read; the next time is usually on the same day. */
let day = "", dayMs = 0;

/** A fast reader for the usual form, such as `2024-05-06T07:08:09.123Z`; `undefined` for others. */
function readUsual(text: string, zone: Zone): number | undefined {
  const { length } = text;
  const isUtc = text.charCodeAt(length - 1) === 0x5a;
  const end = isUtc ? length - 1 : length;
  const between = text.charCodeAt(10);
  if (end < 19 || end === 20 || end > 23 || (between !== 0x54 && between !== 0x20)) {
    return undefined;
  }
  if (text.charCodeAt(13) !== 0x3a || text.charCodeAt(16) !== 0x3a) return undefined;
  const hour = digits(text, 11, 13), minute = digits(text, 14, 16), second = digits(text, 17, 19);
  let ms = 0;
  if (end > 19) {
    if (text.charCodeAt(19) !== 0x2e) return undefined;
    ms = digits(text, 20, end) * (end === 23 ? 1 : end === 22 ? 10 : 100);
  }
  // Other characters than digits give NaN.
  if (!(hour < 24 && minute < 60 && second < 60 && ms >= 0)) return undefined;
  if (!text.startsWith(day) || day === "") {
    const date = text.slice(0, 10);
    const start = /^\d{4}-\d\d-\d\d$/.test(date) ? readStandard(date, UTC) : undefined;
    if (start === undefined) return undefined;
    [day, dayMs] = [date, start];
  }
  const local = dayMs + hour * 3_600_000 + minute * 60_000 + second * 1_000 + ms;
  return isUtc ? local : local - zone.offsetAt(local);
}

/** The number of some digits; NaN for other characters. */
function digits(text: string, begin: number, end: number): number {
  let value = 0;
  for (let at = begin; at < end; at++) {
    const digit = text.charCodeAt(at) - 0x30;
    value = digit >= 0 && digit <= 9 ? 10 * value + digit : NaN;
  }
  return value;
}

/** ISO 8601, dates with the year first and other marks, or a number since the epoch. */
function readStandard(text: string, zone: Zone, factor?: number): number | undefined {
  if (NUMBER.test(text)) {
    const compact = factor === undefined ? COMPACT.exec(text) : null;
    if (compact !== null) {
      const local = civilTime(civilOf(compact.slice(1)));
      if (local !== undefined) return local - zone.offsetAt(local);
    }
    return byMagnitude(Number(text), factor);
  }
  const match = YEAR_FIRST.exec(text);
  if (match === null) return undefined;
  const [, year, , month, day, hour, minute, second, fraction, name] = match;
  const local = civilTime(civilOf([year, month, day, hour, minute, second, fraction]));
  if (local === undefined) return undefined;
  return local - (name === undefined ? zone : zoneOf(name)).offsetAt(local);
}

/** Detects the unit of a number: between 1973 and 5138 the ranges of all units are disjoint. */
function byMagnitude(value: number, factor: number | undefined): number | undefined {
  if (factor !== undefined) return value * factor;
  if (value >= LOOKS_LIKE_MS_MIN && value < LOOKS_LIKE_MS_MAX) return value;
  for (const each of [1_000, 1e-3, 1e-6]) {
    const ms = each < 1 ? value / (1 / each) : value * each;
    if (ms >= LOOKS_LIKE_MS_MIN && ms < LOOKS_LIKE_MS_MAX) return ms;
  }
  return undefined;
}

function civilOf(parts: readonly (string | undefined)[]): Civil {
  const [year, month, day, hour, minute, second] = parts.map((part) => Number(part ?? 0));
  return {
    year: year!,
    month: month!,
    day: day!,
    hour: hour ?? 0,
    minute: minute ?? 0,
    second: second ?? 0,
    fraction: parts[6] ?? "",
  };
}

/** Local milliseconds; `undefined` for a date or time that does not exist, such as 31.02. */
function civilTime(civil: Civil): number | undefined {
  const { year, month, day, hour, minute, second, fraction } = civil;
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second > 59) {
    return undefined;
  }
  const last = month === 2 ? (isLeap(year) ? 29 : 28) : DAYS[month - 1]!;
  if (day > last) return undefined;
  const whole = Date.UTC(year, month - 1, day, hour, minute, second);
  if (fraction === "") return whole;
  // Add whole milliseconds separately, which is exact.
  return whole + Number(fraction.slice(0, 3).padEnd(3, "0")) + Number(`0.${fraction.slice(3)}`);
}

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const TOKENS =
  /\[[^\]]*\]|YYYY|YY|MMMM|MMM|MM|M|DD|D|dddd|ddd|HH|H|hh|h|mm|ss|[.,]?S+|A|Z|\s+|[^]/g;
/** The pattern of each token, and its part: the first letter, or `b` for the name of a month. */
const PATTERNS: Readonly<Record<string, readonly [pattern: string, part: string]>> = {
  YYYY: ["(\\d{4})", "Y"],
  YY: ["(\\d{2})", "y"],
  MMMM: ["([A-Za-z]{3,9})\\.?", "b"],
  MMM: ["([A-Za-z]{3,9})\\.?", "b"],
  MM: ["(\\d{2})", "M"],
  M: ["(\\d{1,2})", "M"],
  DD: ["(\\d{2})", "D"],
  D: ["(\\d{1,2})", "D"],
  HH: ["(\\d{2})", "H"],
  H: ["(\\d{1,2})", "H"],
  hh: ["(\\d{2})", "h"],
  h: ["(\\d{1,2})", "h"],
  mm: ["(\\d{2})", "m"],
  ss: ["(\\d{2})", "s"],
  A: ["([AaPp]\\.?[Mm]\\.?)", "A"],
  Z: ["(Z|UTC|GMT|[+-]\\d{2}(?::?\\d{2})?)", "Z"],
};

/**
 * Reads times by a format of tokens: YYYY YY, M MM MMM (Jan) MMMM, D DD, H HH, h hh with A (AM or
 * PM), mm, ss, S (a fraction of a second of any length; it may be missing together with the mark
 * before it), Z (an offset, Z, UTC or GMT), ddd and dddd (a day of the week, which is ignored),
 * [text]. Other characters stand for themselves.
 */
function formatReader(format: string, zone: Zone): (text: string) => number | undefined {
  const parts: string[] = [];
  let pattern = "";
  for (const [token] of format.matchAll(TOKENS)) {
    const [known, part] = PATTERNS[token] ?? [];
    if (known !== undefined) {
      pattern += known;
      parts.push(part!);
    } else if (/S/.test(token)) {
      const mark = token.replace(/S+/, "");
      pattern += `(?:${mark === "" ? "" : "[.,]"}(\\d{1,9}))?`;
      parts.push("S");
    } else if (/^d{3,4}$/.test(token)) pattern += "[A-Za-z]{2,9}\\.?";
    else if (/^\s/.test(token)) pattern += "\\s+";
    else pattern += token.replace(/^\[|\]$/g, "").replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");
  }
  const has = (...some: string[]) => some.some((part) => parts.includes(part));
  if (!has("Y", "y") || !has("M", "b") || !has("D")) {
    throw new RangeError(
      `time-format=${format} needs YYYY, MM and DD, as in DD.MM.YYYY HH:mm:ss.SSS`,
    );
  }
  const expression = new RegExp(`^${pattern}$`);
  return (text) => {
    const match = expression.exec(text);
    if (match === null) return undefined;
    const found: Record<string, string | undefined> = {};
    for (const [index, part] of parts.entries()) found[part] = match[index + 1];
    const civil = civilOfParts(found);
    const local = civil === undefined ? undefined : civilTime(civil);
    if (local === undefined) return undefined;
    return local - (found["Z"] === undefined ? zone : zoneOf(found["Z"])).offsetAt(local);
  };
}

function civilOfParts(found: Readonly<Record<string, string | undefined>>): Civil | undefined {
  const { Y, y, M, b, D, H, h, m, s, S, A } = found;
  // As in POSIX: 69 is 1969.
  const year = Y === undefined ? Number(y) + (Number(y) < 69 ? 2_000 : 1_900) : Number(Y);
  const month = b === undefined ? Number(M) : 1 + MONTHS.indexOf(b.slice(0, 3).toLowerCase());
  let hour = Number(H ?? h ?? 0);
  if (A !== undefined) {
    if (hour < 1 || hour > 12) return undefined;
    hour = hour % 12 + (/^p/i.test(A) ? 12 : 0);
  }
  const [day, minute, second] = [Number(D), Number(m ?? 0), Number(s ?? 0)];
  return { year, month, day, hour, minute, second, fraction: S ?? "" };
}
