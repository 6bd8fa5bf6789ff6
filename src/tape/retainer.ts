import type { BarStore } from "./bar_store.ts";
import type { BlockTable } from "./block_table.ts";
import type { Sealer, Step } from "./sealer.ts";
import { SealedBlock } from "./sealed_block.ts";
import type { Segment } from "./segment.ts";
import type { Segments } from "./segments.ts";
import type { Retention } from "./tape.ts";

/** So many parts of a block are forgotten in one go, so that live traffic is not held up. */
const PARTS_MAX = 500;
/** About what a tick takes of the file: in a block, and in the log. */
const BLOCK_TICK_BYTES = 8, LOG_TICK_BYTES = 40;

export interface RetainerOptions {
  readonly segments: Segments;
  readonly sealer: Sealer;
  readonly table: BlockTable;
  readonly bars: BarStore;
  /** The position before the oldest tick that was kept, and blocks that were being forgotten. */
  readonly tail: number;
  readonly dropped: readonly SealedBlock[];
  /** Bytes of the file that are in use. */
  bytes(): number;
  /** Nobody reads what is before this seq. */
  released(): number;
}

/** Forgets what is beyond the retention, a part at a time. */
export class Retainer {
  readonly #options: RetainerOptions;
  #tail: number;
  /** Blocks that nobody reads any more; of the first some parts may be gone. */
  readonly #dropped: SealedBlock[];
  #partsForgotten = 0;
  /** Whether there are no bars left that may go for want of room. */
  #barsSpent = false;

  constructor(options: RetainerOptions) {
    this.#options = options;
    this.#tail = options.tail;
    this.#dropped = [...options.dropped];
  }

  get tail(): number {
    return this.#tail;
  }

  /** Moves the tail to where it belongs. @param saved no later tick may go, because what follows from it is not stored */
  moveTail({ before, bytesMax }: Retention, saved: number): void {
    const { segments } = this.#options;
    const wanted = Math.max(
      segments.appendedBefore(before),
      this.#crowded(bytesMax) ? this.#options.segments.all[0]!.last : 0,
    );
    // The newest tick stays: the numbering goes on from it.
    this.#tail = Math.max(this.#tail, Math.min(wanted, segments.last - 1, saved));
  }

  /** Moves the tail to before the newest so many ticks. */
  keepNewest(count: number): void {
    const { segments } = this.#options;
    const surplus = segments.countAfter(this.#tail) - count;
    if (surplus > 0) this.#tail = segments.skip(this.#tail, surplus);
  }

  /** Takes over the tail of another process: what is before it is not read any more. */
  leave(tail: number): void {
    const { segments } = this.#options;
    this.#tail = Math.max(this.#tail, tail);
    while (this.hasSurplus) segments.shift();
  }

  /** Whether there is a segment that nobody reads any more. */
  get hasSurplus(): boolean {
    const [oldest] = this.#options.segments.all;
    return oldest !== undefined && oldest.last <= this.#tail;
  }

  /** Whether the file is too large because of its ticks. */
  #crowded(bytesMax: number): boolean {
    const { segments, bytes } = this.#options;
    if (bytes() <= bytesMax) {
      this.#barsSpent = false;
      return false;
    }
    if (this.#dropped.length > 0) return false;
    // Bars outlive ticks, but must not take the half of the room by which clients resume.
    return (this.#barsSpent || bytesOf(segments.all) >= bytesMax / 2) && segments.all.length > 1;
  }

  /** Whether bars have to make way. */
  squeezes(bytesMax: number): boolean {
    const { segments, bytes } = this.#options;
    return bytes() > bytesMax && !this.#barsSpent && bytesOf(segments.all) < bytesMax / 2;
  }

  /** What to do next, if anything; segments before the tail are not read any more from here on. */
  step(): Step | undefined {
    const { segments, sealer } = this.#options;
    for (;;) {
      const [oldest] = segments.all;
      if (oldest === undefined || oldest.last > this.#tail || sealer.holds(oldest)) break;
      segments.shift();
      if (oldest instanceof SealedBlock) this.#dropped.push(oldest);
    }
    const [block] = this.#dropped;
    if (block === undefined || block.last > this.#options.released()) return undefined;
    return () => this.#forget(block);
  }

  /** Lets some bars make way; part of a transaction. */
  squeeze(): void {
    this.#barsSpent = !this.#options.bars.squeeze();
  }

  #forget(block: SealedBlock): () => void {
    const { table } = this.#options;
    const { id } = block.row;
    const behind = this.#partsForgotten + PARTS_MAX;
    table.forgetParts(id, this.#partsForgotten, behind);
    const isLast = !table.hasParts(id);
    if (isLast) table.forget(id);
    return () => {
      this.#partsForgotten = isLast ? 0 : behind;
      if (isLast) this.#dropped.shift();
    };
  }
}

function bytesOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, segment) => {
    return sum +
      segment.count * (segment instanceof SealedBlock ? BLOCK_TICK_BYTES : LOG_TICK_BYTES);
  }, 0);
}
