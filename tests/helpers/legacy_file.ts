import { DatabaseSync } from "node:sqlite";
import { SEQ } from "../../src/core/bar.ts";
import { INTERVALS } from "../../src/core/interval.ts";
import type { MarketChanges } from "../../src/core/market_state.ts";
import type { TapedTick } from "../../src/core/tick.ts";
import type { Receipt } from "../../src/log/log.ts";
import { sumOfNumbers, sumOfText } from "../../src/store/checksum.ts";
import { APPLICATION_ID } from "../../src/store/schema.ts";

/** Contents of a file in the form of version 0.1.0. */
export interface LegacyContents {
  /** Version of the form: 1 has no receipts, and no seqs in derived data. */
  readonly version?: 1 | 2;
  readonly epoch?: string;
  /** The seqs have no gaps; the first may be above 1. */
  readonly ticks: readonly TapedTick[];
  /** Time when each tick was appended. */
  appended?(seq: number): number;
  /** Data derived from the ticks up to its seq. */
  readonly state?: MarketChanges;
  readonly receipts?: readonly Receipt[];
  readonly marks?: Readonly<Record<string, string>>;
}

const SCHEMA = [
  `CREATE TABLE meta (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, value TEXT NOT NULL,
     sum INTEGER NOT NULL) STRICT;
   CREATE TABLE symbol (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, sum INTEGER NOT NULL) STRICT;
   CREATE TABLE tick (seq INTEGER PRIMARY KEY, symbol INTEGER NOT NULL, time REAL NOT NULL,
     price REAL NOT NULL, size REAL, bid REAL, ask REAL, sum INTEGER NOT NULL) STRICT;
   CREATE TABLE span (seq INTEGER PRIMARY KEY, appended REAL NOT NULL) STRICT;
   CREATE INDEX span_by_time ON span (appended);
   CREATE TABLE instrument (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, value TEXT NOT NULL,
     sum INTEGER NOT NULL) STRICT;
   CREATE TABLE newest (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, value TEXT NOT NULL,
     sum INTEGER NOT NULL) STRICT;
   CREATE TABLE bar (symbol INTEGER NOT NULL, interval INTEGER NOT NULL, time REAL NOT NULL,
     seq INTEGER NOT NULL, numbers BLOB NOT NULL, sum INTEGER NOT NULL,
     PRIMARY KEY (symbol, interval, time)) STRICT, WITHOUT ROWID;`,
  `CREATE TABLE receipt (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE,
     accepted INTEGER NOT NULL, seq INTEGER NOT NULL, time REAL NOT NULL, sum INTEGER NOT NULL) STRICT;`,
];

/** Writes such a file, as a process leaves it. */
export function writeLegacyFile(path: string, contents: LegacyContents): void {
  const { version = 2 } = contents;
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA journal_mode = WAL; BEGIN`);
  for (const sql of SCHEMA.slice(0, version)) db.exec(sql);
  db.exec(`PRAGMA user_version = ${version}`);
  new Writer(db, version).write(contents);
  db.exec("COMMIT");
  db.close();
}

class Writer {
  readonly #db: DatabaseSync;
  readonly #version: number;
  readonly #ids = new Map<string, number>();

  constructor(db: DatabaseSync, version: number) {
    this.#db = db;
    this.#version = version;
  }

  write({ epoch = "e0", ticks, appended = () => 0, state, receipts, marks }: LegacyContents): void {
    const last = ticks.at(-1)?.seq ?? 0;
    for (
      const [name, value] of Object.entries({
        ...{ epoch, boot: "boot 1", clean: "1" },
        ...(state === undefined ? {} : { saved: String(state.seq), known: String(last) }),
        ...Object.fromEntries(Object.entries(marks ?? {}).map(([k, v]) => [`mark ${k}`, v])),
      })
    ) this.#text("meta", name, value);
    this.#ticks(ticks, appended);
    if (state !== undefined) this.#state(state, last);
    const put = "INSERT INTO receipt (key, accepted, seq, time, sum) VALUES (?, ?, ?, ?, ?)";
    for (const { key, accepted, seq, time } of receipts ?? []) {
      const sum = sumOfText(key, String(accepted), String(seq), String(time));
      this.#db.prepare(put).run(key, accepted, seq, time, sum);
    }
  }

  #ticks(ticks: readonly TapedTick[], appended: (seq: number) => number): void {
    const put = this.#db.prepare("INSERT INTO tick VALUES (?, ?, ?, ?, ?, ?, ?, ?)");
    const span = this.#db.prepare("INSERT INTO span VALUES (?, ?)");
    let spanAt = -Infinity;
    for (const { seq, symbol, time, price, size, bid, ask } of ticks) {
      const id = this.#id(symbol);
      const unknown = [size, bid, ask].map((value) => value ?? Infinity);
      const sum = sumOfNumbers(Float64Array.of(seq, id, time, price, ...unknown));
      put.run(seq, id, time, price, size, bid, ask, sum);
      const now = appended(seq);
      if (Math.abs(now - spanAt) < 1_000) continue;
      span.run(seq, spanAt = now);
    }
  }

  #state({ instruments, newest, bars }: MarketChanges, last: number): void {
    const text = (value: object) =>
      JSON.stringify(value, (_, each) => each === -Infinity ? "-Infinity" : each);
    for (const each of instruments) this.#text("instrument", each.symbol, text(each));
    for (const newestOne of newest) {
      if ("gone" in newestOne) continue;
      const { seq, ...each } = newestOne;
      const value = this.#version === 1 ? each : { ...each, seq };
      this.#text("newest", each.symbol, text(value));
    }
    const put = this.#db.prepare("INSERT INTO bar VALUES (?, ?, ?, ?, ?, ?)");
    for (const { symbol, interval, numbers: all } of bars) {
      const numbers = this.#version === 1 ? all.slice(0, SEQ) : all;
      const seq = this.#version === 1 ? last : all[SEQ]!;
      const [id, index] = [this.#id(symbol), INTERVALS.indexOf(interval)];
      const bytes = new Uint8Array(numbers.slice().buffer);
      put.run(id, index, all[0]!, seq, bytes, sumOfNumbers(Float64Array.of(id, index, ...numbers)));
    }
  }

  #text(table: string, name: string, value: string): void {
    this.#db.prepare(`INSERT INTO ${table} (name, value, sum) VALUES (?, ?, ?)`)
      .run(name, value, sumOfText(name, value));
  }

  #id(symbol: string): number {
    let id = this.#ids.get(symbol);
    if (id === undefined) {
      this.#ids.set(symbol, id = this.#ids.size + 1);
      this.#db.prepare("INSERT INTO symbol VALUES (?, ?, ?)")
        .run(id, symbol, sumOfText(symbol, String(id)));
    }
    return id;
  }
}
