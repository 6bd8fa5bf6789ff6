import { DAY_MS, INTERVALS, isInterval, lengthOf, startOf } from "../core/interval.ts";
import type { GivenBar } from "../core/given_bar.ts";
import { symbolFault, type Tick } from "../core/tick.ts";
import { RecordFault } from "../wire/record_fault.ts";
import { middle, show } from "../wire/records.ts";
import type { Form } from "./form.ts";
import type { Field } from "./names.ts";
import { type DecimalMark, isNothing, readNumber } from "./numbers.ts";
import { lookUp, type NumberedRow } from "./table.ts";
import { type ReadTime, timeReader } from "./times.ts";
import { ZoneInOrder } from "./zone_in_order.ts";
import { zoneOf } from "./zones.ts";

/** The ticks and bars of records. */
export interface Taken {
  readonly ticks: Tick[];
  readonly bars: GivenBar[];
}

export interface LayoutParts {
  /** Complete, with all detected parts. */
  readonly form: Form;
  /** Names of the values, for rows that are lists. */
  readonly columns: readonly string[] | undefined;
  readonly isBar: boolean;
  /** Whether the newest record comes first. */
  readonly isNewestFirst: boolean;
  /** Ends the error for a record without a time; `undefined`: the record gets the current time. */
  readonly timeless: string | undefined;
  /** Columns that are not used. */
  readonly unused: readonly string[];
}

type Get = (record: unknown) => unknown;

/** Reads records of one form. */
export class Layout {
  readonly parts: LayoutParts;
  readonly #mark: DecimalMark;
  readonly #get: Readonly<Record<Field, Get>>;
  readonly #times: readonly Get[];
  readonly #readTime: ReadTime;
  readonly #zone: ZoneInOrder;
  readonly #values: readonly { readonly name: string; readonly get: Get }[];
  /** The parts of the symbol's pattern: text at even places, names of columns between. */
  readonly #pattern: readonly string[] | undefined;
  readonly #getters: ReadonlyMap<string, Get>;
  /** The last valid symbol. */
  #symbol = "";

  constructor(parts: LayoutParts) {
    this.parts = parts;
    const { form, columns } = parts;
    const getter = (name: string): Get => {
      if (columns === undefined) return (record) => lookUp(record, name);
      const index = columns.indexOf(name);
      return (record) => (record as readonly unknown[])[index];
    };
    const of = (field: Field) => getter(form.map.get(field) ?? field);
    this.#mark = form.decimal ?? ".";
    this.#get = {
      ...{ symbol: of("symbol"), time: of("time"), price: of("price"), size: of("size") },
      ...{ bid: of("bid"), ask: of("ask"), open: of("open"), high: of("high") },
      ...{ low: of("low"), close: of("close"), volume: of("volume"), interval: of("interval") },
    };
    this.#times = form.time?.map(getter) ?? [this.#get.time];
    this.#zone = new ZoneInOrder(zoneOf(form.zone ?? "Z"), parts);
    this.#readTime = timeReader({ format: form.timeFormat, unit: form.timeUnit, zone: this.#zone });
    this.#values = (form.values ?? []).map((name) => ({ name, get: getter(name) }));
    const pattern = form.symbol?.split(/\{([^{}]*)\}/);
    this.#pattern = pattern !== undefined && pattern.length > 1 ? pattern : undefined;
    this.#getters = new Map(
      this.#pattern?.filter((_, index) => index % 2 === 1).map((name) => [name, getter(name)]),
    );
  }

  /** @throws {RecordFault} names the field and the reason; ticks before the error are in `taken` */
  take({ value, symbol }: NumberedRow, now: number, taken: Taken): void {
    if (value instanceof RecordFault) throw value;
    const { isBar } = this.parts;
    if (typeof value === "number") {
      const time = this.#timed(undefined, now);
      const name = this.#checked(symbol ?? this.parts.form.symbol);
      taken.ticks.push({ symbol: name, time, price: value, size: null, bid: null, ask: null });
      return;
    }
    if (typeof value !== "object" || value === null) {
      throw new RecordFault(`${show(value)} is not an object with symbol and price`);
    }
    if (this.#values.length > 0) this.#takeValues(value, symbol, now, taken);
    else if (isBar) taken.bars.push(this.#bar(value, symbol, now));
    else taken.ticks.push(this.#tick(value, symbol, now));
  }

  /** The time of a record as one value; `undefined` without a time. */
  timeOf(record: unknown): unknown {
    if (this.#times.length === 1) {
      const value = this.#times[0]!(record);
      return isNothing(value) ? undefined : value;
    }
    const parts = this.#times.map((get) => get(record)).filter((part) => !isNothing(part));
    return parts.length < this.#times.length ? undefined : parts.map(String).join(" ");
  }

  #tick(record: object, symbol: string | undefined, now: number): Tick {
    const name = this.#symbolOf(record, symbol, "");
    const bid = this.#number(record, "bid");
    const ask = this.#number(record, "ask");
    const size = this.#number(record, "size");
    if (size !== null && size < 0) throw new RecordFault(`size ${size} is negative`);
    let price = this.#number(record, "price");
    if (price === null) {
      if (bid === null || ask === null) throw new RecordFault("price is missing");
      price = middle(bid, ask);
    }
    const time = this.#timed(this.timeOf(record), now, name);
    return { symbol: name, time, price, size, bid, ask };
  }

  #bar(record: object, symbol: string | undefined, now: number): GivenBar {
    const need = (field: "open" | "high" | "low" | "close") => {
      const number = this.#number(record, field);
      if (number === null) throw new RecordFault(`${field} is missing`);
      return number;
    };
    const name = this.#symbolOf(record, symbol, "");
    const [open, high, low, close] = [need("open"), need("high"), need("low"), need("close")];
    if (high < Math.max(open, low, close)) throw new RecordFault(`high ${high} is not the highest`);
    if (low > Math.min(open, close)) throw new RecordFault(`low ${low} is not the lowest`);
    const volume = this.#number(record, "volume");
    if (volume !== null && volume < 0) throw new RecordFault(`volume ${volume} is negative`);
    const told = this.timeOf(record);
    if (told === undefined) throw new RecordFault("time is missing");
    const interval = this.parts.form.interval ?? this.#get.interval(record);
    if (typeof interval !== "string" || !isInterval(interval)) {
      throw new RecordFault(`interval ${show(interval)} is none of ${INTERVALS.join(", ")}`);
    }
    const moment = this.#timed(told, now, name);
    // Midnight in Berlin is on the day before in UTC: a bar of a day keeps the date of its zone.
    const isOfDays = lengthOf(interval) >= DAY_MS;
    const time = startOf(interval, isOfDays ? moment + this.#zone.offsetOf(moment) : moment);
    return { symbol: name, interval, time, open, high, low, close, volume };
  }

  #takeValues(record: object, symbol: string | undefined, now: number, taken: Taken): void {
    const time = this.#timed(this.timeOf(record), now);
    let fault: unknown;
    for (const { name, get } of this.#values) {
      try {
        const price = this.#read(name, get(record));
        // An empty cell is not an observation.
        if (price === null) continue;
        const own = this.#symbolOf(record, symbol, name);
        taken.ticks.push({ symbol: own, time, price, size: null, bid: null, ask: null });
      } catch (error) {
        fault ??= error;
      }
    }
    if (fault !== undefined) throw fault;
  }

  /** @param field the column, for a record with several values */
  #symbolOf(record: object, given: string | undefined, field: string): string {
    if (this.#pattern !== undefined) {
      const parts = this.#pattern.map((part, index) => {
        if (index % 2 === 0) return part;
        return part === "field" && field !== "" ? field : this.#getters.get(part)!(record) ?? "";
      });
      return this.#checked(parts.join(""));
    }
    const own = this.#get.symbol(record);
    const base = isNothing(own) ? given ?? this.parts.form.symbol : own;
    if (field === "") return this.#checked(base);
    return this.#checked(base === undefined ? field : `${base}.${field}`);
  }

  #checked(symbol: unknown): string {
    if (symbol === this.#symbol) return this.#symbol;
    if (typeof symbol !== "string") {
      throw new RecordFault(
        symbol === undefined ? "symbol is missing" : `symbol ${show(symbol)} is not text`,
      );
    }
    const fault = symbolFault(symbol);
    if (fault !== undefined) throw new RecordFault(`symbol ${show(symbol)}: ${fault}`);
    return this.#symbol = symbol;
  }

  #number(record: object, field: Field): number | null {
    return this.#read(field, this.#get[field](record));
  }

  #read(name: string, value: unknown): number | null {
    if (isNothing(value)) return null;
    const number = typeof value === "string"
      ? readNumber(value, this.#mark)
      : typeof value === "bigint"
      ? Number(value)
      : value;
    if (typeof number === "number" && Number.isFinite(number)) return number;
    // JSON.stringify writes infinity as null.
    throw new RecordFault(
      `${name} ${typeof value === "number" ? value : show(value)} is not a number`,
    );
  }

  #timed(value: unknown, now: number, symbol = ""): number {
    if (value === undefined) {
      const { timeless } = this.parts;
      if (timeless === undefined) return now;
      throw new RecordFault(`time is missing: name its column with map${timeless}`);
    }
    this.#zone.symbol = symbol;
    const time = this.#readTime(value);
    if (time === undefined) throw new RecordFault(this.#timeFault(value));
    if (time > now + DAY_MS) throw new RecordFault(`time ${show(value)} is more than a day ahead`);
    return time;
  }

  #timeFault(value: unknown): string {
    const { timeFormat } = this.parts.form;
    if (timeFormat !== undefined) return `time ${show(value)} is not ${timeFormat}`;
    return Number.isFinite(Number(value))
      ? `time ${show(value)} is neither milliseconds nor seconds since 1970`
      : `time ${show(value)} is neither milliseconds nor ISO 8601`;
  }
}
