/** Reads ticks from JSON, NDJSON and CSV, record by record. */
import { LOOKS_LIKE_MS_MAX, LOOKS_LIKE_MS_MIN, parseIso } from "../core/time.ts";
import { DAY_MS } from "../core/interval.ts";
import { symbolFault, type Tick } from "../core/tick.ts";
import { ClientError } from "../hub/client_error.ts";
import { type Cells, DelimitedCutter } from "./delimited.ts";
import { RecordFault } from "./record_fault.ts";

export type RecordFormat = "json" | "ndjson" | "csv";

/** One record of a text. `number` counts from 1: records in JSON, lines in NDJSON and CSV. */
export interface NumberedRecord {
  readonly number: number;
  /** The parsed record, or the reason why it cannot be read. */
  readonly value: unknown | RecordFault;
}

export interface TickRules {
  /** The time of ticks without one, and the base for the limit on future times. */
  readonly now: number;
  /** Recorded data may have times in seconds, times without a zone (UTC) and numbers as strings. */
  readonly recorded?: boolean;
  /** The symbol of records without one. */
  readonly symbol?: string | undefined;
}

const SHOWN_MAX = 60;
/** Records to read before a yield. */
const SLICE = 2_000;
const DECIMAL = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;

/**
 * Reads a whole batch.
 * @throws {ClientError} for the first record that cannot be read
 */
export function readTicks(text: string, format: RecordFormat, now: number): Tick[] {
  return finish(tickSlices(text, format, now));
}

/** Reads a whole batch and yields regularly, so that other work can run. @throws {ClientError} as `readTicks` */
export function* tickSlices(
  text: string,
  format: RecordFormat,
  now: number,
): Generator<void, Tick[]> {
  const unit = format === "json" ? "record" : "line";
  const ticks: Tick[] = [];
  for (const { number, value } of readRecords(text, format)) {
    try {
      if (value instanceof RecordFault) throw value;
      ticks.push(toTick(value, { now, recorded: false }, format === "csv"));
      if (ticks.length % SLICE === 0) yield;
    } catch (error) {
      if (!(error instanceof RecordFault)) throw error;
      throw new ClientError("bad_tick", `Cannot read ticks: ${unit} ${number}: ${error.message}`);
    }
  }
  return ticks;
}

/** Runs a reader to its end. */
export function finish<Result>(reading: Generator<void, Result>): Result {
  for (;;) {
    const { done, value } = reading.next();
    if (done) return value;
  }
}

/** Splits a text into records. A single JSON object is a batch of one. */
export function* readRecords(text: string, format: RecordFormat): Generator<NumberedRecord> {
  const content = text.startsWith("\uFEFF") ? text.slice(1) : text;
  if (format !== "json") {
    const csv = format === "csv" ? new CsvReader() : undefined;
    let number = 0;
    for (const text of content.split(/\r\n?|\n/)) {
      number++;
      if (csv !== undefined) yield* csv.read({ number, text });
      else if (text.trim() !== "") yield { number, value: readJsonLine(text) };
    }
    if (csv !== undefined) yield* csv.end();
    return;
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(content);
  } catch (cause) {
    throw new ClientError("bad_json", `Cannot read ticks: ${(cause as Error).message}`);
  }
  const records = Array.isArray(parsed) ? parsed : [parsed];
  for (const [index, value] of records.entries()) yield { number: index + 1, value };
}

export function readJsonLine(line: string): unknown | RecordFault {
  try {
    return JSON.parse(line);
  } catch (cause) {
    return new RecordFault(`not JSON: ${(cause as Error).message}`);
  }
}

/** Reads the lines of a CSV text. The first line is the header. */
class CsvReader {
  #cutter: DelimitedCutter | undefined;
  #names: readonly string[] | undefined;

  *read(line: { readonly number: number; readonly text: string }): Generator<NumberedRecord> {
    if (this.#cutter === undefined) {
      if (line.text.trim() === "") return;
      const delimiter = [",", "\t", ";", "|"].find((mark) => line.text.includes(mark));
      this.#cutter = new DelimitedCutter(delimiter ?? ",", undefined);
    }
    for (const cells of this.#cutter.cut([line])) yield* this.#record(cells);
  }

  *end(): Generator<NumberedRecord> {
    for (const cells of this.#cutter?.end() ?? []) yield* this.#record(cells);
  }

  *#record({ number, cells }: Cells): Generator<NumberedRecord> {
    if (cells instanceof RecordFault) return yield { number, value: cells };
    const names = this.#names;
    if (names === undefined) {
      this.#names = cells;
      const twice = cells.find((name, index) => name !== "" && cells.indexOf(name) < index);
      if (twice === undefined) return;
      return yield { number, value: new RecordFault(`column ${show(twice)} appears twice`) };
    }
    if (cells.length !== names.length) {
      const value = new RecordFault(`${cells.length} values for ${names.length} columns`);
      return yield { number, value };
    }
    yield { number, value: Object.fromEntries(names.map((name, at) => [name, cells[at]!])) };
  }
}

/**
 * Reads one record.
 * @param asText whether numbers are strings and an empty string means absent, as in CSV
 * @throws {RecordFault} names the field and the reason
 */
export function toTick(record: unknown, rules: TickRules, asText = false): Tick {
  if (typeof record !== "object" || record === null || Array.isArray(record)) {
    throw new RecordFault(`${show(record)} is not an object with symbol and price`);
  }
  const fields = record as Readonly<Record<string, unknown>>;
  const number = (name: string) => readNumber(name, fields[name], asText);
  const symbol = fields["symbol"] ?? rules.symbol;
  if (typeof symbol !== "string") throw new RecordFault("symbol is missing");
  const fault = symbolFault(symbol);
  if (fault !== undefined) throw new RecordFault(`symbol ${show(symbol)}: ${fault}`);
  const bid = number("bid");
  const ask = number("ask");
  const size = number("size");
  if (size !== null && size < 0) throw new RecordFault(`size ${size} is negative`);
  const absent = fields["price"] === undefined || (asText && fields["price"] === "");
  if (!absent && fields["price"] === null) throw new RecordFault("price null is not a number");
  let price = absent ? null : number("price");
  if (price === null) {
    if (bid === null || ask === null) throw new RecordFault("price is missing");
    price = middle(bid, ask);
  }
  return { symbol, time: readTime(fields["time"], rules, asText), price, size, bid, ask };
}

function readNumber(name: string, value: unknown, asText: boolean): number | null {
  if (value === undefined || value === null || (asText && value === "")) return null;
  const number = asText && typeof value === "string" && DECIMAL.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  // JSON.stringify writes infinity as null.
  const shown = typeof value === "number" ? value : show(value);
  throw new RecordFault(`${name} ${shown} is not a number`);
}

/** The middle, without rounding noise. It is finite even if bid + ask overflows. */
export function middle(bid: number, ask: number): number {
  const sum = bid + ask;
  const exact = Number.isFinite(sum) ? sum / 2 : bid / 2 + ask / 2;
  const rounded = Number(exact.toPrecision(15));
  return Number.isFinite(rounded) ? rounded : exact;
}

function readTime(value: unknown, rules: TickRules, asText: boolean): number {
  const { now, recorded = false } = rules;
  if (value === undefined || value === null || (asText && value === "")) return now;
  const numeric = typeof value === "number" ||
    (asText && typeof value === "string" && /^-?\d+(\.\d+)?(e\d+)?$/i.test(value));
  let time: number;
  if (numeric) {
    time = Number(value);
    if (time < LOOKS_LIKE_MS_MIN) {
      if (!recorded || time < 0) {
        throw new RecordFault(`time ${show(value)} looks like seconds: send milliseconds`);
      }
      time *= 1_000;
    } else if (!(time < LOOKS_LIKE_MS_MAX)) {
      throw new RecordFault(
        `time ${show(value)} looks like micro- or nanoseconds: send milliseconds`,
      );
    }
  } else {
    const iso = typeof value === "string" ? parseIso(value) : undefined;
    if (iso === undefined) {
      throw new RecordFault(`time ${show(value)} is neither milliseconds nor ISO 8601`);
    }
    if (!iso.zoned && !recorded) {
      throw new RecordFault(`time ${show(value)} has no zone: end it with Z or an offset`);
    }
    time = iso.time;
  }
  if (time > now + DAY_MS) throw new RecordFault(`time ${show(value)} is more than a day ahead`);
  return time;
}

export function show(value: unknown): string {
  // Nested lists may be too deep for JSON.stringify.
  const shallow = (_: string, inner: unknown) =>
    typeof inner === "object" && inner !== null && inner !== value ? "…" : inner;
  const text = JSON.stringify(value, shallow) ?? String(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}
