import type { BlockTable } from "./block_table.ts";
import { Gathering, LegacySegment, type LegacyTicks } from "./legacy_ticks.ts";
import type { MemoryBlock } from "./memory_block.ts";
import { type BlockCache, SealedBlock } from "./sealed_block.ts";
import { Sealing } from "./sealing.ts";
import type { Names, Segment } from "./segment.ts";
import type { Segments } from "./segments.ts";
import type { SymbolTable } from "./symbol_table.ts";

export interface SealerOptions {
  readonly segments: Segments;
  readonly table: BlockTable;
  readonly legacy: LegacyTicks | undefined;
  readonly symbols: SymbolTable;
  readonly cache: BlockCache;
  readonly names: Names;
  /** The id of the newest block in the file. */
  readonly lastId: number;
}

/** A part of some work, to run in a transaction. @returns a function to call after the commit */
export type Step = () => () => void;

/** Moves blocks into the file, oldest first, a part at a time. Meanwhile they stay readable. */
export class Sealer {
  readonly #options: SealerOptions;
  #legacy: LegacyTicks | undefined;
  #id: number;
  #gathering: Gathering | undefined;
  #sealing: { readonly work: Sealing; readonly replaces: readonly Segment[] } | undefined;

  constructor(options: SealerOptions) {
    this.#options = options;
    this.#legacy = options.legacy;
    this.#id = options.lastId;
  }

  /** Number of ticks in the format of version 0.1.0 that are not in blocks yet. */
  get legacyTicks(): number {
    return this.#legacySegments().reduce((sum, { count }) => sum + count, 0);
  }

  /** Whether a segment must stay, because it is being moved into the file. */
  holds(segment: Segment): boolean {
    return (this.#sealing?.replaces ?? this.#gathering?.segments ?? []).includes(segment);
  }

  /**
   * The next step, if there is work.
   * @param saved derived data are stored up to this seq: no later tick may leave the log
   */
  step(saved: number): Step | undefined {
    if (this.#sealing !== undefined) return () => this.#seal();
    if (this.#gathering !== undefined) return () => this.#gather();
    if (this.#legacy !== undefined && this.#legacy.first <= this.#takenOver()) {
      return () => this.#clear();
    }
    const full = this.#options.segments.full();
    if (full !== undefined && full.last <= saved) {
      this.#begin(full, [full], ++this.#id);
      return () => this.#seal();
    }
    const left = this.#legacySegments();
    if (this.#legacy === undefined || left.length === 0) return undefined;
    this.#gathering = new Gathering(this.#legacy, left, this.#options.symbols);
    return () => this.#gather();
  }

  /** Starts the current block again after a transaction has failed. */
  failed(): void {
    this.#gathering = undefined;
    if (this.#sealing === undefined) return;
    const { work, replaces } = this.#sealing;
    this.#begin(work.block, replaces, work.id);
  }

  #begin(block: MemoryBlock, replaces: readonly Segment[], id: number): void {
    this.#sealing = { work: new Sealing(block, id, this.#options.table), replaces };
  }

  #seal(): () => void {
    const { work, replaces } = this.#sealing!;
    const row = work.step();
    return () => {
      if (row === undefined) return;
      const { segments, table, cache, names } = this.#options;
      this.#sealing = undefined;
      segments.replace(replaces, new SealedBlock(row, table, cache, names));
    };
  }

  /** Adds more ticks of version 0.1.0 to the block. */
  #gather(): () => void {
    const { segments } = this.#gathering!;
    const block = this.#gathering!.step();
    return () => {
      if (block === undefined) return;
      this.#gathering = undefined;
      this.#begin(block, segments, ++this.#id);
    };
  }

  /** Deletes ticks of version 0.1.0 that are in blocks or were forgotten. */
  #clear(): () => void {
    const legacy = this.#legacy!;
    legacy.forget(this.#takenOver());
    const done = legacy.isEmpty;
    if (done) legacy.drop();
    return () => {
      if (done) this.#legacy = undefined;
    };
  }

  #takenOver(): number {
    return this.#legacySegments()[0]?.after ?? Infinity;
  }

  #legacySegments(): LegacySegment[] {
    if (this.#legacy === undefined) return [];
    return this.#options.segments.all.filter((each) => each instanceof LegacySegment);
  }
}
