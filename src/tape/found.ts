import { TickColumns } from "../core/tick_columns.ts";
import type { TapedTick } from "../core/tick.ts";
import type { View } from "./segment.ts";

/** Collects the ticks that a search finds. */
export interface Found {
  /** Number of ticks that are still wanted. */
  readonly left: number;
  /** The seq of the tick that was found last; 0 if there is none. */
  readonly seq: number;
  take(view: View, index: number): void;
  /** Takes consecutive ticks, as many as are wanted. @returns how many */
  takeRange(view: View, begin: number, end: number): number;
  /** Counts ticks without reading them, fewer than are wanted. Absent if the ticks are needed. */
  pass?(count: number): void;
}

/** Collects ticks as objects, in the order of the search. */
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

/** Collects ticks as columns, in tape order. Symbols are numbers of the tape. */
export class FoundColumns implements Found {
  readonly columns: TickColumns;
  readonly seqs: Float64Array;
  #limit: number;

  /** @param room most ticks at once */
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

  /** Starts again with a limit of ticks, at most the room. Reuse saves costly new columns. */
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

/** Counts ticks. */
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
