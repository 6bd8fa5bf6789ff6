/** InfluxDB's line protocol: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/ */
import { DAY_MS } from "../core/interval.ts";
import { symbolFault, type Tick } from "../core/tick.ts";
import { LOOKS_LIKE_MS_MAX, LOOKS_LIKE_MS_MIN } from "../core/time.ts";
import { ClientError } from "../hub/client_error.ts";
import { RecordFault } from "./record_fault.ts";

/** Units of time: the number of digits below a millisecond, or the milliseconds in one unit. */
const PRECISIONS = {
  ns: { digits: 6, factor: 1 },
  n: { digits: 6, factor: 1 },
  us: { digits: 3, factor: 1 },
  u: { digits: 3, factor: 1 },
  ms: { digits: 0, factor: 1 },
  s: { digits: 0, factor: 1_000 },
  m: { digits: 0, factor: 60_000 },
  h: { digits: 0, factor: 3_600_000 },
} as const;

export type Precision = keyof typeof PRECISIONS;

export function isPrecision(text: string): text is Precision {
  return Object.hasOwn(PRECISIONS, text);
}

export interface LineRules {
  /** The time of points without one, and the base for the limit on future times. */
  readonly now: number;
  readonly precision?: Precision | undefined;
  /** Leave out bad lines and report them, instead of throwing. */
  readonly partial?: boolean | undefined;
}

export interface LineBatch {
  readonly ticks: Tick[];
  /** Number of string fields, which cannot be ticks. */
  readonly skipped: number;
  /** The lines that were left out, with `partial`. */
  readonly bad?: BadLines | undefined;
}

/** Lines that cannot be read. */
export class BadLines extends ClientError {
  /** Number of the first such line; `text` is its start. */
  readonly line: number;
  readonly text: string;
  readonly reason: string;
  /** Number of bad lines. */
  count = 0;

  constructor(line: number, text: string, reason: string) {
    super("bad_tick", `Cannot read ticks: line ${line}: ${reason}`);
    this.line = line;
    this.text = text;
    this.reason = reason;
  }
}

const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;
const INTEGER = /^-?\d+i$/;
const UNSIGNED = /^\d+u$/;
const BOOLEAN = /^(?:(t|T|true|True|TRUE)|f|F|false|False|FALSE)$/;
const NOT_IN_SYMBOLS = /[^A-Za-z0-9._:/^=-]/g;
/** Most characters of a line, and of a line in an error. */
export const LINE_MAX = 1_048_576;
const SHOWN_MAX = 100;
/** Characters to read before a yield; each line also costs a fixed amount. */
const SLICE = 131_072;
const LINE_COST = 128;

/**
 * Reads a whole batch and yields regularly, so that other work can run. Each field of a point becomes a tick of
 * the symbol `measurement.field:tag=value:…`, with sorted tags; a field called `value` is left out of the name.
 * @throws {BadLines} for the first line that cannot be read, without `partial`
 */
export function* lineSlices(text: string, rules: LineRules): Generator<void, LineBatch> {
  const ticks: Tick[] = [];
  let skipped = 0;
  let bad: BadLines | undefined;
  let at = 0, effort = 0;
  for (let number = 1; at < text.length; number++) {
    const line = new Line(text, at);
    let end: number;
    try {
      const point = line.point();
      const read = point === undefined ? [] : ticksOf(point, rules);
      for (const tick of read) ticks.push(tick);
      skipped += (point?.fields.length ?? 0) - read.length;
      end = line.end;
    } catch (error) {
      if (!(error instanceof RecordFault)) throw error;
      end = badEnd(text, at);
      line.breaksInside = breaksIn(text, at, end - 1);
      bad ??= new BadLines(number, beginOf(text, at, end), error.message);
      if (rules.partial !== true) throw bad;
      bad.count += 1 + line.breaksInside;
    }
    number += line.breaksInside;
    effort += end - at + LINE_COST;
    at = end;
    if (effort < SLICE) continue;
    effort = 0;
    yield;
  }
  return { ticks, skipped, bad };
}

/**
 * Finds the end of a bad line. A line break inside a string does not end it: text that a log has written into
 * a field must not be read as a point. A string that is not closed extends to the end of the batch.
 */
function badEnd(text: string, begin: number): number {
  let isFields = false, isText = false;
  let at = begin;
  while (text[at] === " " || text[at] === "\t") at++;
  for (; at < text.length; at++) {
    const letter = text[at];
    if (letter === "\n" && !isText) return at + 1;
    if (letter === "\\" && (isText || text[at + 1] !== "\n")) at++;
    else if (letter === '"') isText = !isText && isFields && text[at - 1] === "=";
    else if (letter === " ") isFields = true;
  }
  return text.length;
}

function breaksIn(text: string, begin: number, end: number): number {
  let count = 0;
  for (let at = text.indexOf("\n", begin); at >= 0 && at < end; at = text.indexOf("\n", at + 1)) {
    count++;
  }
  return count;
}

function beginOf(text: string, begin: number, end: number): string {
  const shown = text.slice(begin, Math.min(end, begin + SHOWN_MAX + 1)).trimEnd();
  return shown.length > SHOWN_MAX ? `${shown.slice(0, SHOWN_MAX)}…` : shown;
}

interface Point {
  readonly measurement: string;
  readonly tags: readonly (readonly [name: string, value: string])[];
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly time: string;
}

/** The ticks of a point, one per field that is not a string. */
function ticksOf(point: Point, rules: LineRules): Tick[] {
  const time = readTime(point.time, rules);
  const measurement = spelled(point.measurement);
  const tags = spelledTags(point.tags);
  const ticks: Tick[] = [];
  for (const [name, value] of point.fields) {
    if (value.startsWith('"')) continue;
    const price = readValue(name, value);
    const symbol = symbolOf(measurement, name, tags);
    const fault = symbolFault(symbol);
    if (fault !== undefined) {
      throw new RecordFault(`symbol ${JSON.stringify(symbol.slice(0, 100))}: ${fault}`);
    }
    ticks.push({ symbol, time, price, size: null, bid: null, ask: null });
  }
  return ticks;
}

/** `measurement.field:tag=value:tag=value`; a field called `value` is left out. */
export function symbolOf(measurement: string, field: string, tags: string): string {
  return measurement + (field === "value" ? "" : `.${spelled(field)}`) + tags;
}

/** The sorted tags as the end of a symbol. */
export function spelledTags(tags: readonly (readonly [name: string, value: string])[]): string {
  return spelled(tags.map(([name, value]) => `:${name}=${value}`).sort().join(""));
}

/** Replaces characters that a symbol must not have with `_`. */
export function spelled(text: string): string {
  return text.replace(NOT_IN_SYMBOLS, "_");
}

function readValue(name: string, text: string): number {
  const boolean = BOOLEAN.exec(text);
  if (boolean !== null) return boolean[1] === undefined ? 0 : 1;
  const whole = INTEGER.test(text) || UNSIGNED.test(text);
  const value = whole ? Number(text.slice(0, -1)) : NUMBER.test(text) ? Number(text) : NaN;
  if (Number.isFinite(value)) return value;
  throw new RecordFault(`field ${shown(name)}: ${shown(text)} is neither number, boolean nor text`);
}

/** Milliseconds, as precise as a double. */
function readTime(text: string, { now, precision = "ns" }: LineRules): number {
  if (text === "") return now;
  if (!/^-?\d+$/.test(text)) throw new RecordFault(`time ${shown(text)} is not a whole number`);
  const { digits, factor } = PRECISIONS[precision];
  // A time in nanoseconds is too long for a double, so convert both parts separately.
  const below = digits === 0 ? "" : text.slice(-digits);
  const whole = Number(text.slice(0, text.length - below.length)) * factor;
  const time = whole + Number(below) / 10 ** digits;
  if (!(time >= LOOKS_LIKE_MS_MIN && time < LOOKS_LIKE_MS_MAX)) {
    throw new RecordFault(`time ${shown(text)} is not in ${precision}: name its unit as precision`);
  }
  if (time > now + DAY_MS) throw new RecordFault(`time ${shown(text)} is more than a day ahead`);
  return time;
}

function shown(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}

/** Parses one line from left to right. */
class Line {
  readonly #text: string;
  readonly #limit: number;
  #at: number;
  /** Number of line breaks inside strings. */
  breaksInside = 0;

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
    this.#limit = at + LINE_MAX;
  }

  /** Start of the next line. */
  get end(): number {
    const end = this.#text.indexOf("\n", this.#at);
    return end < 0 ? this.#text.length : end + 1;
  }

  /** @returns `undefined` for a blank line or a comment */
  point(): Point | undefined {
    this.#skipBlanks();
    if (this.#over() || this.#text[this.#at] === "#") return undefined;
    const measurement = this.#name(", ");
    if (measurement === "") throw new RecordFault("the measurement is missing");
    const tags = this.#text[this.#at] === "," ? this.#pairs("tag", () => this.#name(", ")) : [];
    this.#skipBlanks();
    if (this.#over()) throw new RecordFault("the fields are missing");
    this.#at--;
    const fields = this.#pairs("field", () => this.#value());
    this.#skipBlanks();
    const time = this.#name(" ");
    this.#skipBlanks();
    if (!this.#over()) throw new RecordFault("text follows the time");
    return { measurement, tags, fields, time };
  }

  /** Pairs of name and value. One character stands before each: a comma, or the one before the first pair. */
  #pairs(kind: string, value: () => string): [string, string][] {
    const pairs: [string, string][] = [];
    do {
      this.#at++;
      const name = this.#name("=, ");
      if (name === "") throw new RecordFault(`the name of a ${kind} is missing`);
      if (this.#text[this.#at++] !== "=") {
        this.#at--;
        throw new RecordFault(`${kind} ${shown(name)} has no value`);
      }
      const read = value();
      if (read === "") throw new RecordFault(`${kind} ${shown(name)} has no value`);
      pairs.push([name, read]);
    } while (this.#text[this.#at] === ",");
    return pairs;
  }

  /** Reads up to one of the marks. A backslash escapes a comma, an equals sign or a blank. */
  #name(marks: string): string {
    const text = this.#text;
    let name = "";
    let begin = this.#at;
    for (; !this.#over(); this.#at++) {
      const letter = text[this.#at]!;
      if (letter === "\\" && [",", "=", " "].includes(text[this.#at + 1]!)) {
        name += text.slice(begin, this.#at);
        begin = ++this.#at;
      } else if (marks.includes(letter)) break;
    }
    return name + text.slice(begin, this.#at);
  }

  /** Reads the value of a field. A string may contain line breaks. */
  #value(): string {
    const text = this.#text;
    if (text[this.#at] !== '"') return this.#name(", ");
    const begin = this.#at++;
    for (; text[this.#at] !== '"'; this.#at++) {
      if (this.#at >= text.length) throw new RecordFault("a quote is not closed");
      this.#checkLength();
      if (text[this.#at] === "\\") this.#at++;
      if (text[this.#at] === "\n") this.breaksInside++;
    }
    this.#at++;
    if (!this.#over() && !", ".includes(text[this.#at]!)) {
      throw new RecordFault("text follows a closing quote");
    }
    return text.slice(begin, this.#at);
  }

  #skipBlanks(): void {
    while (this.#text[this.#at] === " " || this.#text[this.#at] === "\t") this.#at++;
  }

  #checkLength(): void {
    if (this.#at <= this.#limit) return;
    throw new RecordFault(`the line has more than ${LINE_MAX} characters`);
  }

  #over(): boolean {
    this.#checkLength();
    const letter = this.#text[this.#at];
    return letter === undefined || letter === "\n" ||
      letter === "\r" && [undefined, "\n"].includes(this.#text[this.#at + 1]);
  }
}
