/** Rows of history as JSON, NDJSON and CSV, slice by slice. */
import type { Bar } from "../core/bar.ts";
import type { TapedTick } from "../core/tick.ts";

/** The kind of a column's values. Only a `number` may be unknown. */
export type ColumnKind = "integer" | "number" | "word" | "flag";

export interface Column<Row> {
  readonly name: keyof Row & string;
  readonly kind: ColumnKind;
}

/** Some rows of an answer, by row or by column. */
export interface Rows<Row> {
  readonly count: number;
  list(): readonly Row[];
  /** A column of numbers; NaN is unknown. */
  numbers(name: keyof Row): Float64Array;
  /** A column of words as numbers, which are valid only within this slice. */
  words(name: keyof Row): { readonly numbers: ArrayLike<number>; wordOf(number: number): string };
}

/** Wraps rows that are already objects. */
export function listed<Row>(list: readonly Row[]): Rows<Row> {
  return {
    count: list.length,
    list: () => list,
    numbers: (name) => Float64Array.from(list, (row) => Number(row[name] ?? NaN)),
    words: (name) => ({
      numbers: list.map((_, at) => at),
      wordOf: (at) => String(list[at]![name]),
    }),
  };
}

/** Writes one answer: the part before the rows, the rows in slices, and the part after them. */
export interface Writer<Row> {
  begin(): Uint8Array<ArrayBuffer>;
  rows(rows: Rows<Row>): Uint8Array<ArrayBuffer>;
  end(): Uint8Array<ArrayBuffer>;
}

function columns<Row>(kind: ColumnKind, ...names: (keyof Row & string)[]): Column<Row>[] {
  return names.map((name) => ({ name, kind }));
}

export const TICK_COLUMNS: readonly Column<TapedTick>[] = [
  ...columns<TapedTick>("integer", "seq"),
  ...columns<TapedTick>("word", "symbol"),
  ...columns<TapedTick>("number", "time", "price", "size", "bid", "ask"),
];

export const BAR_COLUMNS: readonly Column<Bar>[] = [
  ...columns<Bar>("word", "symbol", "interval"),
  ...columns<Bar>("number", "time", "open", "high", "low", "close", "volume", "vwap"),
  ...columns<Bar>("integer", "count"),
  ...columns<Bar>("flag", "closed", "revised"),
];

const encoder = new TextEncoder();
const NOTHING = new Uint8Array();

/** One array of objects. */
export function jsonWriter<Row>(): Writer<Row> {
  let mark = "";
  return {
    begin: () => encoder.encode("["),
    rows(rows) {
      if (rows.count === 0) return NOTHING;
      const text = mark + rows.list().map((row) => JSON.stringify(row)).join(",");
      mark = ",";
      return encoder.encode(text);
    },
    end: () => encoder.encode("]"),
  };
}

/** One object per line. https://github.com/ndjson/ndjson-spec */
export function ndjsonWriter<Row>(): Writer<Row> {
  return {
    begin: () => NOTHING,
    rows: (rows) => encoder.encode(rows.list().map((row) => `${JSON.stringify(row)}\n`).join("")),
    end: () => NOTHING,
  };
}

/** A header line, then one line per row; an unknown value is empty. https://www.rfc-editor.org/rfc/rfc4180 */
export function csvWriter<Row>(columns: readonly Column<Row>[]): Writer<Row> {
  const line = (values: readonly unknown[]) => `${values.map(csvValue).join(",")}\r\n`;
  return {
    begin: () => encoder.encode(line(columns.map(({ name }) => name))),
    rows: (rows) =>
      encoder.encode(rows.list().map((row) => line(columns.map(({ name }) => row[name]))).join("")),
    end: () => NOTHING,
  };
}

function csvValue(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value !== "string") return String(value);
  // Keep a spreadsheet from reading the text as a formula: old tapes contain such symbols.
  const text = value.replace(/^[=+\-@\t\r\n]/, "'$&");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Joins the parts of an answer. */
export function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
