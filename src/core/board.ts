import type { BarSeries } from "./bar_series.ts";
import type { GivenClose } from "./given_bars.ts";
import { startOf } from "./interval.ts";
import type { Gone, Instrument } from "./instrument.ts";
import { known } from "./known.ts";
import type { TapedTick } from "./tick.ts";

/** A quote: the row of a symbol on a board. Unknown values are `null`. */
export interface Row {
  readonly symbol: string;
  readonly name: string | null;
  /** UTC day of the newest tick, `YYYY-MM-DD`. */
  readonly date: string | null;
  readonly time: number | null;
  readonly price: number | null;
  readonly change: number | null;
  /** A fraction: 0.0306 is 3.06 %. */
  readonly change_percent: number | null;
  readonly volume: number | null;
  readonly prev_close: number | null;
  readonly open: number | null;
  readonly high: number | null;
  readonly low: number | null;
  readonly bid: number | null;
  readonly ask: number | null;
  readonly market_cap: number | null;
}

/** The newest observation of a symbol, as it is stored. */
export interface Newest {
  readonly symbol: string;
  /** `seq` of the last tick that was applied. */
  readonly seq: number;
  readonly time: number;
  readonly price: number;
  readonly bid: number | null;
  readonly ask: number | null;
  /** Event times of the bid and the ask. A tick without one of them keeps the known one. */
  readonly bidTime: number;
  readonly askTime: number;
  /** `seq` of the last given bars, if there are any. */
  readonly given?: number | undefined;
}

type Entry = { -readonly [Name in keyof Newest]: Newest[Name] } & { row: Row | undefined };

/** Other sources of a row: reference data and daily bars. */
export interface RowSource {
  instrument(symbol: string): Instrument | undefined;
  days(symbol: string): BarSeries | undefined;
}

/** The newest quote of each symbol. Rows are replaced, never changed. */
export class Board {
  readonly #newest = new Map<string, Entry>();
  readonly #changed = new Set<string>();
  readonly #source: RowSource;

  constructor(source: RowSource) {
    this.#source = source;
  }

  /** Applies the newest close of given bars, unless it was applied before. */
  give({ symbol, time, price }: GivenClose, seq: number): void {
    const known = this.#newest.get(symbol)?.seq ?? 0;
    this.apply({ seq, symbol, time, price, size: null, bid: null, ask: null });
    if (seq > known) this.#newest.get(symbol)!.given = seq;
    this.refresh(symbol);
  }

  /**
   * Applies a tick, unless it was applied before. The newest tick has the greatest event time; of
   * equal times it is the last on the tape.
   */
  apply(tick: TapedTick): void {
    const { seq, symbol, time, price, bid, ask } = tick;
    const newest = this.#newest.get(symbol);
    if (newest !== undefined && seq <= newest.seq) return;
    this.#changed.add(symbol);
    if (newest === undefined) {
      this.#newest.set(symbol, {
        symbol,
        seq,
        time,
        price,
        bid,
        ask,
        bidTime: bid === null ? -Infinity : time,
        askTime: ask === null ? -Infinity : time,
        row: undefined,
      });
      return;
    }
    newest.row = undefined;
    newest.seq = seq;
    if (time >= newest.time) {
      newest.time = time;
      newest.price = price;
    }
    if (bid !== null && time >= newest.bidTime) {
      newest.bid = bid;
      newest.bidTime = time;
    }
    if (ask !== null && time >= newest.askTime) {
      newest.ask = ask;
      newest.askTime = time;
    }
  }

  /** The observation of a symbol, or `Gone`, if that has changed since the last call. */
  takeChange(symbol: string): Newest | Gone | undefined {
    if (!this.#changed.delete(symbol)) return undefined;
    const known = this.#newest.get(symbol);
    if (known === undefined) return { symbol, gone: true };
    const { row: _, ...newest } = known;
    return newest;
  }

  /** The current observation of a symbol. */
  newest(symbol: string): Newest | undefined {
    return this.#newest.get(symbol);
  }

  /** Replaces the observation of a symbol; `undefined` removes it. */
  replace(symbol: string, newest: Newest | undefined): void {
    this.#changed.add(symbol);
    if (newest === undefined) this.#newest.delete(symbol);
    else this.#newest.set(symbol, { ...newest, row: undefined });
  }

  /** Loads a stored observation. */
  restore(newest: Newest): void {
    this.#newest.set(newest.symbol, { ...newest, row: undefined });
  }

  /** Forgets the row made for a symbol, because its reference data has changed. */
  refresh(symbol: string): void {
    const newest = this.#newest.get(symbol);
    if (newest !== undefined) newest.row = undefined;
  }

  /** Whether the symbol has ever ticked. */
  has(symbol: string): boolean {
    return this.#newest.has(symbol);
  }

  /** The newest row of a symbol; a row of nulls when it has never ticked. */
  row(symbol: string): Row {
    const newest = this.#newest.get(symbol);
    if (newest === undefined) return emptyRow(symbol, this.#source.instrument(symbol));
    return newest.row ??= this.#row(symbol, newest);
  }

  #row(symbol: string, newest: Entry): Row {
    const instrument = this.#source.instrument(symbol);
    const days = this.#source.days(symbol);
    const day = days?.at(startOf("1d", newest.time));
    const prevClose = days?.newest(1)?.close ?? instrument?.prevClose ?? null;
    const { price } = newest;
    const hasBefore = prevClose !== null && prevClose !== 0;
    const shares = instrument?.shares ?? null;
    return {
      symbol,
      name: instrument?.name ?? null,
      date: new Date(newest.time).toISOString().slice(0, 10),
      time: newest.time,
      price,
      change: hasBefore ? known(difference(price, prevClose, instrument?.decimals ?? 8)) : null,
      change_percent: hasBefore ? fraction((price - prevClose) / Math.abs(prevClose)) : null,
      volume: day?.volume ?? null,
      prev_close: prevClose,
      open: day?.open ?? null,
      high: day?.high ?? null,
      low: day?.low ?? null,
      bid: newest.bid,
      ask: newest.ask,
      market_cap: shares === null ? null : known(Math.round(price * shares)),
    };
  }
}

/** The row of a symbol that has never ticked. */
export function emptyRow(symbol: string, instrument?: Instrument): Row {
  return {
    symbol,
    name: instrument?.name ?? null,
    date: null,
    time: null,
    price: null,
    change: null,
    change_percent: null,
    volume: null,
    prev_close: instrument?.prevClose ?? null,
    open: null,
    high: null,
    low: null,
    bid: null,
    ask: null,
    market_cap: null,
  };
}

/** Rounds a share to 1e-8, a millionth of a percent. `null` if its percentage is not finite. */
function fraction(share: number): number | null {
  if (known(100 * share) === null) return null;
  return Math.abs(share) < 1e6 ? Math.round(share * 1e8) / 1e8 + 0 : share;
}

/** The difference of two prices without the noise of binary fractions: 150.12 − 145.54 is 4.58. */
function difference(price: number, prevClose: number, decimals: number): number {
  const exact = price - prevClose;
  const largest = Math.max(Math.abs(price), Math.abs(prevClose));
  let scale = 10 ** Math.min(decimals + 2, 10);
  // A double has about 15 digits: large prices leave fewer of them for the fraction.
  while (scale > 1 && largest * scale > 1e15) scale /= 10;
  if (largest * scale > 1e15) return exact;
  // Adding 0 turns −0 into 0.
  return Math.round(exact * scale) / scale + 0;
}
