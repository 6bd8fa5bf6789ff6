import type { BarStore } from "./bar_store.ts";
import type { BlockTable } from "./block_table.ts";
import type { Sealer, Step } from "./sealer.ts";
import { SealedBlock } from "./sealed_block.ts";
import type { Segment } from "./segment.ts";
import type { Segments } from "./segments.ts";
import type { Retention } from "./tape.ts";

/** Most parts of a block that one step deletes, so that live traffic does not wait. */
const PARTS_MAX = 500;
/** About the bytes of a tick in a block of the file. */
const BLOCK_TICK_BYTES = 8;
/** About the bytes of a tick in the log part of the file. */
export const LOG_TICK_BYTES = 40;

export interface RetainerOptions {
  readonly segments: Segments;
  readonly sealer: Sealer;
  readonly table: BlockTable;
  readonly bars: BarStore;
  /** The tail at the start, and the blocks before it that are still in the file. */
  readonly tail: number;
  readonly dropped: readonly SealedBlock[];
  /** Bytes of the file that are in use. */
  bytes(): number;
  /** Ticks up to this seq are no longer read by any process. */
  released(): number;
}

/** Deletes ticks and bars that exceed the retention, a part at a time. */
export class Retainer {
  readonly #options: RetainerOptions;
  #tail: number;
  /** Blocks that are no longer read. Some parts of the first block may be deleted already. */
  readonly #dropped: SealedBlock[];
  #partsForgotten = 0;
  /** Whether no more bars can be deleted to free space. */
  #barsSpent = false;

  constructor(options: RetainerOptions) {
    this.#options = options;
    this.#tail = options.tail;
    this.#dropped = [...options.dropped];
  }

  get tail(): number {
    return this.#tail;
  }

  /** Moves the tail. @param saved derived data are stored up to this seq: no later tick may go */
  moveTail({ before, bytesMax }: Retention, saved: number): void {
    const { segments } = this.#options;
    const wanted = Math.max(
      segments.appendedBefore(before),
      this.#crowded(bytesMax) ? this.#options.segments.all[0]!.last : 0,
    );
    // The newest tick stays, because the numbering continues from it.
    this.#tail = Math.max(this.#tail, Math.min(wanted, segments.last - 1, saved));
  }

  /** Moves the tail so that at most `count` ticks remain. */
  keepNewest(count: number): void {
    const { segments } = this.#options;
    const surplus = segments.countAfter(this.#tail) - count;
    if (surplus > 0) this.#tail = segments.skip(this.#tail, surplus);
  }

  /** Takes the tail of another process and drops the segments before it. */
  leave(tail: number): void {
    const { segments } = this.#options;
    this.#tail = Math.max(this.#tail, tail);
    while (this.hasSurplus) segments.shift();
  }

  /** Whether there is a segment that is no longer read. */
  get hasSurplus(): boolean {
    const [oldest] = this.#options.segments.all;
    return oldest !== undefined && oldest.last <= this.#tail;
  }

  /** Whether ticks have to be deleted because the file is too large. */
  #crowded(bytesMax: number): boolean {
    const { segments, bytes } = this.#options;
    if (bytes() <= bytesMax) {
      this.#barsSpent = false;
      return false;
    }
    if (this.#dropped.length > 0) return false;
    // Bars are kept longer than ticks, but clients need half of the space for ticks to resume.
    return (this.#barsSpent || bytesOf(segments.all) >= bytesMax / 2) && segments.all.length > 1;
  }

  /** Whether bars have to be deleted because the file is too large. */
  squeezes(bytesMax: number): boolean {
    const { segments, bytes } = this.#options;
    return bytes() > bytesMax && !this.#barsSpent && bytesOf(segments.all) < bytesMax / 2;
  }

  /** The next step, if there is work. Segments before the tail are no longer read from here on. */
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

  /** Deletes some bars to free space; part of a transaction. */
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
