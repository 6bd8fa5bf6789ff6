import { BAR_RECORD_WIDTH as WIDTH, TIME } from "./bar.ts";
import { addFiner } from "./given_record.ts";

/**
 * Records by time in one flat array, because a thousand symbols have millions of bars. The given
 * numbers are in a separate map, because few bars are given.
 */
export class BarRecords {
  /** The records one after another, with room for more. */
  numbers = new Float64Array(4 * WIDTH);
  length = 0;
  /** The given numbers, by the start of the bar. */
  readonly #given = new Map<number, Float64Array>();

  get isFull(): boolean {
    return this.length * WIDTH === this.numbers.length;
  }

  /** Start of the bar at an index. */
  timeAt(index: number): number {
    return this.numbers[index * WIDTH + TIME]!;
  }

  /** Index of the first bar that starts at or after the time. */
  search(time: number): number {
    let low = 0, high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.numbers[middle * WIDTH + TIME]! < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Place of the bar that starts at the given time: the index of its first number. */
  find(time: number): number | undefined {
    const index = this.search(time);
    return index < this.length && this.timeAt(index) === time ? index * WIDTH : undefined;
  }

  /** The record at a place, with its given numbers. It may be a view, so read it at once. */
  at(place: number): Float64Array {
    const own = this.numbers.subarray(place, place + WIDTH);
    const given = this.#given.get(own[TIME]!);
    if (given === undefined) return own;
    const full = new Float64Array(WIDTH + given.length);
    full.set(own);
    full.set(given, WIDTH);
    return full;
  }

  /** Copies of the records with `from <= time < to`. */
  slice(from: number, to: number): Float64Array[] {
    const start = this.search(from), length = Math.max(0, this.search(to) - start);
    return Array.from({ length }, (_, index) => this.at((start + index) * WIDTH).slice());
  }

  /** Adds the bars with `from <= time < to` to the record of a coarser bar. */
  addTo(coarser: Float64Array, from: number, to: number): void {
    for (let index = this.search(from); index < this.length; index++) {
      if (this.timeAt(index) >= to) return;
      addFiner(coarser, this.numbers, index * WIDTH);
    }
  }

  /** Replaces the record at a place by another one of the same bar. */
  replace(place: number, numbers: Float64Array): void {
    this.numbers.set(numbers.subarray(0, WIDTH), place);
    this.#noteGiven(numbers);
  }

  /** Inserts a record before the one at an index. There must be room. */
  insert(index: number, numbers: ArrayLike<number>): void {
    const place = index * WIDTH;
    this.numbers.copyWithin(place + WIDTH, place, this.length * WIDTH);
    this.length++;
    if (numbers.length === WIDTH) this.numbers.set(numbers, place);
    else this.replace(place, numbers as Float64Array);
  }

  /** Makes room for `capacity` records in total. */
  grow(capacity: number): void {
    const numbers = new Float64Array(capacity * WIDTH);
    numbers.set(this.numbers);
    this.numbers = numbers;
  }

  /** Removes the oldest `count` records. */
  drop(count: number): void {
    const oldest = this.timeAt(count);
    for (const time of this.#given.keys()) if (time < oldest) this.#given.delete(time);
    this.numbers.copyWithin(0, count * WIDTH);
    this.length -= count;
  }

  /** Replaces all records. */
  fill(records: readonly Float64Array[]): void {
    this.numbers = new Float64Array(Math.max(4, records.length) * WIDTH);
    this.length = records.length;
    this.#given.clear();
    records.forEach((numbers, index) => this.replace(index * WIDTH, numbers));
  }

  #noteGiven(numbers: Float64Array): void {
    if (numbers.length > WIDTH) this.#given.set(numbers[TIME]!, numbers.slice(WIDTH));
  }
}
