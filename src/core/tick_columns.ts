import type { Tick } from "./tick.ts";

const CAPACITY_MIN = 64;

/**
 * Ticks as columns, of which each takes as much room as its numbers do: a million objects would be work for
 * the collector of garbage. What is unknown is NaN, which no number of a tick is.
 */
export class TickColumns {
  /** Numbers of the symbols; whoever has the columns knows their names. */
  symbols: Uint32Array<ArrayBuffer>;
  times: Float64Array<ArrayBuffer>;
  prices: Float64Array<ArrayBuffer>;
  sizes: Float64Array<ArrayBuffer>;
  bids: Float64Array<ArrayBuffer>;
  asks: Float64Array<ArrayBuffer>;
  #length: number;

  /** @param length of columns whose ticks are filled in later, in any order */
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

  /** The tick at an index, but for its symbol. */
  at(index: number): Omit<Tick, "symbol"> {
    return {
      time: this.times[index]!,
      price: this.prices[index]!,
      size: known(this.sizes[index]!),
      bid: known(this.bids[index]!),
      ask: known(this.asks[index]!),
    };
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

/** A number of a column as a tick has it. */
export function known(value: number): number | null {
  return Number.isNaN(value) ? null : value;
}

function grown<Column extends Uint32Array | Float64Array>(larger: Column, column: Column): Column {
  larger.set(column);
  return larger;
}
