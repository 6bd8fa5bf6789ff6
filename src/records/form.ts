import { type Interval, INTERVALS, isInterval } from "../core/interval.ts";
import { symbolFault } from "../core/tick.ts";
import { type Field, FIELDS } from "./names.ts";
import type { DecimalMark } from "./numbers.ts";
import { TIME_UNITS, timeReader } from "./times.ts";
import { zoneOf } from "./zones.ts";

export const TEXT_FORMATS = ["json", "ndjson", "csv"] as const;
export const FORMATS = [...TEXT_FORMATS, "parquet", "arrow"] as const;
export type Format = typeof FORMATS[number];

/** The form of records. Undefined parts are detected from the data. */
export interface Form {
  readonly format?: Format | undefined;
  /** Path of the records in a document, such as `data.items`. */
  readonly path?: string | undefined;
  readonly delimiter?: string | undefined;
  readonly header?: "none" | "first" | undefined;
  /** Names of the columns; a column with an empty name is left out. */
  readonly columns?: readonly string[] | undefined;
  readonly comment?: string | undefined;
  /** Number of lines to skip. */
  readonly skip?: number | undefined;
  readonly decimal?: DecimalMark | undefined;
  /** Columns that form the time together. */
  readonly time?: readonly string[] | undefined;
  readonly timeFormat?: string | undefined;
  readonly timeUnit?: string | undefined;
  readonly zone?: string | undefined;
  /** Columns that are one symbol each. */
  readonly values?: readonly string[] | undefined;
  /** A symbol, or a pattern such as `{name}.{field}`. */
  readonly symbol?: string | undefined;
  readonly map: ReadonlyMap<Field, string>;
  readonly interval?: Interval | undefined;
}

/** An error of a whole text instead of a record: its form, or the options for its form. */
export class FormFault extends RangeError {}

const DELIMITERS: Readonly<Record<string, string>> = { tab: "\t", space: " ", "\\t": "\t" };

/**
 * Reads the options.
 * @param get returns the value of an option; `undefined` or `null` if it is not given
 * @throws {FormFault} names the option
 */
export function readForm(get: (option: string) => string | null | undefined): Form {
  const text = (option: string) => get(option) ?? undefined;
  const list = (option: string) => text(option)?.split(",").map((name) => name.trim());
  const one = <Word extends string>(option: string, words: readonly Word[]) => {
    const value = text(option);
    const word = words.find((each) => each === value);
    if (value === undefined || word !== undefined) return word;
    throw new FormFault(`${option}=${value} is none of ${words.join(", ")}`);
  };
  const delimiter = text("delimiter");
  const form: Form = {
    format: one("format", FORMATS),
    path: text("path") || undefined,
    delimiter: delimiter === undefined ? undefined : DELIMITERS[delimiter] ?? delimiter,
    header: one("header", ["none", "first"]),
    columns: list("columns"),
    comment: text("comment") || undefined,
    skip: countOf("skip", text("skip")),
    decimal: one("decimal", [".", ","]),
    // A query turns plus signs into blanks.
    time: text("time")?.split(/[+ ]/),
    timeFormat: text("time-format"),
    timeUnit: one("time-unit", Object.keys(TIME_UNITS)),
    zone: text("zone")?.replace(/^ (?=\d)/, "+"),
    values: list("values"),
    symbol: text("symbol"),
    map: readMap(text("map") ?? ""),
    interval: intervalOf(text("interval")),
  };
  check(form);
  return form;
}

function check(form: Form): void {
  const { delimiter, symbol, time, map, timeFormat: format, timeUnit: unit, zone, values } = form;
  if (delimiter !== undefined && (delimiter.length !== 1 || /["\n\r]/.test(delimiter))) {
    throw new FormFault(`delimiter=${delimiter} is not one character, nor tab or space`);
  }
  const fault = symbol === undefined ? undefined : symbolFault(symbol.replace(/\{[^{}]*\}/g, "x"));
  if (fault !== undefined) throw new FormFault(`symbol ${JSON.stringify(symbol)}: ${fault}`);
  if (time !== undefined && map.has("time")) {
    throw new FormFault("time and map both name the column of the time");
  }
  for (const [option, names] of Object.entries({ time, values })) {
    if (names?.some((name) => name === "")) throw new FormFault(`${option} has an empty name`);
  }
  try {
    timeReader({ format, unit, zone: zoneOf(zone ?? "Z") });
  } catch (error) {
    throw new FormFault((error as Error).message);
  }
}

function countOf(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new FormFault(`${option}=${text} is not a number of lines`);
}

function intervalOf(text: string | undefined): Interval | undefined {
  if (text === undefined || isInterval(text)) return text;
  throw new FormFault(`interval=${text} is none of ${INTERVALS.join(", ")}`);
}

function readMap(text: string): ReadonlyMap<Field, string> {
  const names = new Map<Field, string>();
  for (const pair of text.split(",").filter((each) => each !== "")) {
    const colon = pair.indexOf(":");
    const field = FIELDS.find((each) => each === pair.slice(0, colon));
    if (field === undefined || colon === pair.length - 1) {
      const fields = FIELDS.join(", ");
      throw new FormFault(`map ${pair} is not FIELD:NAME with a field of ${fields}`);
    }
    if (names.has(field)) throw new FormFault(`map names ${field} twice`);
    names.set(field, pair.slice(colon + 1));
  }
  return names;
}

/** The form as options, for the query of a feed. */
export function writeForm(form: Form): string {
  const { delimiter } = form;
  const values: Record<string, string | number | undefined> = {
    format: form.format,
    path: form.path,
    delimiter: delimiter === "\t" ? "tab" : delimiter === " " ? "space" : delimiter,
    header: form.header,
    columns: form.columns?.join(","),
    comment: form.comment,
    skip: form.skip,
    decimal: form.decimal,
    time: form.time?.join("+"),
    "time-format": form.timeFormat,
    "time-unit": form.timeUnit,
    zone: form.zone,
    values: form.values?.join(","),
    symbol: form.symbol,
    map: [...form.map].map(([field, name]) => `${field}:${name}`).join(",") || undefined,
    interval: form.interval,
  };
  return Object.entries(values).filter(([, value]) => value !== undefined)
    .map(([option, value]) => `${option}=${encoded(String(value))}`).join("&");
}

/** Encodes only the characters that a query or a shell would interpret. */
function encoded(value: string): string {
  return value.replace(
    /[%&#+\s"'$\\]/g,
    (letter) => encodeURIComponent(letter).replace("'", "%27"),
  );
}
