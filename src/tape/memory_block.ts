import { TickColumns } from "../core/tick_columns.ts";
import type { TapedTick } from "../core/tick.ts";
import { Runs } from "./runs.ts";
import { ColumnsView, type Names, NO_TICKS, type Segment, type View } from "./segment.ts";

/** A block of ticks in memory: the newest ticks of the tape, or ticks that wait to be sealed. */
export class MemoryBlock implements Segment {
  readonly after: number;
  readonly columns = new TickColumns();
  readonly #runs = new Runs();
  readonly #names: Names;
  /** The places of each symbol's ticks. */
  readonly #places = new Map<number, Places>();
  #last: number;
  #oldest = Infinity;
  #newest = -Infinity;
  #appended = -Infinity;
  #passed = 0;

  /** @param after the seq before its first tick */
  constructor(after: number, names: Names) {
    this.after = after;
    this.#last = after;
    this.#names = names;
  }

  get last(): number {
    return this.#last;
  }

  get count(): number {
    return this.columns.length;
  }

  get oldest(): number {
    return this.#oldest;
  }

  get newest(): number {
    return this.#newest;
  }

  get appended(): number {
    return this.#appended;
  }

  runs(): Runs {
    return this.#runs;
  }

  /** @param appended when the tick was appended */
  add(symbol: number, tick: TapedTick, appended: number): void {
    const place = this.columns.length;
    this.#runs.add(place, tick.seq, appended);
    this.columns.push(symbol, tick);
    let places = this.#places.get(symbol);
    if (places === undefined) this.#places.set(symbol, places = new Places());
    places.push(place);
    this.#last = tick.seq;
    this.#appended = appended;
    if (tick.time < this.#oldest) this.#oldest = tick.time;
    if (tick.time > this.#newest) this.#newest = tick.time;
  }

  /** Adds a seq that has no tick. @param weight of its entry in the log, in ticks */
  pass(seq: number, appended: number, weight: number): void {
    this.#last = seq;
    this.#appended = appended;
    this.#passed += 1 + weight;
  }

  /** About the size of its part of the log, in ticks. */
  get weight(): number {
    return this.count + this.#passed;
  }

  countOf(symbols: readonly number[] | undefined): number {
    if (symbols === undefined) return this.count;
    return symbols.reduce((sum, symbol) => sum + (this.#places.get(symbol)?.length ?? 0), 0);
  }

  view(symbol: number | undefined): View {
    if (symbol === undefined) return new ColumnsView(this.columns, this.#runs, this.#names);
    const places = this.#places.get(symbol);
    if (places === undefined) return NO_TICKS;
    return new ColumnsView(this.columns, this.#runs, this.#names, places.all());
  }

  /** The symbols in the order of their numbers, with the places of their ticks. */
  symbols(): [symbol: number, places: Uint32Array][] {
    const symbols = [...this.#places.keys()].sort((a, b) => a - b);
    return symbols.map((symbol) => [symbol, this.#places.get(symbol)!.all()]);
  }
}

/** A list of places, to which places can only be added. */
class Places {
  #places = new Uint32Array(8);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(place: number): void {
    if (this.#length === this.#places.length) {
      const larger = new Uint32Array(2 * this.#length);
      larger.set(this.#places);
      this.#places = larger;
    }
    this.#places[this.#length++] = place;
  }

  all(): Uint32Array {
    return this.#places.subarray(0, this.#length);
  }
}
