import type { Tick } from "../core/tick.ts";
import { readRecords, RecordFault, type RecordFormat } from "../wire/records.ts";
import { lookUp, type RecordMap } from "./record_map.ts";
import { formatOfLine } from "./record_stream.ts";

/** How the answers of a source are read. */
export interface AnswerShape {
  readonly map: RecordMap;
  /** Where in the answer the records are, such as `data.items`; empty for all of it. */
  readonly path: string;
  readonly format: RecordFormat | undefined;
}

/** What an answer tells of one symbol. */
export interface Observation {
  readonly tick: Tick;
  /** Whether the answer says of when it is; else it is of now. */
  readonly isTimed: boolean;
}

/** One record of an answer, with the symbol that it stands under. */
interface Entry {
  /** For whoever has to find it. */
  readonly label: string;
  readonly value: unknown;
  readonly symbol?: string | undefined;
}

/**
 * Reads an answer: all of it, or nothing. JSON may be a list of records, one record, or an object of
 * records or prices by their symbols.
 * @throws {Error} that names record and field
 */
export function readAnswer(text: string, shape: AnswerShape, now: number): Observation[] {
  const { map } = shape;
  return entriesOf(text, shape).map(({ label, value, symbol }) => {
    try {
      if (value instanceof RecordFault) throw value;
      const isTimed = map.value(value, "time") !== undefined;
      return { tick: map.tick(value, now, symbol), isTimed };
    } catch (error) {
      if (!(error instanceof RecordFault)) throw error;
      throw new Error(`${label}: ${error.message}`);
    }
  });
}

function entriesOf(text: string, shape: AnswerShape): Entry[] {
  // A page that explains or asks to log in would pass for CSV, its first line for the header.
  if (/^\s*</.test(text)) throw new Error("it is HTML or XML, not JSON or CSV");
  const format = shape.format ?? formatOf(text);
  if (format === "json") return entriesOfJson(JSON.parse(text), shape);
  const entries: Entry[] = [];
  for (const { number, value } of readRecords(text, format)) {
    const isFirst = format === "csv" && entries.length === 0;
    if (isFirst && !(value instanceof RecordFault)) shape.map.checkColumns(value, "the answer");
    entries.push({ label: `line ${number}`, value });
  }
  return entries;
}

function entriesOfJson(document: unknown, { map, path }: AnswerShape): Entry[] {
  const value = path === "" ? document : lookUp(document, path);
  if (value === undefined) throw new Error(`there is no ${path} in it`);
  const price = priceOf(value);
  if (price !== undefined) return [{ label: "record 1", value: price }];
  if (Array.isArray(value)) {
    return value.map((each, index) => ({
      label: `record ${index + 1}`,
      value: priceOf(each) ?? each,
    }));
  }
  const isRecord = map.value(value, "price") !== undefined ||
    (map.value(value, "bid") !== undefined && map.value(value, "ask") !== undefined);
  if (isRecord || typeof value !== "object" || value === null) {
    return [{ label: "record 1", value }];
  }
  return Object.entries(value).map(([symbol, each]) => ({
    label: `record ${JSON.stringify(symbol)}`,
    value: priceOf(each) ?? each,
    symbol,
  }));
}

/** A price that stands alone, perhaps written as text. */
function priceOf(value: unknown): number | undefined {
  if (typeof value === "number") return value;
  const isNumber = typeof value === "string" && /^[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?$/i.test(value);
  return isNumber ? Number(value) : undefined;
}

/** What an answer is, whatever its sender calls it. */
function formatOf(text: string): RecordFormat {
  const start = text.trimStart();
  const [first = ""] = start.split(/\r?\n/, 1);
  if (formatOfLine(first) === "csv") return "csv";
  const isOneLine = start.trimEnd() === first.trimEnd();
  return isOneLine || !isJson(first) ? "json" : "ndjson";
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
