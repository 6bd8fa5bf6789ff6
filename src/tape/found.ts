import { TickColumns } from "../core/tick_columns.ts";
import type { TapedTick } from "../core/tick.ts";
import type { View } from "./segment.ts";

/** What a reading makes of the ticks that it finds. */
export interface Found {
  /** How many more are wanted. */
  readonly left: number;
  /** The seq of the one found last; 0 when there is none. */
  readonly seq: number;
  take(view: View, index: number): void;
  /** Takes ticks that follow one another, as many as are wanted. @returns how many */
  takeRange(view: View, begin: number, end: number): number;
  /** Takes ticks that nobody has looked at, fewer than are wanted; only where that is enough. */
  pass?(count: number): void;
}

/** Ticks as objects, in the order in which they were found. */
export class FoundTicks implements Found {
  readonly ticks: TapedTick[] = [];
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get left(): number {
    return this.#limit - this.ticks.length;
  }

  get seq(): number {
    return this.ticks.at(-1)?.seq ?? 0;
  }

  take(view: View, index: number): void {
    this.ticks.push(view.tickAt(index));
  }

  takeRange(view: View, begin: number, end: number): number {
    const count = Math.min(this.left, end - begin);
    for (let index = begin; index < begin + count; index++) this.take(view, index);
    return count;
  }
}

/** Ticks as columns, in the order of the tape; symbols are the numbers that the tape has given them. */
export class FoundColumns implements Found {
  readonly columns: TickColumns;
  readonly seqs: Float64Array;
  #limit: number;

  /** @param room for so many ticks at once */
  constructor(room: number) {
    this.columns = new TickColumns(room);
    this.seqs = new Float64Array(room);
    this.#limit = room;
  }

  get count(): number {
    return this.columns.length;
  }

  get left(): number {
    return this.#limit - this.count;
  }

  get seq(): number {
    return this.seqs[this.count - 1] ?? 0;
  }

  /** Forgets all ticks, and takes so many, or as many as there is room for: room is costly to make. */
  begin(limit: number): void {
    this.columns.clear();
    this.#limit = Math.min(limit, this.seqs.length);
  }

  take(view: View, index: number): void {
    this.takeRange(view, index, index + 1);
  }

  takeRange(view: View, begin: number, end: number): number {
    const count = Math.min(this.left, end - begin);
    const at = this.count;
    for (let index = 0; index < count; index++) this.seqs[at + index] = view.seqAt(begin + index);
    view.copy(begin, begin + count, this.columns);
    return count;
  }
}

/** How many ticks there are. */
export class FoundCount implements Found {
  count = 0;
  seq = 0;
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get left(): number {
    return this.#limit - this.count;
  }

  take(view: View, index: number): void {
    this.count++;
    this.seq = view.seqAt(index);
  }

  takeRange(view: View, begin: number, end: number): number {
    const count = Math.min(this.left, end - begin);
    if (count <= 0) return 0;
    this.take(view, begin + count - 1);
    this.count += count - 1;
    return count;
  }

  pass(count: number): void {
    this.count += count;
  }
}
