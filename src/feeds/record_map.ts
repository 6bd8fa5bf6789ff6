import { LOOKS_LIKE_MS_MIN } from "../core/time.ts";
import { symbolFault, type Tick } from "../core/tick.ts";
import { RecordFault, type RecordFormat, toTick } from "../wire/records.ts";
import { type FeedSpec, unusable } from "./feed.ts";

const TICK_FIELDS = ["symbol", "time", "price", "size", "bid", "ask"] as const;
type TickField = typeof TICK_FIELDS[number];

/** The options that say how records are read. */
export const RECORD_OPTIONS = ["map", "symbol", "format"];
const FORMATS: readonly string[] = ["json", "ndjson", "csv"];

/** Makes ticks of records that call their fields otherwise: `map=time:Date,price:data.last`. */
export class RecordMap {
  /** Name in the record of each field of a tick. */
  readonly #names: ReadonlyMap<TickField, string>;
  readonly #symbol: string | undefined;

  /** @throws {RangeError} for a map or a symbol that cannot be used */
  constructor(spec: FeedSpec, symbol = spec.options.get("symbol") ?? undefined) {
    this.#names = readNames(spec);
    this.#symbol = symbol;
    const fault = symbol === undefined ? undefined : symbolFault(symbol);
    if (fault !== undefined) throw unusable(spec, `symbol ${JSON.stringify(symbol)}: ${fault}`);
  }

  /**
   * Numbers may be written as text, and a plain number is a price.
   * @param symbol of records that name none
   * @throws {RecordFault}
   */
  tick(value: unknown, now: number, symbol = this.#symbol): Tick {
    const record = typeof value === "number" ? { price: value } : this.#renamed(value);
    const tick = toTick(record, { now, recorded: true, symbol }, true);
    const { time } = record as { time?: unknown };
    if (tick.time < LOOKS_LIKE_MS_MIN && Number.isFinite(Number(time ?? NaN))) {
      throw new RecordFault(
        `time ${JSON.stringify(time)} is neither milliseconds nor seconds since 1970`,
      );
    }
    return tick;
  }

  /** What a record says for a field of a tick; `undefined` when it says nothing. */
  value(record: unknown, field: TickField): unknown {
    const value = lookUp(record, this.#names.get(field) ?? field);
    return value === null || value === "" ? undefined : value;
  }

  /**
   * Looks whether the columns of a CSV text are there, so that a wrong name is said once and not of
   * every line.
   * @throws {RangeError} that names the columns
   */
  checkColumns(record: unknown, name: string): void {
    if (typeof record !== "object" || record === null) return;
    const has = (field: TickField) => Object.hasOwn(record, this.#names.get(field) ?? field);
    const lacks = (what: string) =>
      new RangeError(
        `Cannot read ${name}: there is no column ${what}; the columns are ${
          Object.keys(record).join(", ")
        }`,
      );
    for (const [field, column] of this.#names) {
      if (!has(field)) throw lacks(`${column} for ${field}`);
    }
    if (!has("price") && !(has("bid") && has("ask"))) {
      throw lacks("price: name it with map=price:COLUMN");
    }
    if (!has("symbol") && this.#symbol === undefined) {
      throw lacks("symbol: name it with map=symbol:COLUMN, or give symbol=NAME");
    }
  }

  #renamed(value: unknown): unknown {
    if (this.#names.size === 0 || typeof value !== "object" || value === null) return value;
    const renamed: Record<string, unknown> = {};
    for (const field of TICK_FIELDS) {
      renamed[field] = lookUp(value, this.#names.get(field) ?? field);
    }
    return renamed;
  }
}

/** What stands under a name, or under a path of names such as `data.last` or `0.price`. */
export function lookUp(value: unknown, path: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  if (Object.hasOwn(value, path)) return (value as Record<string, unknown>)[path];
  const dot = path.indexOf(".");
  if (dot < 0 || !Object.hasOwn(value, path.slice(0, dot))) return undefined;
  return lookUp((value as Record<string, unknown>)[path.slice(0, dot)], path.slice(dot + 1));
}

/** @throws {RangeError} */
export function formatOption(spec: FeedSpec): RecordFormat | undefined {
  const format = spec.options.get("format");
  if (format === null) return undefined;
  if (FORMATS.includes(format)) return format as RecordFormat;
  throw unusable(spec, `format=${format} is none of ${FORMATS.join(", ")}`);
}

function readNames(spec: FeedSpec): ReadonlyMap<TickField, string> {
  const names = new Map<TickField, string>();
  for (const pair of (spec.options.get("map") ?? "").split(",").filter((text) => text !== "")) {
    const colon = pair.indexOf(":");
    const field = TICK_FIELDS.find((each) => each === pair.slice(0, colon));
    if (field === undefined || colon === pair.length - 1) {
      const fields = TICK_FIELDS.join(", ");
      throw unusable(spec, `map ${pair} is not FIELD:NAME with a field of ${fields}`);
    }
    if (names.has(field)) throw unusable(spec, `map names ${field} twice`);
    names.set(field, pair.slice(colon + 1));
  }
  return names;
}
