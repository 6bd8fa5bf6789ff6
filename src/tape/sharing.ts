import { Damage } from "../store/checksum.ts";
import type { BlockRow } from "./block_table.ts";
import type { Parts } from "./parts.ts";
import { SealedBlock } from "./sealed_block.ts";

/** What one process has done to the file of a tape, for the others that read it. */
export interface TapeNews {
  /** Nothing up to here is read any more. */
  readonly tail: number;
  /** What follows from the ticks up to here is stored. */
  readonly saved: number;
  /** Blocks that are in the file now, in the order of the tape. */
  readonly blocks: readonly BlockRow[];
}

/**
 * How several processes read one file. Each has the newest ticks in memory, in blocks that begin and end with the same ticks
 * everywhere, because they follow from the same entries; one process writes, and tells the others what it did.
 */
export class Sharing {
  readonly #parts: Parts;
  readonly #saved: () => number;
  readonly #learned: (saved: number) => void;

  /** @param saved what follows from the ticks up to here is stored @param learned told when that has changed elsewhere */
  constructor(parts: Parts, saved: () => number, learned: (saved: number) => void) {
    this.#parts = parts;
    this.#saved = saved;
    this.#learned = learned;
  }

  /** How many symbols have a number. */
  get symbolCount(): number {
    return this.#parts.symbols.size;
  }

  /** The symbols behind the first so many, in the order of their numbers. */
  symbolsFrom(count: number): readonly string[] {
    return this.#parts.symbols.from(count);
  }

  /** Gives symbols the numbers that they have elsewhere, before an entry names them. @param count how many come before them */
  learnSymbols(names: readonly string[], count: number): void {
    for (const name of names.slice(Math.max(0, this.symbolCount - count))) {
      this.#parts.symbols.add(name);
    }
  }

  /** @param after where the blocks end that the asker knows to be in the file */
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
   * Reads in the file from here on what was brought there, and not what will go.
   * @throws {Damage} when a block has other ticks than those that are known here
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
