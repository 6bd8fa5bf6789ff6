import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { beginAnew, openDatabase } from "../../src/store/database.ts";
import { Snapshots } from "../../src/store/snapshot.ts";
import { TapeFolder } from "../helpers/tape_file.ts";

const folder = new TapeFolder();
let epochs = 0;

function opened(path: string) {
  const newEpoch = () => `e${++epochs}`;
  const { db, meta, epoch, notes } = openDatabase({
    path,
    bootId: "b",
    holder: "a test",
    newEpoch,
  });
  const snapshots = new Snapshots(db, path);
  const put = (count: number) => {
    const text = "x".repeat(2_000);
    for (let n = 0; n < count; n++) meta.put(`key ${rows++}`, text);
  };
  let rows = 0;
  return { db, epoch, notes, snapshots, put };
}

async function copyOf(snapshot: ReturnType<Snapshots["take"]>): Promise<Uint8Array> {
  const slices: Uint8Array[] = [];
  for (let slice = await snapshot.next(); slice; slice = await snapshot.next()) slices.push(slice);
  return new Uint8Array(await new Blob(slices as BlobPart[]).arrayBuffer());
}

function rowsIn(path: string): number {
  const db = new DatabaseSync(path);
  const { check } = db.prepare("SELECT integrity_check AS 'check' FROM pragma_integrity_check")
    .get()!;
  assert.equal(check, "ok");
  const { rows } = db.prepare("SELECT count(*) AS rows FROM meta WHERE name LIKE 'key %'").get()!;
  db.close();
  return Number(rows);
}

describe("Snapshots", () => {
  test("A copy is the file at its start, even if much is written meanwhile", async () => {
    const path = folder.fresh();
    const { db, snapshots, put } = opened(path);
    put(1_500);
    const snapshot = snapshots.take();
    assert.ok(snapshot.bytes > 3_000_000);
    const slices: Uint8Array[] = [];
    for (let slice = await snapshot.next(); slice; slice = await snapshot.next()) {
      slices.push(slice);
      put(200);
    }
    snapshot.close();
    const copy = folder.fresh();
    writeFileSync(copy, new Uint8Array(await new Blob(slices as BlobPart[]).arrayBuffer()));
    assert.equal(rowsIn(copy), 1_500);
    const again = snapshots.take();
    writeFileSync(copy, await copyOf(again));
    assert.equal(rowsIn(copy), 1_500 + 200 * slices.length);
    snapshots.close();
    db.close();
  });

  test("One copy is made at a time, and the database's log is emptied as before afterwards", () => {
    const { db, snapshots } = opened(folder.fresh());
    const every = () => Object.values(db.prepare("PRAGMA wal_autocheckpoint").get()!)[0];
    const before = every();
    const snapshot = snapshots.take();
    assert.throws(() => snapshots.take(), /it is being copied already$/);
    assert.equal(every(), 0);
    snapshot.close();
    snapshot.close();
    assert.equal(every(), before);
    snapshots.take().close();
    snapshots.close();
    db.close();
  });

  test("An unfinished copy fails when the tape is closed", async () => {
    const { db, snapshots, put } = opened(folder.fresh());
    put(500);
    const snapshot = snapshots.take();
    await snapshot.next();
    snapshots.close();
    await assert.rejects(snapshot.next(), /it is closed$/);
    db.close();
  });

  test("The file stays locked by this process during a copy and afterwards", async () => {
    const path = folder.fresh();
    const { db, snapshots } = opened(path);
    const snapshot = snapshots.take();
    await copyOf(snapshot);
    snapshot.close();
    assert.throws(() => {
      const other = new DatabaseSync(path);
      other.exec("PRAGMA busy_timeout = 0; BEGIN IMMEDIATE; COMMIT");
    }, /locked/);
    snapshots.close();
    db.close();
  });

  test("A copy with a new beginning has another epoch when it is opened", async () => {
    const path = folder.fresh();
    const { db, epoch, snapshots, put } = opened(path);
    put(10);
    const copy = folder.fresh();
    writeFileSync(copy, await copyOf(snapshots.take()));
    snapshots.close();
    db.close();
    beginAnew(copy, "another");
    const restored = opened(copy);
    assert.notEqual(epoch, "another");
    assert.deepEqual([restored.epoch, restored.notes], ["another", []]);
    restored.db.close();
    assert.equal(rowsIn(copy), 10);
  });
});
