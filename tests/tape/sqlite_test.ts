import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { type BarRecord, reviseRecord, SEQ } from "../../src/core/bar.ts";
import { type Interval, INTERVALS, lengthOf } from "../../src/core/interval.ts";
import { Market } from "../../src/core/market.ts";
import type { Tick } from "../../src/core/tick.ts";
import { sumOfNumbers, sumOfText } from "../../src/store/checksum.ts";
import { SqliteTape, type SqliteTapeOptions } from "../../src/tape/sqlite.ts";
import { TapeError, TapeFull } from "../../src/store/tape_error.ts";
import { bits, next, tick } from "../core/ticks.ts";
import { tapeContract } from "./contract.ts";

const DAY = 86_400_000;

let folder = "";
let epochs = 0;
let files = 0;

before(() => {
  folder = mkdtempSync(join(tmpdir(), "tickwire-tape-"));
});
after(() => rmSync(folder, { recursive: true, force: true }));

function open(options: Partial<SqliteTapeOptions> = {}): SqliteTape {
  return new SqliteTape({
    path: ":memory:",
    bootId: "boot 1",
    holder: "process 1 on a machine",
    newEpoch: () => `e${++epochs}`,
    now: () => 0,
    ...options,
  });
}

/** A path that nothing has used. */
function freshPath(): string {
  const parent = join(folder, String(++files));
  mkdirSync(parent);
  return join(parent, "tape.db");
}

/** What is left of a tape whose process is killed now. */
function killed(path: string): string {
  const copy = freshPath();
  for (const end of ["", "-wal"]) {
    if (existsSync(path + end)) copyFileSync(path + end, copy + end);
  }
  return copy;
}

function ticks(count: number, first = 0): Tick[] {
  return Array.from({ length: count }, (_, index) => {
    const price = first + index;
    return tick({ symbol: ["A", "B", "C"][price % 3]!, time: price * 1_000, price, size: 1 });
  });
}

/** Makes of a closed tape what the first version of the program would have written. */
function makeFirstVersion(path: string): void {
  const db = new DatabaseSync(path);
  db.exec("BEGIN; DROP TABLE receipt; PRAGMA user_version = 1");
  for (const row of db.prepare("SELECT symbol, interval, time, numbers FROM bar").all()) {
    const { symbol, interval, time } = row as Record<string, number>;
    const numbers = new Float64Array(new Uint8Array(row["numbers"] as Uint8Array).buffer, 0, SEQ);
    const sum = sumOfNumbers(Float64Array.of(symbol!, interval!, ...numbers));
    db.prepare(
      "UPDATE bar SET numbers = ?, sum = ?, seq = 1000 WHERE (symbol, interval, time) = (?, ?, ?)",
    )
      .run(new Uint8Array(numbers.slice().buffer), sum, symbol!, interval!, time!);
  }
  for (const row of db.prepare("SELECT name, value FROM newest").all()) {
    const { name, value } = row as { name: string; value: string };
    const { seq: _, ...newest } = JSON.parse(value);
    const text = JSON.stringify(newest);
    db.prepare("UPDATE newest SET value = ?, sum = ? WHERE name = ?")
      .run(text, sumOfText(name, text), name);
  }
  db.exec("COMMIT");
  db.close();
}

function refusal(options: Partial<SqliteTapeOptions>): string {
  try {
    open(options).close();
  } catch (error) {
    assert.ok(error instanceof TapeError, String(error));
    return error.message;
  }
  throw new Error("Cannot pass: the tape was opened");
}

function query(path: string, sql: string): unknown {
  const db = new DatabaseSync(path);
  const row = db.prepare(sql).get();
  db.close();
  return row === undefined ? undefined : Object.values(row)[0];
}

function change(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

tapeContract("sqlite in memory", () => open());
tapeContract("sqlite in a file", () => open({ path: freshPath() }));

describe("sqlite: opened again", () => {
  test("A tape opened again has its ticks, head, tail, epoch and symbols, and goes on", () => {
    const path = freshPath();
    const first = open({ path });
    const taped = first.append(ticks(10));
    first.close();
    const second = open({ path });
    assert.deepEqual([second.epoch, second.head, second.tail], [first.epoch, 10, 0]);
    assert.deepEqual(second.notes, []);
    assert.deepEqual(second.read({ limit: 99 }), taped);
    const more = second.append([tick({ symbol: "C" }), tick({ symbol: "D" })]);
    assert.deepEqual(more.map(({ seq }) => seq), [11, 12]);
    assert.deepEqual(second.read({ symbols: new Set(["C"]), after: 9, limit: 9 }), [more[0]]);
    assert.deepEqual(second.read({ symbols: new Set(["D"]), limit: 9 }), [more[1]]);
    second.close();
  });

  test("A killed process keeps a mark with the ticks it was given with, or neither", () => {
    const path = freshPath();
    const first = open({ path });
    first.append(ticks(3), { marks: new Map([["feed", "1"]]) });
    const faulty = [...ticks(2, 3), { ...ticks(1)[0]!, price: NaN }];
    assert.throws(() => first.append(faulty, { marks: new Map([["feed", "2"]]) }));
    const second = open({ path: killed(path) });
    assert.deepEqual([second.head, second.mark("feed")], [3, "1"]);
    second.close();
    first.close();
  });

  test("A tape that was closed leaves one file", () => {
    const path = freshPath();
    const tape = open({ path });
    tape.append(ticks(3));
    tape.close();
    assert.deepEqual(readdirSync(join(path, "..")), ["tape.db"]);
  });

  test("A tape makes the folders on the way to its file", () => {
    const path = join(folder, "new", "folder", "tape.db");
    open({ path }).close();
    assert.ok(existsSync(path));
  });

  test("A tape in memory writes no file", () => {
    const names = readdirSync(".");
    open().close();
    assert.deepEqual(readdirSync("."), names);
  });

  test("A killed process loses nothing that was appended, and the epoch stays", () => {
    const path = freshPath();
    const first = open({ path });
    const taped = [...first.append(ticks(5)), ...first.append(ticks(5, 5))];
    const second = open({ path: killed(path) });
    assert.equal(second.epoch, first.epoch);
    assert.deepEqual(second.read({ limit: 99 }), taped);
    assert.equal(second.append(ticks(1))[0]!.seq, 11);
    second.close();
    first.close();
  });

  test("The epoch stays when the process is killed again and again", () => {
    let path = freshPath();
    const tapes: SqliteTape[] = [];
    for (let round = 0; round < 4; round++) {
      const tape = open({ path });
      tapes.push(tape);
      assert.equal(tape.head, 2 * round);
      tape.append(ticks(2, 2 * round));
      path = killed(path);
    }
    assert.equal(new Set(tapes.map(({ epoch }) => epoch)).size, 1);
    for (const tape of tapes) tape.close();
  });

  test("The epoch changes when the machine went down while the tape was in use", () => {
    const path = freshPath();
    const first = open({ path });
    const taped = first.append(ticks(5));
    const left = killed(path);
    first.close();
    const second = open({ path: left, bootId: "boot 2" });
    assert.notEqual(second.epoch, first.epoch);
    assert.match(second.notes.join(), /machine went down.*epoch changes/);
    assert.deepEqual(second.read({ limit: 9 }), taped);
    const again = killed(left);
    second.close();
    const third = open({ path: again, bootId: "boot 2" });
    assert.deepEqual([third.epoch, third.notes], [second.epoch, []]);
    third.close();
  });

  test("The epoch stays when the machine starts anew after a clean end", () => {
    const path = freshPath();
    const first = open({ path });
    first.close();
    const second = open({ path, bootId: "boot 2" });
    assert.deepEqual([second.epoch, second.notes], [first.epoch, []]);
    second.close();
  });

  test("A killed process leaves a receipt if, and only if, it leaves the ticks", () => {
    const path = freshPath();
    const first = open({ path });
    first.append(ticks(5), { keyed: [{ key: "a", accepted: 5, end: 5, time: 7 }] });
    const broken = [tick(), tick({ price: NaN })];
    assert.throws(() =>
      first.append(broken, { keyed: [{ key: "b", accepted: 2, end: 2, time: 7 }] })
    );
    const left = killed(path);
    first.append(ticks(5, 5), { keyed: [{ key: "c", accepted: 5, end: 5, time: 7 }] });
    const second = open({ path: left });
    assert.equal(second.head, 5);
    assert.deepEqual(second.receipt("a"), { key: "a", accepted: 5, seq: 5, time: 7 });
    assert.deepEqual([second.receipt("b"), second.receipt("c")], [undefined, undefined]);
    first.close();
    second.close();
  });

  test("A tape of the first version is brought to the newest, with all that was in it", () => {
    const path = freshPath();
    const { market } = wholeTape(path, 1_000);
    const whole = open({ path });
    const expected = contents(whole);
    whole.close();
    makeFirstVersion(path);
    const tape = open({ path });
    assert.equal(query(killed(path), "PRAGMA user_version"), 2);
    const { state: { bars, newest, ...state }, ...found } = contents(tape);
    const { state: { bars: _, newest: __, ...before }, ...rest } = expected;
    assert.deepEqual([found, state], [rest, before]);
    assert.deepEqual(newest.map(({ seq }) => seq), [0, 0, 0]);
    // All was saved at once, so each record holds the ticks up to there.
    assert.ok(bars.length > 30 && bars.every(({ numbers }) => numbers[SEQ] === 1_000));
    const restored = new Market({ barsKept: 2 });
    restored.restore(tape.load(2));
    const more = tape.append(ticks(100, 990), {
      keyed: [{ key: "k", accepted: 100, end: 100, time: 1 }],
    });
    for (const tick of more) for (const each of [market, restored]) each.apply(tick);
    for (const symbol of ["A", "B", "C"]) {
      assert.deepEqual(restored.board.row(symbol), market.board.row(symbol));
      for (const interval of INTERVALS) {
        assert.deepEqual(restored.newestBar(symbol, interval), market.newestBar(symbol, interval));
      }
    }
    assert.equal(tape.receipt("k")!.seq, 1_100);
    tape.close();
  });

  test("A tape logs no number that it could not give back", () => {
    const tape = open();
    const [taped] = tape.append([tick({ price: -0, time: -0, size: -0, bid: -0, ask: -0 })]);
    assert.deepEqual(taped, { seq: 1, symbol: "A", time: 0, price: 0, size: 0, bid: 0, ask: 0 });
    assert.deepEqual(tape.read({ limit: 1 }), [taped]);
    for (const fields of [{ price: NaN }, { size: Infinity }, { time: NaN }, { bid: -Infinity }]) {
      assert.throws(() => tape.append([tick(), tick(fields)]), RangeError);
    }
    assert.equal(tape.head, 1);
    tape.close();
  });
});

describe("sqlite: refusals", () => {
  test("A second opener is refused and told who holds the tape", () => {
    const path = freshPath();
    const tape = open({ path, holder: "process 4711 on mill" });
    const message = refusal({ path, holder: "process 4712 on mill" });
    assert.ok(message.includes(path), message);
    assert.match(message, /process 4711 on mill has it; stop that, or choose another with --tape/);
    assert.equal(tape.append(ticks(1)).length, 1);
    tape.close();
    open({ path }).close();
  });

  test("A tape of a newer version is refused and left as it was", () => {
    const path = freshPath();
    const tape = open({ path });
    tape.append(ticks(9));
    tape.close();
    change(path, "PRAGMA user_version = 99");
    const bytes = readFileSync(path);
    const message = refusal({ path });
    assert.ok(message.includes(path), message);
    assert.match(message, /version 99, this program knows 2; use a newer tickwire/);
    assert.deepEqual(readFileSync(path), bytes);
    assert.deepEqual(readdirSync(join(path, "..")), ["tape.db"]);
  });

  for (const mode of ["DELETE", "WAL"]) {
    for (const version of [0, 1, 7]) {
      test(`A foreign database (${mode}, version ${version}) is refused and left as it was`, () => {
        const path = freshPath();
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

  test("A file that is no database is refused and left as it was", () => {
    const path = freshPath();
    const text = "symbol,price\nAAPL,150\n".repeat(100);
    writeFileSync(path, text);
    const message = refusal({ path });
    assert.ok(message.includes(path), message);
    assert.match(message, /not a database.*move it away/);
    assert.equal(readFileSync(path, "utf8"), text);
  });

  test("An empty file becomes a tape", () => {
    const path = freshPath();
    writeFileSync(path, "");
    const tape = open({ path });
    assert.equal(tape.head, 0);
    tape.close();
  });

  test("A folder that cannot be made is refused with its name", () => {
    const file = freshPath();
    writeFileSync(file, "");
    for (const path of [join(file, "tape.db"), join(file, "deeper", "tape.db")]) {
      const message = refusal({ path });
      assert.ok(message.includes(path), message);
      assert.match(message, /is not writable/);
    }
  });

  test("A folder in the place of the file is refused with its name", () => {
    const path = freshPath();
    mkdirSync(path);
    const message = refusal({ path });
    assert.ok(message.includes(path), message);
  });

  const isRoot = process.getuid?.() === 0;
  test("A folder that may not be written is refused", { skip: isRoot }, () => {
    const parent = join(folder, "closed");
    mkdirSync(parent, { mode: 0o500 });
    assert.match(refusal({ path: join(parent, "tape.db") }), /is not writable/);
  });
});

/** A closed tape with ticks, bars and a saved market. */
function wholeTape(path: string, count: number): { market: Market; all: unknown[] } {
  const tape = open({ path });
  const market = new Market({ barsKept: 2 });
  for (const tick of tape.append(ticks(count))) market.apply(tick);
  tape.save(market.takeChanges());
  const all = tape.read({ limit: count });
  tape.close();
  return { market, all };
}

function overwrite(path: string, offset: number, bytes: Uint8Array): void {
  const file = openSync(path, "r+");
  writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
}

/** Everything a tape can answer, in a form that can be compared. */
function contents(tape: SqliteTape) {
  const symbols = ["A", "B", "C"];
  return {
    ends: [tape.tail, tape.head],
    ticks: tape.read({ limit: 1e9 }),
    bySymbol: symbols.map((symbol) => tape.read({ symbols: new Set([symbol]), limit: 1e9 })),
    bars: symbols.flatMap((symbol) =>
      INTERVALS.map((interval) => tape.bars(symbol, interval, { limit: 1e9 }))
    ),
    state: tape.load(10),
  };
}

/** The same, record by record. */
function answers(tape: SqliteTape): string[] {
  const { ticks, bySymbol, bars, state } = contents(tape);
  const { instruments, newest, seq } = state;
  return [seq, ...ticks, ...bySymbol.flat(), ...bars.flat(), ...instruments, ...newest].map(bits);
}

describe("sqlite: damage", () => {
  const garbage = Uint8Array.from({ length: 4_096 }, (_, index) => (index * 7919 + 13) % 256);

  for (const [what, bytes] of [["garbage", garbage], ["zeros", new Uint8Array(4_096)]] as const) {
    test(`A tape with ${what} in a page is refused or says so when it is read`, () => {
      const path = freshPath();
      wholeTape(path, 1_000);
      const good = readFileSync(path);
      const tape = open({ path });
      const expected = bits(contents(tape));
      tape.close();
      for (let at = 0; at < good.length; at += 4_096) {
        writeFileSync(path, good);
        overwrite(path, at, bytes);
        let damaged: SqliteTape | undefined;
        try {
          damaged = open({ path });
          // Some pages hold what no answer needs.
          assert.equal(bits(contents(damaged)), expected);
        } catch (error) {
          assert.ok(error instanceof TapeError, String(error));
          assert.ok(error.message.includes(path), error.message);
          assert.match(error.message, /damaged.*move it away.*recover|another program/);
        } finally {
          damaged?.close();
        }
      }
    });
  }

  test("A tape that was cut off is refused or says so when it is read", () => {
    const path = freshPath();
    wholeTape(path, 3_000);
    const good = readFileSync(path);
    for (const part of [0.3, 0.7, 0.95]) {
      writeFileSync(path, good.subarray(0, Math.floor(part * good.length)));
      let damaged: SqliteTape | undefined;
      const use = () => {
        damaged = open({ path });
        contents(damaged);
      };
      assert.throws(use, (error) => error instanceof TapeError && /damaged/.test(error.message));
      damaged?.close();
    }
  });

  test("Whatever byte is changed, a tape says so or tells nothing but what was written", () => {
    const path = freshPath();
    wholeTape(path, 100);
    const good = readFileSync(path);
    const tape = open({ path });
    const written = new Set(answers(tape));
    tape.close();
    let noticed = 0;
    const anywhere = fc.nat(good.length - 1);
    fc.assert(
      fc.property(anywhere, fc.integer({ min: 1, max: 255 }), (at, flipped) => {
        writeFileSync(path, good);
        overwrite(path, at, Uint8Array.of(good[at]! ^ flipped));
        let damaged: SqliteTape | undefined;
        try {
          damaged = open({ path });
          for (const answer of answers(damaged)) assert.ok(written.has(answer), answer);
        } catch (error) {
          if (!(error instanceof TapeError)) throw error;
          noticed++;
        } finally {
          damaged?.close();
        }
      }),
      { numRuns: 200 },
    );
    assert.ok(noticed > 50, String(noticed));
  });

  test("A tape that is damaged goes on for those who read other ticks", () => {
    const path = freshPath();
    const { all } = wholeTape(path, 3_000);
    change(path, "UPDATE tick SET price = 1e9 WHERE seq = 1500");
    const tape = open({ path });
    assert.throws(() => tape.read({ after: 1_400, limit: 200 }), /damaged \(tick 1500/);
    assert.deepEqual(tape.read({ after: 1_500, limit: 10 }), all.slice(1_500, 1_510));
    assert.equal(tape.append(ticks(1))[0]!.seq, 3_001);
    tape.close();
  });

  test("A receipt that was changed is not taken for an answer", () => {
    const path = freshPath();
    const tape = open({ path });
    for (const key of ["a", "b"]) {
      tape.append(ticks(1), { keyed: [{ key, accepted: 1, end: 1, time: 1 }] });
    }
    tape.close();
    change(path, "UPDATE receipt SET seq = 2 WHERE key = 'a'");
    const damaged = open({ path });
    assert.throws(() => damaged.receipt("a"), /damaged \(the receipt of "a" is not as it was/);
    assert.equal(damaged.receipt("b")!.seq, 2);
    damaged.close();
  });

  test("A tick that is gone from the middle is missed", () => {
    const path = freshPath();
    wholeTape(path, 100);
    change(path, "DELETE FROM tick WHERE seq = 50");
    const tape = open({ path });
    assert.throws(() => tape.read({ limit: 100 }), /damaged \(a tick after 1 is missing/);
    tape.close();
  });

  test("A tape whose newest ticks are gone is refused", () => {
    const path = freshPath();
    wholeTape(path, 100);
    change(path, "DELETE FROM tick WHERE seq > 90");
    assert.match(refusal({ path }), /damaged \(its newest ticks are missing/);
  });

  test("A tape that lacks ticks of which a part of the market was saved is refused", () => {
    const path = freshPath();
    const tape = open({ path });
    const market = new Market({ barsKept: 5 });
    for (const tick of tape.append(ticks(100))) market.apply(tick);
    const changes = market.takeChanges(5);
    assert.equal(changes.seq, 0);
    tape.save(changes);
    tape.close();
    change(path, "DELETE FROM tick WHERE seq > 90");
    assert.match(refusal({ path }), /damaged \(its newest ticks are missing/);
  });
});

/** Why no small disk can be had here; `undefined` when it can. */
function diskFault(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "only root mounts a disk";
  const point = mkdtempSync(join(tmpdir(), "tickwire-disk-"));
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", point]);
  if (status === 0) spawnSync("umount", [point]);
  rmSync(point, { recursive: true, force: true });
  return status === 0 ? undefined : "no disk can be mounted here";
}

describe("sqlite: a full disk", { skip: diskFault() ?? false }, () => {
  let point = "";
  before(() => {
    point = mkdtempSync(join(tmpdir(), "tickwire-disk-"));
    spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", point]);
  });
  after(() => {
    spawnSync("umount", [point]);
    rmSync(point, { recursive: true, force: true });
  });

  test("A full disk is told, nothing of the batch stays, reading goes on, and it recovers", () => {
    const path = join(point, "tape.db");
    const ballast = join(point, "ballast");
    writeFileSync(ballast, new Uint8Array(2 ** 22));
    const tape = open({ path });
    const all = tape.append(ticks(100));
    const fill = () => {
      for (let round = 0; round < 1_000; round++) all.push(...tape.append(ticks(500)));
    };
    assert.throws(fill, (error) => {
      assert.ok(error instanceof TapeFull, String(error));
      assert.ok(error.message.includes(path), error.message);
      assert.match(error.message, /disk is full/);
      return true;
    });
    const { head } = tape;
    assert.equal(head, all.length);
    const fresh = Array.from({ length: 2_000 }, (_, index) => tick({ symbol: `NEW${index}` }));
    assert.throws(() => tape.append(fresh), TapeFull);
    assert.equal(tape.head, head);
    assert.deepEqual(tape.read({ limit: 1e9 }), all);
    assert.deepEqual(tape.read({ symbols: new Set(["NEW1"]), limit: 9 }), []);

    rmSync(ballast);
    const [last, ...more] = [...fresh].reverse();
    all.push(...tape.append([last!, ...more]));
    assert.deepEqual(tape.read({ limit: 1e9 }), all);
    assert.deepEqual(tape.read({ symbols: new Set(["NEW1"]), limit: 9 }), [all.at(-2)]);
    tape.close();
    const again = open({ path });
    assert.deepEqual(again.read({ limit: 1e9 }), all);
    again.close();
  });

  test("A tape whose disk is full to the last byte is closed, and goes on once there is room", () => {
    const path = join(point, "closed.db");
    const ballast = join(point, "ballast");
    const tape = open({ path });
    const taped = tape.append(ticks(100));
    const fill = () => {
      for (let round = 0; round < 1_000; round++) taped.push(...tape.append(ticks(100)));
    };
    for (let size = 2 ** 22; size >= 1;) {
      try {
        writeFileSync(ballast, new Uint8Array(size), { flag: "a" });
      } catch (_) {
        size /= 2;
      }
    }
    assert.throws(fill, TapeFull);
    assert.throws(() => tape.retain({ before: DAY, bytesMax: 0 }), TapeFull);
    assert.deepEqual([tape.tail, tape.head], [0, taped.length]);
    tape.close();
    rmSync(ballast);
    const again = open({ path });
    assert.equal(again.epoch, tape.epoch);
    assert.deepEqual(again.read({ limit: 1e9 }), taped);
    again.close();
  });
});

describe("sqlite: retention", () => {
  /** One tick a second, from second 0 on. */
  function aged(count: number): { tape: SqliteTape; setNow: (now: number) => void } {
    let now = 0;
    const tape = open({ now: () => now });
    for (let index = 0; index < count; index++) {
      now = index * 1_000;
      tape.append([tick({ price: index })]);
    }
    return { tape, setNow: (time) => void (now = time) };
  }

  test("Ticks appended before the time are forgotten, to a second", () => {
    const { tape } = aged(100);
    assert.equal(tape.retain({ before: 0, bytesMax: Infinity }), false);
    assert.equal(tape.tail, 0);
    assert.equal(tape.retain({ before: 50_000, bytesMax: Infinity }), false);
    assert.ok(tape.tail >= 48 && tape.tail <= 50, String(tape.tail));
    assert.equal(tape.read({ limit: 999 }).length, 100 - tape.tail);
    assert.deepEqual(tape.read({ after: 0, limit: 1 })[0]!.seq, tape.tail + 1);
    tape.close();
  });

  test("It counts when a tick was appended, not the time that it bears", () => {
    const tape = open({ now: () => 100 * DAY });
    tape.append(ticks(10));
    tape.retain({ before: 99 * DAY, bytesMax: Infinity });
    assert.equal(tape.tail, 0);
    tape.close();
  });

  test("The newest tick stays, so that seqs go on after a restart", () => {
    const path = freshPath();
    const first = open({ path });
    first.append(ticks(10));
    assert.equal(first.retain({ before: DAY, bytesMax: 0 }), false);
    assert.deepEqual([first.tail, first.head], [9, 10]);
    const second = open({ path: killed(path) });
    assert.deepEqual([second.tail, second.head], [9, 10]);
    assert.equal(second.append(ticks(1))[0]!.seq, 11);
    first.close();
    second.close();
  });

  test("Receipts are forgotten after a day, by the clock", () => {
    let now = 0;
    const tape = open({ now: () => now });
    const give = (key: string) =>
      tape.append([tick()], { keyed: [{ key, accepted: 1, end: 1, time: now }] });
    for (let minute = 0; minute < 1_440; minute++) {
      now = minute * 60_000;
      give(`at ${now}`);
    }
    now = DAY + 60_000;
    while (tape.retain({ before: -Infinity, bytesMax: Infinity }));
    assert.equal(tape.receipt("at 0"), undefined);
    assert.equal(tape.receipt("at 60000")!.seq, 2);
    now = 3 * DAY;
    while (tape.retain({ before: -Infinity, bytesMax: Infinity }));
    assert.equal(tape.receipt("at 86340000"), undefined);
    assert.equal(tape.head, 1_440);
    tape.close();
  });

  test("Much is forgotten in slices", () => {
    const tape = open();
    tape.append(ticks(12_000));
    const tails: number[] = [];
    while (tape.retain({ before: DAY, bytesMax: Infinity })) tails.push(tape.tail);
    assert.deepEqual([...tails, tape.tail], [5_000, 10_000, 11_999]);
    tape.close();
  });

  test("The tape comes down to its size and stays there, and so does its file", () => {
    const path = freshPath();
    const tape = open({ path });
    const bytesMax = 2_000_000;
    const sizes: number[] = [];
    for (let round = 0; round < 40; round++) {
      tape.append(ticks(5_000, round * 5_000));
      while (tape.retain({ before: -Infinity, bytesMax }));
      sizes.push(statSync(path).size);
    }
    assert.ok(tape.head - tape.tail > 10_000, String(tape.head - tape.tail));
    assert.ok(tape.head - tape.tail < 100_000, String(tape.head - tape.tail));
    assert.ok(Math.max(...sizes) < 1.5 * bytesMax, String(Math.max(...sizes)));
    assert.equal(tape.read({ limit: 1e9 }).length, tape.head - tape.tail);
    tape.close();
  });

  test("Short bars go with their ticks, longer ones and the newest of each series stay", () => {
    const tape = open();
    const market = new Market({ barsKept: 2 });
    const add = (first: number, count: number) => {
      const batch = Array.from(
        { length: count },
        (_, index) =>
          tick({ symbol: (first + index) % 2 === 0 ? "A" : "B", time: (first + index) * 1_000 }),
      );
      for (const taped of tape.append(batch)) market.apply(taped);
      tape.save(market.takeChanges());
    };
    const count = (interval: Interval, symbol = "A") =>
      tape.bars(symbol, interval, { limit: 1e9 }).length;
    add(0, 12_000);
    add(12_000, 12_000);
    while (tape.retain({ before: -Infinity, bytesMax: Infinity }));
    assert.deepEqual([count("1s"), count("5s"), count("1m")], [12_000, 4_800, 400]);
    while (tape.retain({ before: DAY, bytesMax: Infinity }));
    assert.equal(tape.tail, 23_999);
    assert.deepEqual([count("1s"), count("1s", "B"), count("5s")], [1_500, 1_500, 1_500]);
    add(24_000, 10);
    for (let call = 0; call < 9; call++) tape.retain({ before: DAY, bytesMax: Infinity });
    assert.deepEqual([count("1s"), count("1s", "B"), count("5s")], [1_500, 1_500, 1_500]);
    assert.deepEqual([count("15s"), count("1m"), count("1h")], [1_500, 401, 7]);
    assert.equal(tape.bars("A", "1s", { limit: 9e9 })[0]!.time, (24_010 - 2 * 1_500) * 1_000);
    tape.close();
  });

  test("A tick stays as long as what follows from it is not saved", () => {
    const tape = open();
    tape.append(ticks(100));
    tape.retain({ before: DAY, bytesMax: 0, through: 40 });
    assert.equal(tape.tail, 40);
    tape.retain({ before: DAY, bytesMax: 0, through: 30 });
    assert.equal(tape.tail, 40);
    tape.close();
  });

  test("Bars that fill the room make way too, but for the newest of each series", () => {
    const tape = open();
    const bytesMax = 3_000_000;
    const record = (symbol: string, interval: Interval, index: number): BarRecord => {
      const at = next({ time: index * lengthOf(interval), price: index });
      return { symbol, interval, numbers: reviseRecord(interval, undefined, at) };
    };
    const save = (symbol: string, interval: Interval, count: number) =>
      tape.save({
        seq: 0,
        instruments: [],
        newest: [],
        late: [],
        bars: Array.from({ length: count }, (_, index) => record(symbol, interval, index)),
      });
    tape.append(["A", "B"].flatMap((symbol) => ticks(5_000).map((each) => ({ ...each, symbol }))));
    save("A", "1m", 15_000);
    save("B", "1m", 10_000);
    save("B", "1h", 10_000);
    save("B", "1d", 1_000);
    while (tape.retain({ before: -Infinity, bytesMax }));
    const kept = ([["A", "1m"], ["B", "1m"], ["B", "1h"], ["B", "1d"]] as const).map(
      ([symbol, interval]) => tape.bars(symbol, interval, { limit: 1e9 }),
    );
    assert.equal(tape.tail, 0);
    for (const [index, bars] of kept.slice(0, 3).entries()) {
      assert.ok(bars.length >= 1_500 && bars.length < 10_000, `${index}: ${bars.length}`);
      // The oldest have gone, and no other.
      const { time } = bars[0]!;
      const length = lengthOf(bars[0]!.interval);
      assert.ok(bars.every((bar, place) => bar.time === time + place * length));
    }
    assert.equal(kept[0]!.at(-1)!.open, 14_999);
    assert.equal(kept[3]!.length, 1_000);

    while (tape.retain({ before: -Infinity, bytesMax: 100_000 }));
    const left = (["1m", "1h"] as const).map((each) => tape.bars("B", each, { limit: 1e9 }).length);
    assert.deepEqual(left, [1_500, 1_500]);
    assert.equal(tape.tail, 9_999);
    tape.close();
  });

  test("A clock that goes back keeps no tick for ever", () => {
    let now = 400 * DAY;
    const tape = open({ now: () => now });
    tape.append(ticks(5));
    now = 0;
    tape.append(ticks(5));
    now = DAY;
    tape.append(ticks(5));
    tape.retain({ before: DAY / 2, bytesMax: Infinity });
    assert.equal(tape.tail, 10);
    tape.close();
  });

  test("A place before a time is before every tick of that time, and not far before", () => {
    const { tape } = aged(200);
    assert.equal(tape.before(DAY), 0);
    const place = tape.before(DAY + 100_000);
    assert.ok(place >= 98 && place <= 100, String(place));
    assert.equal(tape.before(1e15), tape.head);
    tape.retain({ before: 100_000, bytesMax: Infinity });
    assert.equal(tape.before(0), tape.tail);
    tape.close();
  });

  test("The log beside the file does not grow without end", () => {
    const path = freshPath();
    const tape = open({ path });
    for (let round = 0; round < 100; round++) tape.append(ticks(2_000));
    for (const _ of [1, 2, 3]) tape.read({ symbols: new Set(["A"]), limit: 5 });
    const size = statSync(`${path}-wal`).size;
    assert.ok(size < 16_000_000, String(size));
    tape.close();
  });
});

describe("sqlite: reading", () => {
  test("A read through a seq looks no further", () => {
    const tape = open();
    const all = tape.append(ticks(100));
    assert.deepEqual(tape.read({ after: 10, through: 20, limit: 99 }), all.slice(10, 20));
    assert.deepEqual(tape.read({ through: 20, limit: 5 }), all.slice(15, 20));
    assert.deepEqual(tape.read({ after: 10, through: 10, limit: 99 }), []);
    const symbols = new Set(["A"]);
    assert.deepEqual(
      tape.read({ symbols, after: 10, through: 20, limit: 99 }),
      all.slice(10, 20).filter(({ symbol }) => symbol === "A"),
    );
    tape.close();
  });

  test("A read filters by thousands of symbols", () => {
    const tape = open();
    const names = Array.from({ length: 5_000 }, (_, index) => `S${index}`);
    const all = tape.append(names.map((symbol) => tick({ symbol })));
    const even = new Set(names.filter((_, index) => index % 2 === 0));
    assert.deepEqual(
      tape.read({ symbols: even, after: 0, limit: 9_999 }),
      all.filter(({ symbol }) => even.has(symbol)),
    );
    tape.close();
  });
});

describe("sqlite: what is derived", () => {
  test("A saved market is loaded as it was, with the infinite and the unknown", () => {
    const path = freshPath();
    const tape = open({ path });
    const market = new Market({ barsKept: 5 });
    market.define("Z", { name: "Zed \u{1F600}", shares: 5, prevClose: 1 });
    market.define("A", { decimals: 3 });
    for (const tick of tape.append(ticks(50))) market.apply(tick);
    const changes = market.takeChanges();
    tape.save(changes);
    const loaded = open({ path: killed(path) });
    const { late: _, bars, ...state } = changes;
    const { bars: loadedBars, ...loadedState } = loaded.load(1_000);
    assert.deepEqual(loadedState, state);
    const key = ({ symbol, interval, numbers }: typeof bars[number]) =>
      `${symbol} ${interval} ${numbers.join()}`;
    assert.deepEqual(loadedBars.map(key).sort(), bars.map(key).sort());
    assert.equal(loaded.load(1_000).newest[0]!.bidTime, -Infinity);
    assert.ok(loaded.load(2).bars.length < bars.length);
    tape.close();
    loaded.close();
  });

  test("What a save cannot finish leaves the saved state as it was", () => {
    const tape = open();
    const market = new Market({ barsKept: 5 });
    for (const tick of tape.append(ticks(5))) market.apply(tick);
    tape.save(market.takeChanges());
    const before = contents(tape);
    for (const tick of tape.append(ticks(5, 5))) market.apply(tick);
    const changes = market.takeChanges();
    const late = { interval: "1m", tick: next({ time: NaN, symbol: "NEW" }) } as const;
    assert.throws(() => tape.save({ ...changes, late: [late] }), TapeError);
    assert.deepEqual(tape.load(10), before.state);
    tape.save(changes);
    assert.equal(tape.load(10).seq, 10);
    assert.equal(tape.append([tick({ symbol: "NEW" })])[0]!.symbol, "NEW");
    assert.equal(tape.read({ symbols: new Set(["NEW"]), limit: 9 }).length, 1);
    tape.close();
  });

  test("A year of minutes is read without any tick", () => {
    const tape = open();
    const minute = lengthOf("1m");
    const count = 525_600;
    const record = (interval: Interval, index: number): BarRecord => {
      const at = next({ time: index * lengthOf(interval), price: index });
      return { symbol: "A", interval, numbers: reviseRecord(interval, undefined, at) };
    };
    const nothing = { seq: 0, instruments: [], newest: [], late: [] };
    for (let first = 0; first < count; first += 21_900) {
      const bars = Array.from({ length: 21_900 }, (_, index) => record("1m", first + index));
      tape.save({ ...nothing, bars });
    }
    tape.save({
      ...nothing,
      bars: Array.from({ length: 365 }, (_, index) => record("1d", index)),
    });
    const bars = tape.bars("A", "1m", { from: 0, limit: 1e9 });
    assert.equal(bars.length, count);
    assert.ok(bars.every(({ time, open }, index) => time === index * minute && open === index));
    assert.equal(tape.bars("A", "1d", { limit: 999 }).length, 365);
    assert.deepEqual(tape.bars("A", "1m", { limit: 2 }), bars.slice(-2));
    assert.deepEqual(
      tape.bars("A", "1m", { from: 10 * minute, to: 20 * minute, limit: 5 }),
      bars.slice(10, 15),
    );
    assert.deepEqual(tape.bars("A", "1m", { to: 20 * minute, limit: 5 }), bars.slice(15, 20));
    tape.close();
  });

  test("A late tick revises a bar that only the tape holds, or adds it", () => {
    const tape = open();
    const market = new Market({ barsKept: 2 });
    const add = (fields: Partial<Tick>) => {
      for (const taped of tape.append([tick(fields)])) market.apply(taped);
    };
    for (let second = 0; second < 20; second += 2) add({ time: second * 1_000, price: second });
    tape.save(market.takeChanges());
    add({ time: 2_500, price: 99, size: 3 });
    add({ time: 3_500, price: 77 });
    tape.save(market.takeChanges());
    const [revised, added] = tape.bars("A", "1s", { from: 2_000, limit: 2 });
    const { high, close, volume, count } = revised!;
    assert.deepEqual([high, close, volume, count, revised!.revised], [99, 99, 3, 2, true]);
    assert.deepEqual([added!.time, added!.close, added!.revised], [3_000, 77, true]);
    tape.close();
  });

  test("Bars of a symbol that never ticked are none, and it does not become known", () => {
    const path = freshPath();
    const tape = open({ path });
    assert.deepEqual(tape.bars("NONE", "1m", { limit: 9 }), []);
    tape.close();
    assert.equal(query(path, "SELECT count(*) FROM symbol"), 0);
  });
});
