import { symbolFault } from "./tick.ts";

/** A symbol with its reference data. Unknown values are `null`. */
export interface Instrument {
  readonly symbol: string;
  readonly name: string | null;
  readonly description: string | null;
  /** Number of decimals for writing its prices. */
  readonly decimals: number;
  /** The last price before the current UTC day, used until the tape has one. */
  readonly prevClose: number | null;
  /** Shares or units in circulation; market capitalisation is this times the price. */
  readonly shares: number | null;
}

/** An instrument as it is stored. */
export interface InstrumentRecord extends Instrument {
  /** Whether its decimals follow the most precise price seen. */
  readonly learning: boolean;
}

/** Stored when an instrument or a newest observation of a symbol no longer exists. */
export interface Gone {
  readonly symbol: string;
  readonly gone: true;
}

/** Changes of an instrument: an absent field keeps its value, `null` makes it unknown. */
export interface InstrumentFields {
  name?: string | null;
  description?: string | null;
  decimals?: number | null;
  prevClose?: number | null;
  shares?: number | null;
}

export const NAME_LENGTH_MAX = 200;
export const DESCRIPTION_LENGTH_MAX = 2_000;

type Value = string | number | null;

const text = (lengthMax: number) => (value: unknown) =>
  typeof value === "string" && value.length <= lengthMax
    ? undefined
    : `text of at most ${lengthMax} characters`;
const numeric = (value: unknown) => Number.isFinite(value) ? undefined : "a number";

/** The fields by their outside names. The function returns what a wrong value should have been. */
const FIELDS: Readonly<
  Record<string, readonly [keyof InstrumentFields, (value: unknown) => string | undefined]>
> = {
  name: ["name", text(NAME_LENGTH_MAX)],
  description: ["description", text(DESCRIPTION_LENGTH_MAX)],
  decimals: [
    "decimals",
    (value) =>
      Number.isInteger(value) && Number(value) >= 0 && Number(value) <= DECIMALS_MAX
        ? undefined
        : `a whole number from 0 to ${DECIMALS_MAX}`,
  ],
  prev_close: ["prevClose", numeric],
  shares: [
    "shares",
    (value) => numeric(value) ?? (Number(value) < 0 ? "a number that is not negative" : undefined),
  ],
};

/**
 * Reads the fields of an instrument by their outside names: `name`, `description`, `decimals`,
 * `prev_close` and `shares`.
 * @throws {RangeError} names the field
 */
export function readInstrumentFields(written: unknown): InstrumentFields {
  if (typeof written !== "object" || written === null || Array.isArray(written)) {
    throw new RangeError(`it is not an object with some of ${Object.keys(FIELDS).join(", ")}`);
  }
  const fields: Partial<Record<keyof InstrumentFields, Value>> = {};
  for (const [name, value] of Object.entries(written)) {
    const field = Object.hasOwn(FIELDS, name) ? FIELDS[name] : undefined;
    if (field === undefined) {
      const known = Object.keys(FIELDS).join(", ");
      throw new RangeError(`${JSON.stringify(name)} is no field: known are ${known}`);
    }
    const [own, fault] = field;
    const wanted = value === null ? undefined : fault(value);
    if (wanted !== undefined) throw new RangeError(`${name} is not ${wanted}`);
    fields[own] = value as Value;
  }
  return fields as InstrumentFields;
}

export const DECIMALS_MIN = 2;
export const DECIMALS_MAX = 8;

/** Number of decimals for writing a price, from 2 to 8: 1.5 has 2, 64000.123 has 3. */
export function decimalsOf(price: number): number {
  for (let decimals = DECIMALS_MIN, scale = 100; decimals < DECIMALS_MAX; decimals++, scale *= 10) {
    if (Math.abs(Math.round(price * scale) / scale - price) <= Math.abs(price) * Number.EPSILON) {
      return decimals;
    }
  }
  return DECIMALS_MAX;
}

const UNKNOWN = { name: null, description: null, prevClose: null, shares: null };

/** All known instruments by symbol, in the order of their appearance. */
export class Catalogue {
  readonly #instruments = new Map<string, Instrument>();
  /** Symbols whose decimals follow the most precise price seen. */
  readonly #learning = new Set<string>();
  readonly #changed = new Set<string>();
  #added = 0;

  /** Number of instruments that were ever added, including removed ones. */
  get added(): number {
    return this.#added;
  }

  get size(): number {
    return this.#instruments.size;
  }

  get(symbol: string): Instrument | undefined {
    return this.#instruments.get(symbol);
  }

  has(symbol: string): boolean {
    return this.#instruments.has(symbol);
  }

  symbols(): IterableIterator<string> {
    return this.#instruments.keys();
  }

  all(): Instrument[] {
    return [...this.#instruments.values()];
  }

  /**
   * Adds an instrument or changes the given fields.
   * @throws {RangeError} for a malformed symbol, unless it is known already
   */
  define(symbol: string, fields: InstrumentFields): Instrument {
    const { learning, ...instrument } = this.defined(symbol, fields);
    this.#set(instrument);
    if (learning) this.#learning.add(symbol);
    else this.#learning.delete(symbol);
    return instrument;
  }

  /** What `define` would make; it changes nothing. @throws {RangeError} as `define` */
  defined(symbol: string, fields: InstrumentFields): InstrumentRecord {
    const known = this.#instruments.get(symbol);
    const fault = known === undefined ? symbolFault(symbol) : undefined;
    if (fault !== undefined) {
      const shown = JSON.stringify(symbol.slice(0, 100));
      throw new RangeError(`Cannot define instrument ${shown}: ${fault}`);
    }
    const given = Object.entries(fields).filter(([, value]) => value !== undefined);
    const { decimals } = fields;
    return {
      ...known ?? UNKNOWN,
      ...Object.fromEntries(given),
      symbol,
      decimals: decimals ?? known?.decimals ?? DECIMALS_MIN,
      learning: decimals === null ||
        decimals === undefined && (known === undefined || this.#learning.has(symbol)),
    };
  }

  /**
   * Notes a price. Adds an unknown instrument, and updates decimals that nobody has set. It does
   * not check the symbol, because old tapes can have symbols that are no longer allowed.
   */
  observe(symbol: string, price: number): void {
    if (!this.#instruments.has(symbol)) {
      this.#set({ symbol, ...UNKNOWN, decimals: DECIMALS_MIN });
      this.#learning.add(symbol);
    }
    if (!this.#learning.has(symbol)) return;
    const instrument = this.#instruments.get(symbol)!;
    if (instrument.decimals === DECIMALS_MAX) return;
    const decimals = decimalsOf(price);
    if (decimals > instrument.decimals) this.#set({ ...instrument, decimals });
  }

  /** Removes an instrument. */
  remove(symbol: string): void {
    if (!this.#instruments.delete(symbol)) return;
    this.#learning.delete(symbol);
    this.#changed.add(symbol);
  }

  /** An instrument, or `Gone`, if that has changed since the last call. */
  takeChange(symbol: string): InstrumentRecord | Gone | undefined {
    if (!this.#changed.delete(symbol)) return undefined;
    if (!this.#instruments.has(symbol)) return { symbol, gone: true };
    return { ...this.#instruments.get(symbol)!, learning: this.#learning.has(symbol) };
  }

  /** Loads a stored instrument. */
  restore({ learning, ...instrument }: InstrumentRecord): void {
    this.#put(instrument);
    if (learning) this.#learning.add(instrument.symbol);
  }

  #set(instrument: Instrument): void {
    this.#put(instrument);
    this.#changed.add(instrument.symbol);
  }

  #put(instrument: Instrument): void {
    if (!this.#instruments.has(instrument.symbol)) this.#added++;
    this.#instruments.set(instrument.symbol, instrument);
  }

  /** Instruments whose symbol or name contains the text, in any letter case. */
  search(text: string): Instrument[] {
    const wanted = text.toLowerCase();
    return this.all().filter(({ symbol, name }) =>
      symbol.toLowerCase().includes(wanted) || (name?.toLowerCase().includes(wanted) ?? false)
    );
  }
}
