import { isSymbol } from "./tick.ts";

/** The thing observed, with its reference data. What is unknown is `null`. */
export interface Instrument {
  readonly symbol: string;
  readonly name: string | null;
  readonly description: string | null;
  /** How many decimals its prices are written with. */
  readonly decimals: number;
  /** The last price before the current UTC day, used until the tape itself knows one. */
  readonly prevClose: number | null;
  /** Shares or units in circulation; market capitalisation is this times the price. */
  readonly shares: number | null;
}

/** An instrument as it is stored. */
export interface InstrumentRecord extends Instrument {
  /** Its decimals follow the most precise price seen. */
  readonly learning: boolean;
}

export interface InstrumentFields {
  name?: string;
  description?: string;
  decimals?: number;
  prevClose?: number;
  shares?: number;
}

export const DECIMALS_MIN = 2;
export const DECIMALS_MAX = 8;

/** How many decimals a price is written with, from 2 to 8: 1.5 has 2, 64000.123 has 3. */
export function decimalsOf(price: number): number {
  for (let decimals = DECIMALS_MIN, scale = 100; decimals < DECIMALS_MAX; decimals++, scale *= 10) {
    if (Math.abs(Math.round(price * scale) / scale - price) <= Math.abs(price) * Number.EPSILON) {
      return decimals;
    }
  }
  return DECIMALS_MAX;
}

/** Every instrument known, by symbol, in the order in which they became known. */
export class Catalogue {
  readonly #instruments = new Map<string, Instrument>();
  /** Symbols whose decimals follow the most precise price seen. */
  readonly #learning = new Set<string>();
  readonly #changed = new Set<string>();

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
   * Adds an instrument or changes the fields given.
   * @throws {RangeError} when the symbol is malformed
   */
  define(symbol: string, fields: InstrumentFields): Instrument {
    if (!isSymbol(symbol)) {
      throw new RangeError(`Cannot define instrument ${JSON.stringify(symbol)}: not a symbol`);
    }
    const known = this.#instruments.get(symbol);
    const instrument: Instrument = {
      symbol,
      name: fields.name ?? known?.name ?? null,
      description: fields.description ?? known?.description ?? null,
      decimals: fields.decimals ?? known?.decimals ?? DECIMALS_MIN,
      prevClose: fields.prevClose ?? known?.prevClose ?? null,
      shares: fields.shares ?? known?.shares ?? null,
    };
    this.#set(instrument);
    if (fields.decimals !== undefined) this.#learning.delete(symbol);
    else if (known === undefined) this.#learning.add(symbol);
    return instrument;
  }

  /** Notes a price: an instrument nobody defined appears, and one whose decimals are not set learns them. */
  observe(symbol: string, price: number): void {
    if (!this.#instruments.has(symbol)) this.define(symbol, {});
    if (!this.#learning.has(symbol)) return;
    const instrument = this.#instruments.get(symbol)!;
    if (instrument.decimals === DECIMALS_MAX) return;
    const decimals = decimalsOf(price);
    if (decimals > instrument.decimals) this.#set({ ...instrument, decimals });
  }

  /** An instrument, if it has changed since the last call. */
  takeChange(symbol: string): InstrumentRecord | undefined {
    if (!this.#changed.delete(symbol)) return undefined;
    return { ...this.#instruments.get(symbol)!, learning: this.#learning.has(symbol) };
  }

  /** Takes over an instrument that was stored. */
  restore({ learning, ...instrument }: InstrumentRecord): void {
    this.#instruments.set(instrument.symbol, instrument);
    if (learning) this.#learning.add(instrument.symbol);
  }

  #set(instrument: Instrument): void {
    this.#instruments.set(instrument.symbol, instrument);
    this.#changed.add(instrument.symbol);
  }

  /** Instruments whose symbol or name contains the text, in any letter case. */
  search(text: string): Instrument[] {
    const wanted = text.toLowerCase();
    return this.all().filter(({ symbol, name }) =>
      symbol.toLowerCase().includes(wanted) || (name?.toLowerCase().includes(wanted) ?? false)
    );
  }
}
