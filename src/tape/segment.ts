import { known, type TickColumns } from "../core/tick_columns.ts";
import type { TapedTick } from "../core/tick.ts";
import type { Chunk } from "./chunk.ts";
import { firstIndex } from "./halving.ts";
import type { Runs } from "./runs.ts";

/** Ticks of a segment in order: all of them, or those of one symbol. */
export interface View {
  readonly length: number;
  /** The place of a tick in the segment; it grows with the index. */
  placeAt(index: number): number;
  /** The number of its symbol. */
  symbolAt(index: number): number;
  timeAt(index: number): number;
  seqAt(index: number): number;
  tickAt(index: number): TapedTick;
  /** Adds the ticks from `begin` up to `end` to columns that have room for them. */
  copy(begin: number, end: number, into: TickColumns): void;
}

/** Counts the cost of a read: about the number of ticks that it looks at. */
export interface Effort {
  spent: number;
}

/** Consecutive ticks of the tape. */
export interface Segment {
  /** The seq before its first tick, and that of its last one. */
  readonly after: number;
  readonly last: number;
  readonly count: number;
  /** The least and the greatest event time. */
  readonly oldest: number;
  readonly newest: number;
  /** When its last tick was appended. */
  readonly appended: number;
  /** The seqs of its ticks and when they were appended. @throws {Damage} */
  runs(): Runs;
  /** Number of ticks of some symbols, or of all. @throws {Damage} */
  countOf(symbols: readonly number[] | undefined): number;
  /** The ticks of a symbol, or all. @throws {Damage} */
  view(symbol: number | undefined, effort: Effort): View;
}

export type Names = (symbol: number) => string;

/** All ticks of some columns, or the ticks at the given indices. */
export class ColumnsView implements View {
  readonly #columns: TickColumns;
  readonly #runs: Runs;
  readonly #names: Names;
  readonly #at: Uint32Array | undefined;
  readonly length: number;

  constructor(columns: TickColumns, runs: Runs, names: Names, at?: Uint32Array) {
    this.#columns = columns;
    this.#runs = runs;
    this.#names = names;
    this.#at = at;
    this.length = at?.length ?? columns.length;
  }

  placeAt(index: number): number {
    return this.#at === undefined ? index : this.#at[index]!;
  }

  symbolAt(index: number): number {
    return this.#columns.symbols[this.placeAt(index)]!;
  }

  timeAt(index: number): number {
    return this.#columns.times[this.placeAt(index)]!;
  }

  seqAt(index: number): number {
    return this.#runs.seqAt(this.placeAt(index));
  }

  copy(begin: number, end: number, into: TickColumns): void {
    if (this.#at === undefined) return into.appendAll(this.#columns, begin, end);
    const { symbols, times, prices, sizes, bids, asks } = this.#columns;
    for (const at of this.#at.subarray(begin, end)) {
      into.push(symbols[at]!, {
        time: times[at]!,
        price: prices[at]!,
        size: sizes[at]!,
        bid: bids[at]!,
        ask: asks[at]!,
      });
    }
  }

  tickAt(index: number): TapedTick {
    const place = this.placeAt(index);
    const { symbols, times, prices, sizes, bids, asks } = this.#columns;
    return {
      seq: this.#runs.seqAt(place),
      symbol: this.#names(symbols[place]!),
      time: times[place]!,
      price: prices[place]!,
      size: known(sizes[place]!),
      bid: known(bids[place]!),
      ask: known(asks[place]!),
    };
  }
}

/** The ticks of one symbol in a chunk. */
export class ChunkView implements View {
  readonly #symbol: number;
  readonly #name: string;
  readonly #chunk: Chunk;
  readonly #runs: Runs;

  constructor(symbol: number, name: string, chunk: Chunk, runs: Runs) {
    this.#symbol = symbol;
    this.#name = name;
    this.#chunk = chunk;
    this.#runs = runs;
  }

  get length(): number {
    return this.#chunk.places.length;
  }

  placeAt(index: number): number {
    return this.#chunk.places[index]!;
  }

  symbolAt(): number {
    return this.#symbol;
  }

  timeAt(index: number): number {
    return this.#chunk.times[index]!;
  }

  seqAt(index: number): number {
    return this.#runs.seqAt(this.#chunk.places[index]!);
  }

  copy(begin: number, end: number, into: TickColumns): void {
    into.append(this.#symbol, this.#chunk, begin, end);
  }

  tickAt(index: number): TapedTick {
    const { places, times, prices, sizes, bids, asks } = this.#chunk;
    return {
      seq: this.#runs.seqAt(places[index]!),
      symbol: this.#name,
      time: times[index]!,
      price: prices[index]!,
      size: known(sizes[index]!),
      bid: known(bids[index]!),
      ask: known(asks[index]!),
    };
  }
}

/** The index of the first tick of a view at or after a place. */
export function indexOf(view: View, place: number): number {
  return firstIndex(view.length, (index) => view.placeAt(index) >= place);
}

/** A view without ticks. */
export const NO_TICKS: View = {
  length: 0,
  placeAt: () => 0,
  symbolAt: () => 0,
  timeAt: () => 0,
  seqAt: () => 0,
  copy: () => {},
  tickAt() {
    throw new RangeError("Cannot read a tick of a view without ticks");
  },
};
