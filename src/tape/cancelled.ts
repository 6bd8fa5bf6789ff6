import type { TapedCorrection } from "../core/correction.ts";
import { lastAtMost } from "./halving.ts";
import type { Segment } from "./segment.ts";

type Span = Pick<Segment, "after" | "last" | "oldest" | "newest">;

/** Whether corrections have cancelled a tick. The symbol is a number. */
export type IsCancelled = (symbol: number, seq: number, time: number) => boolean;

/** Most corrections that are remembered for one piece of time: the newest ones. */
const LAYERS_MAX = 8;

/**
 * The cancelled ticks. For each symbol, all corrections by time are in one list of pieces of time,
 * so that many corrections do not make a check slower.
 */
export class Cancelled {
  readonly #symbols = new Map<number, OfSymbol>();

  /** Whether nothing is cancelled. */
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
   * Makes the check for the ticks of a segment.
   * @param symbols that are read; `undefined` for all
   * @param asOf corrections from this seq on are ignored
   * @returns `undefined` if no tick of the segment is cancelled
   */
  of(
    segment: Span,
    symbols: readonly number[] | undefined,
    asOf: number,
  ): IsCancelled | undefined {
    if (this.isEmpty) return undefined;
    const touches = (symbol: number) => this.#symbols.get(symbol)?.touches(segment, asOf) ?? false;
    const isTouched = symbols !== undefined && symbols.length <= this.#symbols.size
      ? symbols.some(touches)
      : [...this.#symbols.keys()].some(touches);
    if (!isTouched) return undefined;
    return (symbol, seq, time) => this.#symbols.get(symbol)?.has(seq, time, asOf) ?? false;
  }

  /** Whether all ticks of a symbol in a segment are cancelled. */
  hasAll({ oldest, newest, last }: Span, symbol: number, asOf: number): boolean {
    return this.#symbols.get(symbol)?.covers(oldest, newest + 1, last, asOf) ?? false;
  }

  /** Whether a correction after a seq has removed the symbol. */
  removed(symbol: number, seq: number): boolean {
    return (this.#symbols.get(symbol)?.removedBy ?? 0) > seq;
  }

  /** Whether all ticks of a range of time with at most this seq are cancelled. */
  covers(symbol: number, from: number, to: number, seq: number): boolean {
    return this.#symbols.get(symbol)?.covers(from, to, seq) ?? false;
  }
}

/** The cancelled ticks of one symbol. */
class OfSymbol {
  /** The starts of the pieces of time, and the seqs of each piece's corrections, oldest first. */
  readonly #begins = [-Infinity];
  readonly #layers: (readonly number[])[] = [[]];
  readonly #seqs = new Map<number, number>();
  /** The seq of the last correction that removed the symbol; 0 if there is none. */
  removedBy = 0;
  /** Bounds of time and seqs. A tick outside them is not cancelled. */
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

  touches({ after, last, oldest, newest }: Span, asOf: number): boolean {
    if (after < this.#lastSeq && last >= this.#firstSeq) return true;
    if (after >= this.#last || oldest >= this.#newest || newest < this.#oldest) return false;
    for (let piece = this.#pieceOf(oldest); piece < this.#begins.length; piece++) {
      if (this.#begins[piece]! > newest) break;
      if (this.#layers[piece]!.some((by) => after < by && by < asOf)) return true;
    }
    return false;
  }

  has(seq: number, time: number, asOf: number): boolean {
    if ((this.#seqs.get(seq) ?? Infinity) < asOf) return true;
    if (seq >= this.#last) return false;
    return this.#layers[this.#pieceOf(time)]!.some((by) => seq < by && by < asOf);
  }

  covers(from: number, to: number, seq: number, asOf = Infinity): boolean {
    for (let piece = this.#pieceOf(from); piece < this.#begins.length; piece++) {
      if (this.#begins[piece]! >= to) break;
      if (!this.#layers[piece]!.some((by) => by > seq && by < asOf)) return false;
    }
    return true;
  }

  /** Makes a piece begin at a time. @returns its index */
  #split(time: number): number {
    if (time === Infinity) return this.#begins.length;
    const piece = this.#pieceOf(time);
    if (this.#begins[piece] === time) return piece;
    this.#begins.splice(piece + 1, 0, time);
    this.#layers.splice(piece + 1, 0, this.#layers[piece]!);
    return piece + 1;
  }

  /** The index of the piece that contains a time. */
  #pieceOf(time: number): number {
    return Math.max(0, lastAtMost(this.#begins, time));
  }
}
