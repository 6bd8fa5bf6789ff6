import { Damage } from "../store/checksum.ts";
import type { BlockRow } from "./block_table.ts";
import type { Parts } from "./parts.ts";
import { SealedBlock } from "./sealed_block.ts";

/** The state of a tape's file, as the process that writes it tells the processes that read it. */
export interface TapeNews {
  /** Ticks up to this seq are no longer read. */
  readonly tail: number;
  /** The data derived from ticks up to this seq are stored. */
  readonly saved: number;
  /** Blocks that are in the file now, in tape order. */
  readonly blocks: readonly BlockRow[];
}

/**
 * Lets several processes read one file. Each process has the newest ticks in memory. All processes
 * make the same blocks, because they read the same entries. One process writes the blocks to the
 * file and tells the others.
 */
export class Sharing {
  readonly #parts: Parts;
  readonly #saved: () => number;
  readonly #learned: (saved: number) => void;

  /**
   * @param saved returns the seq up to which derived data are stored
   * @param learned called when the process that writes has told its value of `saved`
   */
  constructor(parts: Parts, saved: () => number, learned: (saved: number) => void) {
    this.#parts = parts;
    this.#saved = saved;
    this.#learned = learned;
  }

  /** Number of known symbols. */
  get symbolCount(): number {
    return this.#parts.symbols.size;
  }

  /** The symbols after the first `count`, in the order of their numbers. */
  symbolsFrom(count: number): readonly string[] {
    return this.#parts.symbols.from(count);
  }

  /**
   * Gives symbols the same numbers as in the process that writes, before an entry names them.
   * @param count number of symbols before them
   * @throws {Damage} if symbols before them are not known here
   */
  learnSymbols(names: readonly string[], count: number): void {
    const known = this.symbolCount - count;
    if (known < 0) throw new Damage(`symbol ${this.symbolCount + 1} is missing`);
    for (const name of names.slice(known)) this.#parts.symbols.add(name);
  }

  /** @param after the last seq of the blocks that the asker knows to be in the file */
  newsAfter(after: number): TapeNews {
    const { segments, retainer } = this.#parts;
    const blocks: BlockRow[] = [];
    for (let at = segments.all.length - 1; at >= 0; at--) {
      const segment = segments.all[at]!;
      if (segment.after < after) break;
      if (segment instanceof SealedBlock) blocks.unshift(segment.row);
    }
    return { tail: retainer.tail, saved: this.#saved(), blocks };
  }

  /**
   * From now on reads the new blocks from the file, and no longer the ticks before the new tail.
   * @throws {Damage} if a block does not have the same ticks as the blocks in memory
   */
  learn({ tail, saved, blocks }: TapeNews): void {
    const { segments, retainer, bars, receipts, sealed } = this.#parts;
    for (const row of blocks) {
      const known = segments.all.filter((each) => each.after >= row.after && each.last <= row.last);
      if (known[0]?.after !== row.after || known.at(-1)!.last !== row.last) {
        throw new Damage(`block ${row.id} is not made of the ticks that were told of`);
      }
      segments.replace(known, sealed(row));
    }
    retainer.leave(tail);
    bars.release(saved, segments.last);
    receipts.release(saved);
    this.#learned(saved);
  }
}
