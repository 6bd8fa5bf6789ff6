import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { describe, test } from "node:test";
import { Damage } from "../../src/store/checksum.ts";
import { beginAnew, closeDatabase, openDatabase, reasonOf } from "../../src/store/database.ts";
import { TapeError, TapeFull } from "../../src/store/tape_error.ts";
import { readAll, TestStore, type TestStoreOptions } from "../helpers/store.ts";
import {
  change,
  diskFault,
  overwrite,
  query,
  SmallDisk,
  TapeFolder,
} from "../helpers/tape_file.ts";
import { numbered } from "../log/contract.ts";

const folder = new TapeFolder();
let epochs = 0;

function open(options: TestStoreOptions): TestStore {
  return new TestStore({ epoch: `e${++epochs}`, ...options }).follow();
}

/** A closed tape with so many ticks. */
async function closed(count = 9): Promise<string> {
  const path = folder.fresh();
  const store = open({ path });
  await store.append(numbered(count));
  store.close();
  return path;
}

function refusal(options: TestStoreOptions): string {
  try {
    open(options).close();
  } catch (error) {
    assert.ok(error instanceof TapeError, String(error));
    return error.message;
  }
  throw new Error("Cannot pass: the tape was opened");
}

describe("openDatabase: opened again", () => {
  test("A reopened tape has its ticks, head, tail, epoch and symbols, and goes on", async () => {
    const path = folder.fresh();
    const first = open({ path });
    const all = await first.append(numbered(10));
    first.close();
    const second = open({ path });
    const { tape } = second;
    assert.deepEqual([tape.epoch, tape.head, tape.tail], [first.tape.epoch, 10, 0]);
    assert.deepEqual(second.notes, []);
    assert.deepEqual(readAll(tape, { limit: 99 }), all);
    const more = await second.append(numbered(2, 10));
    assert.deepEqual(more.map(({ seq }) => seq), [11, 12]);
    const symbols = new Set([more[1]!.symbol]);
    assert.deepEqual(readAll(tape, { symbols, after: 9, limit: 9 }).at(-1), more[1]);
    second.close();
  });

  test("A closed tape is one file", async () => {
    const path = await closed();
    assert.deepEqual(readdirSync(join(path, "..")), ["tape.db"]);
  });

  test("A tape makes missing folders of its path", () => {
    const path = join(folder.path, "new", "folder", "tape.db");
    open({ path }).close();
    assert.ok(existsSync(path));
  });

  test("A tape in memory writes no file", () => {
    const names = readdirSync(".");
    open({}).close();
    assert.deepEqual(readdirSync("."), names);
  });

  test("A kill loses no appended tick, and the epoch stays", async () => {
    const path = folder.fresh();
    const first = open({ path });
    const all = [...await first.append(numbered(5)), ...await first.append(numbered(5, 5))];
    const second = open({ path: folder.killed(path) });
    assert.equal(second.tape.epoch, first.tape.epoch);
    assert.deepEqual(readAll(second.tape, { limit: 99 }), all);
    assert.equal((await second.append(numbered(1)))[0]!.seq, 11);
    second.close();
    first.close();
  });

  test("The epoch stays after repeated kills", async () => {
    let path = folder.fresh();
    const stores: TestStore[] = [];
    for (let round = 0; round < 4; round++) {
      const store = open({ path });
      stores.push(store);
      assert.equal(store.tape.head, 2 * round);
      await store.append(numbered(2, 2 * round));
      path = folder.killed(path);
    }
    assert.equal(new Set(stores.map(({ tape }) => tape.epoch)).size, 1);
    for (const store of stores) store.close();
  });

  test("The epoch changes when the machine crashed while the tape was open", async () => {
    const path = folder.fresh();
    const first = open({ path });
    const all = await first.append(numbered(5));
    const left = folder.killed(path);
    first.close();
    const second = open({ path: left, bootId: "boot 2" });
    assert.notEqual(second.tape.epoch, first.tape.epoch);
    assert.match(second.notes.join(), /machine stopped.*epoch changes/);
    assert.deepEqual(readAll(second.tape, { limit: 9 }), all);
    const again = folder.killed(left);
    second.close();
    const third = open({ path: again, bootId: "boot 2" });
    assert.deepEqual([third.tape.epoch, third.notes], [second.tape.epoch, []]);
    third.close();
  });

  test("The epoch stays when the machine restarts after a clean end", async () => {
    const path = await closed();
    const epoch = query(path, "SELECT value FROM meta WHERE name = 'epoch'");
    const second = open({ path, bootId: "boot 2" });
    assert.deepEqual([second.tape.epoch, second.notes], [epoch, []]);
    second.close();
  });

  test("A tape that was open in a crash of the machine is checked for damage", async () => {
    const path = folder.fresh();
    const store = open({ path });
    await store.append(numbered(20_000));
    const left = folder.killed(path);
    store.close();
    change(left, "PRAGMA wal_checkpoint(TRUNCATE)");
    const { size } = statSync(left);
    // Within entries that opening alone does not read.
    overwrite(left, size - 40_960, new Uint8Array(8_192).fill(0xa5));
    const openAs = (bootId: string) => {
      const options = { path: folder.killed(left), bootId, holder: "", newEpoch: () => "new" };
      const { db, meta, epoch } = openDatabase(options);
      closeDatabase(db, meta, options.path);
      return epoch;
    };
    assert.notEqual(openAs("boot 1"), "new");
    assert.throws(() => openAs("boot 2"), /damaged \(.*move it away/s);
  });
});

describe("openDatabase: refusals", () => {
  test("A second opener is refused with the holder of the tape", async () => {
    const path = folder.fresh();
    const store = open({ path, holder: "process 4711 on mill" });
    const message = refusal({ path, holder: "process 4712 on mill" });
    assert.ok(message.includes(path), message);
    assert.match(
      message,
      /process 4711 on mill has it open; stop that process, or choose another file with --tape/,
    );
    assert.equal((await store.append(numbered(1))).length, 1);
    store.close();
    open({ path }).close();
  });

  test("A tape whose newest ticks are in a stream is refused without it, and left as it was", () => {
    const path = folder.fresh();
    const options = { path, bootId: "boot 1", holder: "", newEpoch: () => "new" };
    const { db, meta } = openDatabase({ ...options, shared: { epoch: "e1", name: "quotes" } });
    closeDatabase(db, meta, path);
    const bytes = readFileSync(path);
    assert.match(refusal({ path }), /in the stream quotes; start with --log, or restore a backup/);
    assert.deepEqual(readFileSync(path), bytes);
    beginAnew(path, "e2");
    const again = open({ path });
    assert.equal(again.tape.epoch, "e2");
    again.close();
  });

  test("A tape of a newer version is refused and stays unchanged", async () => {
    const path = await closed();
    change(path, "PRAGMA user_version = 99");
    const bytes = readFileSync(path);
    const message = refusal({ path });
    assert.ok(message.includes(path), message);
    assert.match(message, /version 99, this program knows \d; use a newer tickwire/);
    assert.deepEqual(readFileSync(path), bytes);
    assert.deepEqual(readdirSync(join(path, "..")), ["tape.db"]);
  });

  for (const mode of ["DELETE", "WAL"]) {
    for (const version of [0, 1, 7]) {
      test(`A foreign database (${mode}, version ${version}) is refused and stays unchanged`, () => {
        const path = folder.fresh();
        const sql = "CREATE TABLE note (text); INSERT INTO note VALUES ('mine')";
        change(path, `PRAGMA journal_mode = ${mode}; PRAGMA user_version = ${version}; ${sql}`);
        const bytes = readFileSync(path);
        const message = refusal({ path });
        assert.ok(message.includes(path), message);
        assert.match(message, /a database of another program/);
        assert.deepEqual(readFileSync(path), bytes);
        assert.equal(query(path, "SELECT text FROM note"), "mine");
      });
    }
  }

  test("A file that is not a database is refused and stays unchanged", () => {
    const path = folder.fresh();
    const text = "symbol,price\nAAPL,150\n".repeat(100);
    writeFileSync(path, text);
    const message = refusal({ path });
    assert.ok(message.includes(path), message);
    assert.match(message, /not a database.*move it away/);
    assert.equal(readFileSync(path, "utf8"), text);
  });

  test("An empty file becomes a tape", () => {
    const path = folder.fresh();
    writeFileSync(path, "");
    const store = open({ path });
    assert.equal(store.tape.head, 0);
    store.close();
  });

  test("A folder that cannot be made is refused with its name", () => {
    const file = folder.fresh();
    writeFileSync(file, "");
    for (const path of [join(file, "tape.db"), join(file, "deeper", "tape.db")]) {
      const message = refusal({ path });
      assert.ok(message.includes(path), message);
      assert.match(message, /is not writable/);
    }
  });

  test("A folder at the path of the file is refused with its name", () => {
    const path = folder.fresh();
    mkdirSync(path);
    const message = refusal({ path });
    assert.ok(message.includes(path), message);
  });

  const isRoot = process.getuid?.() === 0;
  test("A folder without write permission is refused", { skip: isRoot }, () => {
    const parent = join(folder.path, "closed");
    mkdirSync(parent, { mode: 0o500 });
    assert.match(refusal({ path: join(parent, "tape.db") }), /is not writable/);
  });
});

describe("openDatabase: a disk that may only be read", { skip: diskFault() ?? false }, () => {
  const disk = new SmallDisk();

  test("A tape on a read-only disk is refused, whether or not it exists", async () => {
    const store = open({ path: disk.path("tape.db") });
    await store.append(numbered(5));
    store.close();
    disk.mount("ro");
    for (const name of ["tape.db", "new.db"]) {
      const message = refusal({ path: disk.path(name) });
      assert.ok(message.includes(disk.path(name)), message);
      assert.match(message, /the file or its folder is not writable/);
    }
    disk.mount("rw");
    const again = open({ path: disk.path("tape.db") });
    assert.equal(again.tape.head, 5);
    again.close();
  });
});

describe("reasonOf", () => {
  const cases: [cause: unknown, message: RegExp, kind?: new () => Error][] = [
    [
      new Error("database or disk is full"),
      /Cannot write to tape t\.db: the disk is full/,
      TapeFull,
    ],
    [new Error("ENOSPC: no space left on device"), /the disk is full/, TapeFull],
    [
      new Error("attempt to write a readonly database"),
      /Cannot write tape t\.db: the file or its folder is not writable/,
    ],
    [new Error("EROFS: read-only file system"), /is not writable/],
    [new Damage("tick 5 is missing"), /damaged \(tick 5 is missing\); move it away/],
    [new Error("database disk image is malformed"), /damaged \(database disk image is malformed\)/],
    [new Error("something else"), /Cannot write tape t\.db: something else/],
    ["a text", /a text/],
  ];
  for (const [cause, message, kind = TapeError] of cases) {
    test(`reasonOf describes ${cause} in words`, () => {
      const reason = reasonOf("write", "t.db", cause);
      assert.match(reason.message, message);
      assert.ok(reason instanceof kind);
    });
  }

  test("reasonOf keeps an existing reason", () => {
    const reason = new TapeFull("full");
    assert.equal(reasonOf("read", "t.db", reason), reason);
  });
});
