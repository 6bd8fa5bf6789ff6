/** InfluxDB's line protocol: https://docs.influxdata.com/influxdb/v2/reference/syntax/line-protocol/ */
import { DAY_MS } from "../core/interval.ts";
import { symbolFault, type Tick } from "../core/tick.ts";
import { LOOKS_LIKE_MS_MAX, LOOKS_LIKE_MS_MIN } from "../core/time.ts";
import { ClientError } from "../hub/client_error.ts";
import { RecordFault } from "./records.ts";

/** The unit of a time: how many of its last digits are below a millisecond, or milliseconds in one. */
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
  /** For points without a time, and as the bound for times ahead. */
  readonly now: number;
  readonly precision?: Precision | undefined;
}

export interface LineBatch {
  readonly ticks: Tick[];
  /** Fields that are texts. */
  readonly skipped: number;
}

const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;
const INTEGER = /^-?\d+i$/;
const UNSIGNED = /^\d+u$/;
const BOOLEAN = /^(?:(t|T|true|True|TRUE)|f|F|false|False|FALSE)$/;
const NOT_IN_SYMBOLS = /[^A-Za-z0-9._:/^=-]/g;
/** Lines read between two rests. */
const SLICE = 1_000;

/**
 * Reads a whole batch, and rests now and then. A field of a point is a tick of the symbol
 * `measurement.field:tag=value:…`, its tags in order; the field `value` is left out of the name.
 * @throws {ClientError} that names the first line that cannot be read
 */
export function* lineSlices(text: string, rules: LineRules): Generator<void, LineBatch> {
  const batch = { ticks: [] as Tick[], skipped: 0 };
  let at = 0;
  for (let number = 1; at < text.length; number++) {
    const line = new Line(text, at);
    try {
      const point = line.point();
      if (point !== undefined) addTicks(batch, point, rules);
    } catch (error) {
      if (!(error instanceof RecordFault)) throw error;
      throw new ClientError("bad_tick", `Cannot read ticks: line ${number}: ${error.message}`);
    }
    number += line.breaksInside;
    at = line.end;
    if (number % SLICE === 0) yield;
  }
  return batch;
}

interface Point {
  readonly measurement: string;
  readonly tags: readonly (readonly [name: string, value: string])[];
  readonly fields: readonly (readonly [name: string, value: string])[];
  readonly time: string;
}

function addTicks(batch: { ticks: Tick[]; skipped: number }, point: Point, rules: LineRules): void {
  const time = readTime(point.time, rules);
  const tags = point.tags.map(([name, value]) => `:${name}=${value}`).sort().join("");
  for (const [name, value] of point.fields) {
    if (value.startsWith('"')) {
      batch.skipped++;
      continue;
    }
    const price = readValue(name, value);
    const field = name === "value" ? "" : `.${name}`;
    const symbol = `${point.measurement}${field}${tags}`.replace(NOT_IN_SYMBOLS, "_");
    const fault = symbolFault(symbol);
    if (fault !== undefined) {
      throw new RecordFault(`symbol ${JSON.stringify(symbol.slice(0, 100))}: ${fault}`);
    }
    batch.ticks.push({ symbol, time, price, size: null, bid: null, ask: null });
  }
}

function readValue(name: string, text: string): number {
  const boolean = BOOLEAN.exec(text);
  if (boolean !== null) return boolean[1] === undefined ? 0 : 1;
  const whole = INTEGER.test(text) || UNSIGNED.test(text);
  const value = whole ? Number(text.slice(0, -1)) : NUMBER.test(text) ? Number(text) : NaN;
  if (Number.isFinite(value)) return value;
  throw new RecordFault(`field ${shown(name)}: ${shown(text)} is neither number, boolean nor text`);
}

/** Milliseconds, to the part that a double can hold. */
function readTime(text: string, { now, precision = "ns" }: LineRules): number {
  if (text === "") return now;
  if (!/^-?\d+$/.test(text)) throw new RecordFault(`time ${shown(text)} is not a whole number`);
  const { digits, factor } = PRECISIONS[precision];
  // The parts above and below a millisecond are exact; the whole is too long a number.
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

/** One line, read from left to right. */
class Line {
  readonly #text: string;
  #at: number;
  /** Line breaks in its texts. */
  breaksInside = 0;

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  /** Where the next line begins. */
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
    if (!this.#over()) throw new RecordFault("more than a time stands after the fields");
    return { measurement, tags, fields, time };
  }

  /** Pairs of a name and a value, each after one mark: a comma, or what stands before the first. */
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

  /** Reads up to one of the marks; a backslash before a mark makes it a letter. */
  #name(marks: string): string {
    let name = "";
    for (; !this.#over(); this.#at++) {
      const letter = this.#text[this.#at]!;
      const next = this.#text[this.#at + 1] ?? "";
      if (letter === "\\" && next !== "" && ",= ".includes(next)) name += this.#text[++this.#at];
      else if (marks.includes(letter)) break;
      else name += letter;
    }
    return name;
  }

  /** The value of a field; a text begins with its quote and may have line breaks. */
  #value(): string {
    const text = this.#text;
    if (text[this.#at] !== '"') return this.#name(", ");
    const begin = this.#at++;
    for (; text[this.#at] !== '"'; this.#at++) {
      if (this.#at >= text.length) throw new RecordFault("a quote is not closed");
      if (text[this.#at] === "\\") this.#at++;
      if (text[this.#at] === "\n") this.breaksInside++;
    }
    this.#at++;
    if (!this.#over() && !", ".includes(text[this.#at]!)) {
      throw new RecordFault("a text ends before its value does");
    }
    return text.slice(begin, this.#at);
  }

  #skipBlanks(): void {
    while (this.#text[this.#at] === " " || this.#text[this.#at] === "\t") this.#at++;
  }

  #over(): boolean {
    const letter = this.#text[this.#at];
    return letter === undefined || letter === "\n" ||
      letter === "\r" && [undefined, "\n"].includes(this.#text[this.#at + 1]);
  }
}
