import type { Tick } from "./tick.ts";

const CAPACITY_MIN = 64;
/** Fewer ticks are copied one by one, which is faster than making views of the columns. */
const FEW = 16;

/** The numbers of ticks; unknown ones are NaN. */
export interface TickNumbers {
  readonly times: Float64Array;
  readonly prices: Float64Array;
  readonly sizes: Float64Array;
  readonly bids: Float64Array;
  readonly asks: Float64Array;
}

/**
 * Ticks as columns of numbers, because a million objects would burden the garbage collector.
 * Unknown numbers are NaN, which no tick contains.
 */
export class TickColumns {
  /** Numbers of the symbols; the owner of the columns knows the names. */
  symbols: Uint32Array<ArrayBuffer>;
  times: Float64Array<ArrayBuffer>;
  prices: Float64Array<ArrayBuffer>;
  sizes: Float64Array<ArrayBuffer>;
  bids: Float64Array<ArrayBuffer>;
  asks: Float64Array<ArrayBuffer>;
  #length: number;

  /** @param length number of ticks that the caller fills in later, in any order */
  constructor(capacity: number = CAPACITY_MIN, length = 0) {
    this.#length = length;
    this.symbols = new Uint32Array(capacity);
    this.times = new Float64Array(capacity);
    this.prices = new Float64Array(capacity);
    this.sizes = new Float64Array(capacity);
    this.bids = new Float64Array(capacity);
    this.asks = new Float64Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  get capacity(): number {
    return this.times.length;
  }

  /** Removes all ticks and keeps the memory. */
  clear(): void {
    this.#length = 0;
  }

  push(symbol: number, { time, price, size, bid, ask }: Omit<Tick, "symbol">): void {
    if (this.#length === this.capacity) this.#grow();
    const at = this.#length++;
    this.symbols[at] = symbol;
    this.times[at] = time;
    this.prices[at] = price;
    this.sizes[at] = size ?? NaN;
    this.bids[at] = bid ?? NaN;
    this.asks[at] = ask ?? NaN;
  }

  /** The tick at an index, without its symbol. */
  at(index: number): Omit<Tick, "symbol"> {
    return {
      time: this.times[index]!,
      price: this.prices[index]!,
      size: known(this.sizes[index]!),
      bid: known(this.bids[index]!),
      ask: known(this.asks[index]!),
    };
  }

  /** Adds the ticks of one symbol from `begin` up to `end`. There must be room. */
  append(symbol: number, numbers: TickNumbers, begin: number, end: number): void {
    this.symbols.fill(symbol, this.#length, this.#length + end - begin);
    this.#append(numbers, begin, end);
  }

  /** Adds ticks of other columns with their symbols, as `append` does. */
  appendAll(columns: TickColumns, begin: number, end: number): void {
    this.symbols.set(columns.symbols.subarray(begin, end), this.#length);
    this.#append(columns, begin, end);
  }

  #append(numbers: TickNumbers, begin: number, end: number): void {
    const at = this.#length;
    this.#length += end - begin;
    if (end - begin < FEW) {
      for (let from = begin, to = at; from < end; from++, to++) {
        this.times[to] = numbers.times[from]!;
        this.prices[to] = numbers.prices[from]!;
        this.sizes[to] = numbers.sizes[from]!;
        this.bids[to] = numbers.bids[from]!;
        this.asks[to] = numbers.asks[from]!;
      }
      return;
    }
    this.times.set(numbers.times.subarray(begin, end), at);
    this.prices.set(numbers.prices.subarray(begin, end), at);
    this.sizes.set(numbers.sizes.subarray(begin, end), at);
    this.bids.set(numbers.bids.subarray(begin, end), at);
    this.asks.set(numbers.asks.subarray(begin, end), at);
  }

  #grow(): void {
    const capacity = 2 * this.capacity;
    this.symbols = grown(new Uint32Array(capacity), this.symbols);
    this.times = grown(new Float64Array(capacity), this.times);
    this.prices = grown(new Float64Array(capacity), this.prices);
    this.sizes = grown(new Float64Array(capacity), this.sizes);
    this.bids = grown(new Float64Array(capacity), this.bids);
    this.asks = grown(new Float64Array(capacity), this.asks);
  }
}

/** A number of a column as the number of a tick: NaN becomes `null`. */
export function known(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function grown<Column extends Uint32Array | Float64Array>(larger: Column, column: Column): Column {
  larger.set(column);
  return larger;
}
