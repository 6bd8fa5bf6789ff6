import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { SlicedLog } from "../../src/log/log.ts";
import { Maintenance } from "../../src/replica/maintenance.ts";
import type { Replica } from "../../src/replica/replica.ts";
import { TapeFull } from "../../src/store/tape_error.ts";
import type { StoredTape } from "../../src/tape/stored_tape.ts";
import { taped, tick } from "../core/ticks.ts";
import { writeLegacyFile } from "../helpers/legacy_file.ts";
import { TestReplica } from "../helpers/replica.ts";
import { query, TapeFolder } from "../helpers/tape_file.ts";

const folder = new TapeFolder();

/** Counts calls; the given numbers of slices wait to be saved, sealed and forgotten. */
function desk(toSave: number, toForget = 1, toSeal = 0) {
  const done = {
    ...{ saved: 0, forgot: 0, sealed: 0, full: false },
    ...{ barsHeld: 0, sealsAfterSave: false, hasSurplus: false, legacyTicks: 0 },
    warnings: [] as string[],
    infos: [] as string[],
    calls: [] as string[],
  };
  const write = () => {
    if (done.full) throw new TapeFull("the disk is full");
  };
  const replica = {
    save() {
      write();
      done.barsHeld = 0;
      done.sealsAfterSave = false;
      return ++done.saved;
    },
  };
  const tape = {
    head: toSave,
    get barsHeld() {
      return done.barsHeld;
    },
    get sealsAfterSave() {
      return done.sealsAfterSave;
    },
    get hasSurplus() {
      return done.hasSurplus;
    },
    get legacyTicks() {
      return done.legacyTicks;
    },
    seal() {
      write();
      done.calls.push("seal");
      return done.sealed++ < toSeal;
    },
    settle() {
      done.calls.push("settle");
      return 7;
    },
    sweep: () => false,
    retain() {
      write();
      done.hasSurplus = false;
      return ++done.forgot < toForget;
    },
  };
  const log = {
    forget(through: number) {
      done.calls.push(`forget ${through}`);
      return false;
    },
  };
  const maintenance = new Maintenance({
    replica: replica as unknown as Replica,
    tape: tape as unknown as StoredTape,
    log: log as unknown as SlicedLog,
    ...{ retentionMs: 1_000, bytesMax: 1 },
    info: (message) => void done.infos.push(message),
    warn: (message) => void done.warnings.push(message),
  });
  return { done, maintenance };
}

describe("Maintenance", () => {
  test("Maintenance saves every five seconds, one slice per turn, until all data of that time is saved", () => {
    const { done, maintenance } = desk(3);
    assert.deepEqual([0, 1, 2, 3].map((now) => maintenance.run(now)), [true, true, true, false]);
    assert.deepEqual([done.saved, done.forgot], [3, 1]);
    assert.equal(maintenance.run(4_999), false);
    assert.equal(done.saved, 3);
    assert.equal(maintenance.run(5_000), true);
    assert.equal(done.saved, 4);
  });

  test("Maintenance forgets every ten seconds, one slice per turn, until nothing is left", () => {
    const { done, maintenance } = desk(1, 3);
    assert.deepEqual([0, 1, 2].map((now) => maintenance.run(now)), [true, true, false]);
    for (const now of [3, 9_000, 10_001]) maintenance.run(now);
    assert.equal(done.forgot, 3);
    maintenance.run(10_002);
    assert.equal(done.forgot, 4);
  });

  test("Maintenance seals in every turn, and the log then forgets the stored entries", () => {
    const { done, maintenance } = desk(1, 1, 2);
    assert.deepEqual([0, 1, 2].map((now) => maintenance.run(now)), [true, true, false]);
    assert.deepEqual(done.calls, [1, 2, 3].flatMap(() => ["seal", "settle", "forget 7"]));
  });

  test("Maintenance does urgent work without a wait", () => {
    const { done, maintenance } = desk(1);
    maintenance.run(0);
    for (const [index, wait] of (["barsHeld", "sealsAfterSave"] as const).entries()) {
      Object.assign(done, { [wait]: wait === "barsHeld" ? 10_001 : true });
      assert.equal(maintenance.run(250 + index), true);
      assert.equal(done.saved, 2 + index);
    }
    done.barsHeld = 10_000;
    assert.equal(maintenance.run(300), false);
    const { forgot } = done;
    done.hasSurplus = true;
    maintenance.run(301);
    assert.equal(done.forgot, forgot + 1);
  });

  test("Maintenance goes on when the clock is set back", () => {
    const { done, maintenance } = desk(1);
    maintenance.run(1e12);
    const { saved, forgot } = done;
    maintenance.run(5e11);
    assert.deepEqual([done.saved, done.forgot], [saved + 1, forgot + 1]);
  });

  test("Maintenance reports once that it cannot write, waits for its next turn, and goes on", () => {
    const { done, maintenance } = desk(2);
    done.full = true;
    assert.deepEqual([0, 250, 500].map((now) => maintenance.run(now)), [false, false, false]);
    assert.deepEqual(done.warnings, ["the disk is full"]);
    done.full = false;
    assert.equal(maintenance.run(750), true);
    assert.equal(done.saved, 1);
    while (maintenance.run(20_000));
    done.full = true;
    maintenance.run(40_000);
    assert.equal(done.warnings.length, 2);
  });

  test("Maintenance does not catch internal errors", () => {
    const { done, maintenance } = desk(2);
    Object.defineProperty(done, "full", {
      get() {
        throw new TypeError("ours");
      },
    });
    assert.throws(() => maintenance.run(0), TypeError);
  });

  test("Maintenance saves everything at the end, or as much as it can write", () => {
    const { done, maintenance } = desk(7);
    maintenance.finish();
    assert.equal(done.saved, 7);
    const full = desk(7);
    full.done.full = true;
    full.maintenance.finish();
    assert.equal(full.done.saved, 0);
  });

  test("Maintenance brings all ticks into the file, so that a copy needs no log", async () => {
    const path = folder.fresh();
    const test = new TestReplica({ path });
    const at = Array.from({ length: 10_000 }, (_, index) => tick({ time: index, price: index }));
    await test.send(at);
    let pauses = 0;
    await test.maintenance.complete(async () => {
      // It goes on while ticks come.
      if (++pauses === 1) await test.send(at.slice(0, 10));
    });
    assert.ok(pauses > 1);
    assert.deepEqual([test.tape.unsealed, test.tape.settle()], [0, 10_010]);
    await test.maintenance.complete(() => Promise.reject(new Error("there is nothing to do")));
    test.close();
    assert.equal(query(path, "SELECT count(*) FROM entry"), 0);
  });

  test("Maintenance says when ticks cannot be brought into the file", async () => {
    const test = new TestReplica({ path: folder.fresh() });
    await test.send([tick({ price: 1 })]);
    test.tape.save = () => {
      throw new TapeFull("the disk is full");
    };
    const completing = test.maintenance.complete(() => Promise.resolve());
    await assert.rejects(completing, /newest ticks cannot be written/);
    test.close();
  });

  test("Maintenance tells the operator at intervals how many ticks of an older version are left", () => {
    const { done, maintenance } = desk(1);
    maintenance.run(0);
    assert.deepEqual(done.infos, []);
    for (const [now, left] of [[1, 900], [500, 800], [9_000, 700], [10_001, 600], [10_500, 0]]) {
      done.legacyTicks = left!;
      maintenance.run(now!);
    }
    assert.deepEqual(done.infos.map((info) => /(\d+) are left|All/.exec(info)?.[0]), [
      "900 are left",
      "600 are left",
      "All",
    ]);
  });

  test("Maintenance stores the data of a replica in the file, and forgets old data", async () => {
    const path = folder.fresh();
    const options = { path, blockTicks: 100, retentionMs: 60_000 };
    const test = new TestReplica(options);
    for (let round = 0; round < 30; round++) {
      await test.send(
        Array.from(
          { length: 50 },
          (_, index) => tick({ symbol: "AB"[index % 2]!, time: test.now + index, price: index }),
        ),
      );
      for (let turn = 0; turn < 99 && test.maintenance.run(test.now); turn++);
      test.now += 10_000;
    }
    const { tape } = test;
    assert.equal(tape.head, 1_500);
    assert.ok(tape.tail >= 700 && tape.tail < 1_300, String(tape.tail));
    assert.ok(tape.unsealed <= 200, String(tape.unsealed));
    const entries = Number(query(folder.killed(path), "SELECT count(*) FROM entry"));
    assert.ok(entries <= 6, String(entries));
    assert.deepEqual(test.warnings, []);
    test.maintenance.finish();
    assert.equal(tape.saved, 1_500);
    test.close();
  });

  test("Maintenance converts a file of an older version while the replica serves and takes ticks", async () => {
    const path = folder.fresh();
    const old = taped(Array.from({ length: 20_000 }, (_, time) => tick({ time, price: time })));
    writeLegacyFile(path, { ticks: old });
    const test = new TestReplica({ path, blockTicks: 1_000 });
    let turns = 0;
    for (; test.tape.legacyTicks > 0; turns++) {
      assert.ok(turns < 500);
      if (turns < 5) await test.send([tick({ time: 20_000 + turns, price: 1 })]);
      test.maintenance.run(test.now);
      assert.equal(
        test.tape.countFirst({ limit: Infinity }).count,
        20_000 + Math.min(turns + 1, 5),
      );
      assert.deepEqual(test.tape.first({ after: 19_000, limit: 1 }).ticks, [old[19_000]]);
    }
    assert.ok(turns > 3);
    while (test.maintenance.run(test.now));
    assert.equal(test.infos.length, 2);
    test.close();
    assert.equal(query(path, "SELECT count(*) FROM sqlite_schema WHERE name = 'tick'"), 0);
  });
});
