import type { Entry } from "../log/log.ts";
import { MemoryBlock } from "./memory_block.ts";
import { firstSince } from "./runs.ts";
import type { Names, Segment } from "./segment.ts";

/** The segments of a tape, in order and without gaps. The last one receives new ticks. */
export class Segments {
  readonly #names: Names;
  /** Weight in ticks at which a block in memory is full. */
  readonly #blockTicks: number;
  readonly #all: Segment[] = [];
  #open: MemoryBlock | undefined;
  #last: number;

  /** @param last seq before the first tick */
  constructor(last: number, blockTicks: number, names: Names) {
    this.#last = last;
    this.#blockTicks = blockTicks;
    this.#names = names;
  }

  get all(): readonly Segment[] {
    return this.#all;
  }

  /** The seq of the newest tick. */
  get last(): number {
    return this.#open?.last ?? this.#last;
  }

  /** Adds a segment that was there when the tape was opened. */
  push(segment: Segment): void {
    this.#all.push(segment);
    this.#last = segment.last;
  }

  /** The block for the ticks of the next entry. An entry is never split between two blocks. */
  open(): MemoryBlock {
    if (this.#open !== undefined && this.#open.weight < this.#blockTicks) return this.#open;
    this.close();
    this.#open = new MemoryBlock(this.#last, this.#names);
    this.#all.push(this.#open);
    return this.#open;
  }

  /** Adds the ticks of an entry, or its seq without ticks. @param numberOf adds unknown symbols */
  add({ first, ticks, bars = [], time }: Entry, numberOf: (symbol: string) => number): void {
    const block = this.open();
    if (ticks.length === 0) block.pass(first, time, bars.length);
    for (const { symbol } of bars) numberOf(symbol);
    for (const tick of ticks) block.add(numberOf(tick.symbol), tick, time);
  }

  /** Closes the open block, so that the next entry starts a new block. */
  close(): void {
    this.#last = this.last;
    this.#open = undefined;
  }

  /** Ticks up to this seq are in the file or were forgotten. */
  get settled(): number {
    return this.#all.find((segment) => segment instanceof MemoryBlock)?.after ?? this.last;
  }

  /** Number of ticks in memory. */
  get unsealed(): number {
    let count = 0;
    for (const segment of this.#all) if (segment instanceof MemoryBlock) count += segment.count;
    return count;
  }

  /** The oldest block in memory that receives no more ticks. */
  full(): MemoryBlock | undefined {
    return this.#all.find((segment): segment is MemoryBlock =>
      segment instanceof MemoryBlock &&
      (segment !== this.#open || segment.weight >= this.#blockTicks)
    );
  }

  /** Replaces segments by one segment with the same ticks. */
  replace(old: readonly Segment[], segment: Segment): void {
    const at = this.#all.indexOf(old[0]!);
    if (at >= 0) this.#all.splice(at, old.length, segment);
    if (old[0] === this.#open) this.close();
  }

  /** Removes the oldest segment. */
  shift(): void {
    const [oldest] = this.#all;
    if (oldest === this.#open) this.close();
    this.#all.shift();
  }

  /** Number of ticks after a seq. */
  countAfter(seq: number): number {
    let count = 0;
    for (const segment of this.#all) {
      if (segment.after >= seq) count += segment.count;
      else if (segment.last > seq) {
        count += segment.count - segment.runs().placeAfter(seq, segment.count);
      }
    }
    return count;
  }

  /** The seq of the tick `count` ticks after a seq, or of the newest tick. */
  skip(seq: number, count: number): number {
    let left = count;
    if (left === 0) return seq;
    for (const segment of this.#all) {
      if (segment.last <= seq) continue;
      const place = segment.after >= seq ? 0 : segment.runs().placeAfter(seq, segment.count);
      if (place + left <= segment.count) return segment.runs().seqAt(place + left - 1);
      left -= segment.count - place;
    }
    return this.last;
  }

  /** The seq before the first segment that may have a tick of this event time or later. */
  before(time: number): number {
    return this.#all.find(({ newest }) => newest >= time)?.after ?? this.last;
  }

  /** A seq up to which all ticks were surely appended before a time. */
  appendedBefore(time: number): number {
    const next = this.#all[firstSince(this.#all.map(({ appended }) => appended), time)];
    if (next === undefined) return this.last;
    const places = next.runs().appendedBefore(time);
    return places === 0 ? next.after : next.runs().seqAt(places - 1);
  }
}
