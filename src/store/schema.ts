import type { DatabaseSync } from "node:sqlite";

/** Marks a file as a tape: "tick" in ASCII. */
export const APPLICATION_ID = 0x7469636b;

/** The steps from each version of the schema to the next; opening a file runs the missing ones. */
const MIGRATIONS: readonly string[] = [
  `PRAGMA application_id = ${APPLICATION_ID};
   CREATE TABLE meta (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, value TEXT NOT NULL,
     sum INTEGER NOT NULL) STRICT;
   CREATE TABLE symbol (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, sum INTEGER NOT NULL) STRICT;
   -- Ticks are read by seq; a filter by symbol or time looks at each of a slice.
   CREATE TABLE tick (seq INTEGER PRIMARY KEY, symbol INTEGER NOT NULL, time REAL NOT NULL,
     price REAL NOT NULL, size REAL, bid REAL, ask REAL, sum INTEGER NOT NULL) STRICT;
   -- When ticks were appended: one row for all ticks of about a second, for retention by age.
   CREATE TABLE span (seq INTEGER PRIMARY KEY, appended REAL NOT NULL) STRICT;
   CREATE INDEX span_by_time ON span (appended);
   -- In the order in which they became known.
   CREATE TABLE instrument (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, value TEXT NOT NULL,
     sum INTEGER NOT NULL) STRICT;
   CREATE TABLE newest (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, value TEXT NOT NULL,
     sum INTEGER NOT NULL) STRICT;
   -- With the seq of the newest tick in the bar.
   CREATE TABLE bar (symbol INTEGER NOT NULL, interval INTEGER NOT NULL, time REAL NOT NULL,
     seq INTEGER NOT NULL, numbers BLOB NOT NULL, sum INTEGER NOT NULL,
     PRIMARY KEY (symbol, interval, time)) STRICT, WITHOUT ROWID;`,
  // Ids are never reused, so that they give the order.
  `CREATE TABLE receipt (id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE,
     accepted INTEGER NOT NULL, seq INTEGER NOT NULL, time REAL NOT NULL, sum INTEGER NOT NULL) STRICT;`,
  // Entries of the log, and ticks in blocks with parts by symbol. Ticks of older versions remain
  // until they are sealed in blocks.
  `CREATE TABLE entry (id INTEGER PRIMARY KEY, body BLOB NOT NULL) STRICT;
   CREATE TABLE block (id INTEGER PRIMARY KEY, after INTEGER NOT NULL, last INTEGER NOT NULL,
     count INTEGER NOT NULL, oldest REAL NOT NULL, newest REAL NOT NULL, appended REAL NOT NULL,
     sum INTEGER NOT NULL, runs BLOB NOT NULL, symbols BLOB NOT NULL, details INTEGER NOT NULL) STRICT;
   CREATE TABLE chunk (block INTEGER NOT NULL, part INTEGER NOT NULL, body BLOB NOT NULL,
     sum INTEGER NOT NULL, PRIMARY KEY (block, part)) STRICT, WITHOUT ROWID;`,
  // Ids have no gaps, so that a missing row is detected.
  `CREATE TABLE correction (id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL,
     sum INTEGER NOT NULL) STRICT;`,
];

export const SCHEMA_VERSION = MIGRATIONS.length;

export function migrate(db: DatabaseSync): void {
  const { user_version } = db.prepare("PRAGMA user_version").get() as { user_version: number };
  for (let version = user_version; version < SCHEMA_VERSION; version++) {
    db.exec(`BEGIN; ${MIGRATIONS[version]} PRAGMA user_version = ${version + 1}; COMMIT;`);
  }
}
