import type { DatabaseSync } from "node:sqlite";
import { Damage } from "../store/checksum.ts";
import { TextTable } from "../store/text_table.ts";
import { BarStore } from "./bar_store.ts";
import { type BlockRow, BlockTable, checkRow } from "./block_table.ts";
import { Corrections } from "./corrections.ts";
import { LegacyTicks } from "./legacy_ticks.ts";
import { Marks } from "./marks.ts";
import { Receipts } from "./receipts.ts";
import { Retainer } from "./retainer.ts";
import { BlockCache, SealedBlock } from "./sealed_block.ts";
import { Sealer } from "./sealer.ts";
import type { Segment } from "./segment.ts";
import { Segments } from "./segments.ts";
import { SymbolTable } from "./symbol_table.ts";

/** The components of a tape. */
export interface Parts {
  readonly symbols: SymbolTable;
  readonly instruments: TextTable;
  readonly newest: TextTable;
  readonly receipts: Receipts;
  readonly corrections: Corrections;
  readonly marks: Marks;
  readonly bars: BarStore;
  readonly segments: Segments;
  readonly sealer: Sealer;
  readonly retainer: Retainer;
  /** Makes the segment of a block in the file. */
  sealed(row: BlockRow): SealedBlock;
}

export interface PartsOptions {
  readonly db: DatabaseSync;
  readonly meta: TextTable;
  /** Number of newest bars that each series keeps in any case. */
  readonly barsKept: number;
  /** Number of ticks after which a block is sealed in the file. */
  readonly blockTicks: number;
  /** Bytes of the file that are in use. */
  bytes(): number;
  /** Whether another process writes the file and tells this one. */
  readonly isReader?: boolean | undefined;
  /** Ticks up to this seq are no longer read by other processes. */
  readonly released?: (() => number) | undefined;
}

/** Opens the components in a file. @throws {Damage} if something in it is missing or damaged */
export function openParts(options: PartsOptions): Parts {
  const { db, meta, barsKept, blockTicks, bytes, isReader, released = () => Infinity } = options;
  const symbols = new SymbolTable(db);
  const names = (id: number) => symbols.nameOf(id);
  const table = new BlockTable(db);
  const cache = new BlockCache();
  const corrections = new Corrections(db, meta, symbols);
  const bars = new BarStore(db, symbols, barsKept, corrections);
  const rows = table.all();
  rows.forEach(checkRow);
  const sealed = (row: BlockRow) => new SealedBlock(row, table, cache, names);
  const all = rows.map(sealed);
  const legacy = LegacyTicks.of(db, symbols);
  // Version 0.1.0 did not store the tail.
  if (legacy !== undefined && all.length === 0 && !isReader) noteTail(meta, legacy.first - 1);
  const tail = seqNoted(meta, "tail");
  const blocks = all.filter(({ last }) => last > tail);
  const last = legacy?.last ?? 0;
  const takenOver = Math.max(tail, ...all.map((block) => block.last <= last ? block.last : 0));
  const kept = [...blocks, ...legacy?.segments(takenOver) ?? []].sort((a, b) => a.after - b.after);
  const settled = seqNoted(meta, "settled");
  const segments = new Segments(settled, blockTicks, names);
  for (const segment of whole(kept, tail, settled)) segments.push(segment);
  // Only after the check that no block is missing.
  if (!isReader) table.forgetUnfinished();
  const lastId = Math.max(0, ...all.map(({ row }) => row.id));
  const sealer = new Sealer({ segments, table, legacy, symbols, cache, names, lastId });
  const dropped = all.filter((block) => block.last <= tail);
  return {
    symbols,
    instruments: new TextTable(db, "instrument"),
    newest: new TextTable(db, "newest"),
    receipts: new Receipts(db),
    corrections,
    marks: new Marks(meta),
    bars,
    segments,
    sealer,
    retainer: new Retainer({ segments, sealer, table, bars, tail, dropped, bytes, released }),
    sealed,
  };
}

/**
 * Checks that the segments have no gaps from the tail to the `settled` seq, and returns them.
 * @throws {Damage} if they have
 */
function whole(segments: readonly Segment[], tail: number, settled: number): readonly Segment[] {
  let end = Math.min(tail, segments[0]?.after ?? tail);
  for (const { after, last } of segments) {
    if (after !== end) throw new Damage(`ticks ${end + 1} to ${after} are missing`);
    end = last;
  }
  if (end < settled) throw new Damage(`ticks ${end + 1} to ${settled} are missing`);
  return segments;
}

type Noted = "saved" | "known" | "tail" | "settled";

/**
 * Reads a seq of the file. `saved`: the data derived from ticks up to here are stored. `known`: no
 * stored data derive from later ticks. `tail`: ticks up to here were forgotten. `settled`: the log
 * is not needed up to here.
 */
export function seqNoted(meta: TextTable, name: Noted): number {
  return Number(meta.all().get(name) ?? 0);
}

/** Stores that ticks up to a seq are not kept; part of a transaction, or of opening. */
export function noteTail(meta: TextTable, tail: number): void {
  if (tail > seqNoted(meta, "tail")) meta.put("tail", String(tail));
}

/** Stores in a new file that the first tick comes after a seq. */
export function beginAfter(meta: TextTable, seq: number): void {
  if (seq === 0) return;
  meta.put("settled", String(seq));
  noteTail(meta, seq);
}
