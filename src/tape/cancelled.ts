import type { TapedCorrection } from "../core/correction.ts";
import type { Segment } from "./segment.ts";

type Span = Pick<Segment, "after" | "last" | "oldest" | "newest">;

/** Whether the tick of a symbol, by number, was taken back. */
export type IsCancelled = (symbol: number, seq: number, time: number) => boolean;

/** Of several corrections of one time the newest count, and as many are remembered of what was before. */
const LAYERS_MAX = 8;

/**
 * Which ticks are no longer to be read. What was taken back by time is one list of pieces of time for each
 * symbol, so finding out costs the same however many corrections there were.
 */
export class Cancelled {
  readonly #symbols = new Map<number, OfSymbol>();

  /** Whether nothing was taken back. */
  get isEmpty(): boolean {
    return this.#symbols.size === 0;
  }

  add(symbol: number, { seq, seqs, from = -Infinity, to = Infinity }: TapedCorrection): void {
    let own = this.#symbols.get(symbol);
    if (own === undefined) this.#symbols.set(symbol, own = new OfSymbol());
    if (seqs === undefined) own.addSpan(from, to, seq);
    else own.addSeqs(seqs, seq);
  }

  /**
   * @param symbols of which something is read
   * @param asOf corrections from this seq on are passed over
   * @returns `undefined` when nothing was taken back of a segment
   */
  of(
    segment: Span,
    symbols: readonly number[] | undefined,
    asOf: number,
  ): IsCancelled | undefined {
    if (this.isEmpty) return undefined;
    const touches = (symbol: number) => this.#symbols.get(symbol)?.touches(segment) ?? false;
    const isTouched = symbols !== undefined && symbols.length <= this.#symbols.size
      ? symbols.some(touches)
      : [...this.#symbols.keys()].some(touches);
    if (!isTouched) return undefined;
    return (symbol, seq, time) => this.#symbols.get(symbol)?.has(seq, time, asOf) ?? false;
  }

  /** Whether all ticks that a segment has of a symbol were taken back. */
  hasAll({ oldest, newest, last }: Span, symbol: number, asOf: number): boolean {
    return asOf === Infinity && this.covers(symbol, oldest, newest + 1, last);
  }

  /** Whether a symbol itself was taken back after a seq. */
  removed(symbol: number, seq: number): boolean {
    return (this.#symbols.get(symbol)?.removedBy ?? 0) > seq;
  }

  /** Whether all ticks were taken back of a time, that have at most that seq. */
  covers(symbol: number, from: number, to: number, seq: number): boolean {
    return this.#symbols.get(symbol)?.covers(from, to, seq) ?? false;
  }
}

/** What was taken back of one symbol. */
class OfSymbol {
  /** Where pieces of time begin, the first of all time, and the seqs of the corrections of each, oldest first. */
  readonly #begins = [-Infinity];
  readonly #layers: (readonly number[])[] = [[]];
  readonly #seqs = new Map<number, number>();
  /** The seq of the last correction that took all back, and the symbol itself. */
  removedBy = 0;
  /** In what a tick must be that it can be in something. */
  #oldest = Infinity;
  #newest = -Infinity;
  #last = 0;
  #firstSeq = Infinity;
  #lastSeq = -Infinity;

  addSpan(from: number, to: number, by: number): void {
    if (from === -Infinity && to === Infinity) this.removedBy = by;
    const begin = this.#split(from), end = this.#split(to);
    for (let piece = begin; piece < end; piece++) {
      this.#layers[piece] = [...this.#layers[piece]!, by].slice(-LAYERS_MAX);
    }
    this.#oldest = Math.min(this.#oldest, from);
    this.#newest = Math.max(this.#newest, to);
    this.#last = by;
  }

  addSeqs(seqs: readonly number[], by: number): void {
    for (const seq of seqs) {
      if (!this.#seqs.has(seq)) this.#seqs.set(seq, by);
      this.#firstSeq = Math.min(this.#firstSeq, seq);
      this.#lastSeq = Math.max(this.#lastSeq, seq);
    }
  }

  touches({ after, last, oldest, newest }: Span): boolean {
    return (after < this.#last && oldest < this.#newest && newest >= this.#oldest) ||
      (after < this.#lastSeq && last >= this.#firstSeq);
  }

  has(seq: number, time: number, asOf: number): boolean {
    if ((this.#seqs.get(seq) ?? Infinity) < asOf) return true;
    if (seq >= this.#last) return false;
    return this.#layers[this.#pieceOf(time)]!.some((by) => seq < by && by < asOf);
  }

  covers(from: number, to: number, seq: number): boolean {
    for (let piece = this.#pieceOf(from); piece < this.#begins.length; piece++) {
      if (this.#begins[piece]! >= to) break;
      if ((this.#layers[piece]!.at(-1) ?? 0) <= seq) return false;
    }
    return true;
  }

  /** Lets a piece begin at a time. @returns its place */
  #split(time: number): number {
    if (time === Infinity) return this.#begins.length;
    const piece = this.#pieceOf(time);
    if (this.#begins[piece] === time) return piece;
    this.#begins.splice(piece + 1, 0, time);
    this.#layers.splice(piece + 1, 0, this.#layers[piece]!);
    return piece + 1;
  }

  /** The place of the piece that has a time. */
  #pieceOf(time: number): number {
    let low = 0, high = this.#begins.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#begins[middle]! <= time) low = middle + 1;
      else high = middle;
    }
    return Math.max(0, low - 1);
  }
}
