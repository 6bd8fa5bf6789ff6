import type { DatabaseSync } from "node:sqlite";
import { LocalEntries } from "../log/local.ts";
import { lastSeq } from "../log/log.ts";
import { Damage } from "../store/checksum.ts";
import { openToRead, pragmaOf, streamOf } from "../store/database.ts";
import { TapeError } from "../store/tape_error.ts";
import { TextTable } from "../store/text_table.ts";
import { BarTable } from "./bar_table.ts";
import { BlockTable, checkRow } from "./block_table.ts";
import { Corrections } from "./corrections.ts";
import { LegacyTicks } from "./legacy_ticks.ts";
import { seqNoted } from "./parts.ts";
import { BlockCache, SealedBlock } from "./sealed_block.ts";
import type { Segment } from "./segment.ts";
import { SymbolTable } from "./symbol_table.ts";

/** The content of a tape's file. */
export interface Inspection {
  readonly path: string;
  /** Version of the file format. */
  readonly version: number;
  readonly epoch: string;
  /** Seqs of the oldest and the newest tick; 0 without ticks. */
  first: number;
  last: number;
  /** The least and the greatest event time; `null` without ticks. */
  oldest: number | null;
  newest: number | null;
  readonly symbols: number;
  ticks: number;
  blocks: number;
  parts: number;
  /** Bytes of the blocks, and of the file. */
  blockBytes: number;
  readonly fileBytes: number;
  /** Entries of the log, and their ticks, which are not in blocks. */
  entries: number;
  entryTicks: number;
  /** The stream that has the ticks after `last`, for the file of a replica that has read more of it. */
  stream: string | null;
  /** Ticks in the format of version 0.1.0. */
  legacyTicks: number;
  bars: number;
  /** Descriptions of missing and damaged records. */
  readonly damage: string[];
}

/** The progress of an inspection, in steps. */
export interface Progress {
  readonly done: number;
  readonly all: number;
}

const BLOCKS_SINCE = 3, CORRECTIONS_SINCE = 4;
/** More bars than a series has. */
const BARS_MAX = 1e9;

/**
 * Reads all data of a file and changes nothing.
 * @returns its content, after any number of steps
 * @throws {TapeError} if it is not a tape, is in use, or is too damaged to be opened
 */
export function* inspect(path: string): Generator<Progress, Inspection> {
  const { db, version } = openToRead(path);
  try {
    const looking = new Looking(path, db, version);
    yield* looking.all();
    return looking.found;
  } finally {
    db.close();
  }
}

class Looking {
  readonly found: Inspection;
  readonly #db: DatabaseSync;
  readonly #meta: TextTable;
  readonly #symbols: SymbolTable;

  constructor(path: string, db: DatabaseSync, version: number) {
    this.#db = db;
    try {
      this.#meta = new TextTable(db, "meta");
      this.#symbols = new SymbolTable(db);
      this.found = {
        ...{ path, version, epoch: this.#meta.all().get("epoch") ?? "" },
        ...{ first: 0, last: 0, oldest: null, newest: null, symbols: this.#symbols.size },
        ...{ ticks: 0, blocks: 0, parts: 0, blockBytes: 0 },
        fileBytes: pragmaOf(db, "page_count") * pragmaOf(db, "page_size"),
        ...{ entries: 0, entryTicks: 0, stream: null, legacyTicks: 0, bars: 0, damage: [] },
      };
    } catch (cause) {
      throw new TapeError(`Cannot read tape ${path}: ${(cause as Error).message}`, { cause });
    }
  }

  *all(): Generator<Progress> {
    const { version } = this.found;
    const legacy = LegacyTicks.of(this.#db, this.#symbols);
    const tail = seqNoted(this.#meta, "tail");
    const table = version < BLOCKS_SINCE ? undefined : new BlockTable(this.#db);
    const cache = new BlockCache();
    const names = (id: number) => this.#symbols.nameOf(id);
    const rows = table?.all().filter(({ last }) => last > tail) ?? [];
    for (const row of rows) this.#look(() => checkRow(row));
    const blocks = rows.map((row) => new SealedBlock(row, table!, cache, names));
    const legacyLast = legacy?.last ?? 0;
    const taken = Math.max(tail, ...rows.map(({ last }) => last <= legacyLast ? last : 0));
    const segments = [...blocks, ...legacy?.segments(taken) ?? []]
      .sort((a, b) => a.after - b.after);
    const all = segments.length + 2;
    let done = 0;
    const settled = seqNoted(this.#meta, "settled");
    const begin = segments[0]?.after ?? tail;
    // Version 0.1.0 did not store the tail.
    let last = version < BLOCKS_SINCE ? begin : Math.min(begin, tail);
    for (const segment of segments) {
      if (segment.after !== last) {
        this.#damaged(`ticks ${last + 1} to ${segment.after} are missing`);
      }
      last = segment.last;
      this.#look(() => this.#segment(segment));
      yield { done: ++done, all };
    }
    if (last < settled) this.#damaged(`ticks ${last + 1} to ${settled} are missing`);
    if (version >= BLOCKS_SINCE) last = this.#entries(Math.max(last, settled));
    yield { done: ++done, all };
    this.#look(() => this.#derived(last));
    yield { done: ++done, all };
  }

  #segment(segment: Segment): void {
    const { found } = this;
    this.#span(segment.after + 1, segment.last);
    const view = segment.view(undefined, { spent: 0 });
    segment.runs();
    for (let index = 0; index < view.length; index++) this.#time(view.timeAt(index));
    found.ticks += view.length;
    if (!(segment instanceof SealedBlock)) {
      found.legacyTicks += view.length;
      return;
    }
    found.blocks++;
    found.parts += segment.partCount;
    found.blockBytes += segment.bytes;
  }

  /** @returns the seq of the last tick */
  #entries(after: number): number {
    const { found } = this;
    let last = after;
    this.#look(() => {
      for (const entry of new LocalEntries(this.#db, found.path).read(last)) {
        found.entries++;
        found.entryTicks += entry.ticks.length;
        found.ticks += entry.ticks.length;
        if (entry.ticks.length > 0) this.#span(entry.first, lastSeq(entry));
        for (const { time } of entry.ticks) this.#time(time);
        last = lastSeq(entry);
      }
    });
    return last;
  }

  /** Reads the data that were derived from ticks. */
  #derived(last: number): void {
    const known = Math.max(seqNoted(this.#meta, "saved"), seqNoted(this.#meta, "known"));
    const stream = streamOf(this.#meta);
    if (known > last && stream !== undefined) this.found.stream = stream;
    else if (known > last) this.#damaged(`the newest ticks, ${last + 1} to ${known}, are missing`);
    if (this.found.version >= CORRECTIONS_SINCE) {
      this.#look(() => void new Corrections(this.#db, this.#meta, this.#symbols));
    }
    for (const table of ["instrument", "newest"] as const) {
      this.#look(() => new TextTable(this.#db, table).all());
    }
    this.#look(() => {
      this.found.bars = new BarTable(this.#db, this.#symbols, 0).newest(BARS_MAX).length;
    });
    const result = String(Object.values(this.#db.prepare("PRAGMA quick_check(1)").get()!)[0]);
    if (result !== "ok") this.#damaged(result);
  }

  #span(first: number, last: number): void {
    if (this.found.first === 0) this.found.first = first;
    this.found.last = last;
  }

  #time(time: number): void {
    const { oldest, newest } = this.found;
    if (oldest === null || time < oldest) this.found.oldest = time;
    if (newest === null || time > newest) this.found.newest = time;
  }

  /** Records damage, so that the inspection can continue. */
  #look(work: () => void): void {
    try {
      work();
    } catch (error) {
      const isDamage = error instanceof Damage || error instanceof TapeError ||
        /malformed|SQL logic error|not a database/.test(String(error));
      if (!isDamage) throw error;
      this.#damaged((error as Error).message);
    }
  }

  #damaged(reason: string): void {
    this.found.damage.push(reason);
  }
}
