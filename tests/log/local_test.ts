import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { DatabaseSync } from "node:sqlite";
import { LocalEntries } from "../../src/log/local.ts";
import { type Draft, lastSeq } from "../../src/log/log.ts";
import { QueuedLog } from "../../src/log/queued_log.ts";
import { openDatabase } from "../../src/store/database.ts";
import { TapeError, TapeFull } from "../../src/store/tape_error.ts";
import { change, diskFault, query, SmallDisk, TapeFolder } from "../helpers/tape_file.ts";
import { assertOrdered, Follower, logContract, numbered, type OpenLog } from "./contract.ts";

const folder = new TapeFolder();

/** A log in a file, without a tape that takes over its entries. */
class FileLog implements OpenLog {
  readonly log: QueuedLog;
  readonly store: LocalEntries;
  readonly told = new Follower();
  readonly #db: DatabaseSync;

  constructor(readonly path = folder.fresh()) {
    const opened = openDatabase({ path, bootId: "b", holder: "a test", newEpoch: () => "e1" });
    const { db, epoch } = opened;
    this.#db = db;
    this.store = new LocalEntries(db, path);
    this.log = new QueuedLog({
      epoch,
      store: this.store,
      now: () => 5,
      elapsed: () => 0,
      waiting: () => {},
    });
  }

  async settled(): Promise<void> {
    while (this.log.work());
    await Promise.resolve();
  }

  again(): FileLog {
    return new FileLog(folder.killed(this.path));
  }

  close(): void {
    this.#db.close();
  }

  follow(after = 0): this {
    this.log.follow(after, this.told.deliver);
    return this;
  }

  async append(...drafts: Draft[]): Promise<void> {
    const appended = drafts.map((draft) => this.log.append(draft));
    await this.settled();
    await Promise.all(appended);
  }
}

logContract("LocalEntries", () => new FileLog());

/** A closed file with a number of entries of one tick each. */
async function fileOf(entries: number): Promise<string> {
  const file = new FileLog().follow();
  for (let index = 0; index < entries; index++) await file.append({ ticks: numbered(1, index) });
  file.close();
  return file.path;
}

/** The message with which following the entries of a file fails. */
function refusal(path: string, after = 0): string {
  const file = new FileLog(path);
  try {
    file.follow(after);
  } catch (error) {
    assert.ok(error instanceof TapeError, String(error));
    return error.message;
  } finally {
    file.close();
  }
  throw new Error("Cannot pass: the log was followed");
}

describe("LocalEntries: a killed process", () => {
  test("A kill at any time loses nothing that was answered, and doubles nothing", async () => {
    const file = new FileLog().follow();
    const answered: string[] = [];
    const sent = [1, 30_000, 0, 5, 4_097].map((count, index) =>
      file.log.append({ ticks: numbered(count, index), key: `k${index}` })
        .then(() => answered.push(`k${index}`))
    );
    let more = true;
    for (let step = 0; more; step++) {
      more = file.log.work();
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
      const left = file.again().follow();
      const kept = left.told.rest.receipts.map(({ key }) => key);
      assert.deepEqual(kept.slice(0, answered.length), answered, `step ${step}`);
      const told = file.told.entries;
      assert.deepEqual(left.told.entries.slice(0, told.length), told);
      // The log has each draft whole or not at all.
      const counts = left.told.rest.receipts.map(({ accepted }) => accepted);
      assert.equal(left.told.ticks.length, counts.reduce((sum, count) => sum + count, 0));
      left.close();
    }
    await Promise.all(sent);
    assert.equal(answered.length, 5);
    file.close();
  });

  test("A large draft that was not written whole vanishes, and later entries take its place", async () => {
    const file = new FileLog().follow();
    await file.append({ ticks: numbered(3) });
    void file.log.append({ ticks: numbered(50_000), key: "k" }).catch(() => {});
    assert.equal(file.log.work(), true);
    assert.equal(query(folder.killed(file.path), "SELECT count(*) FROM entry"), 1 + 4);
    let left = file.again();
    file.close();
    // Before the second kill, something is written or not.
    for (const count of [0, 2, 9_000]) {
      left.follow();
      assertOrdered(left.told.entries, numbered(3));
      assert.deepEqual(left.told.rest.receipts, []);
      const again = left.again().follow();
      assertOrdered(again.told.entries, numbered(3));
      if (count > 0) {
        await again.append({ ticks: numbered(count, 3), key: "l" });
        assertOrdered(again.told.entries, numbered(3 + count));
        const last = again.again().follow();
        assertOrdered(last.told.entries, numbered(3 + count));
        last.close();
      }
      again.close();
      const next = left.again();
      left.close();
      left = next;
    }
    left.close();
  });
});

describe("LocalEntries: damage", () => {
  test("A missing entry in the middle is reported", async () => {
    const path = await fileOf(9);
    change(path, "DELETE FROM entry WHERE id = 5");
    assert.match(refusal(path), /damaged \(entry 5 is missing\); move it away to start a new tape/);
  });

  test("Missing entries at the beginning are reported, unless they are not asked for", async () => {
    const path = await fileOf(9);
    change(path, "DELETE FROM entry WHERE id <= 3");
    assert.match(refusal(path), /damaged \(entry 4 begins with tick 4, not with 1\)/);
    assert.match(refusal(path, 2), /damaged \(entry 4 begins with tick 4, not with 3\)/);
    const file = new FileLog(path).follow(3);
    assert.deepEqual(file.told.ticks.map(({ seq }) => seq), [4, 5, 6, 7, 8, 9]);
    file.close();
  });

  test("An entry in the place of another one is reported", async () => {
    const path = await fileOf(9);
    change(path, "UPDATE entry SET body = (SELECT body FROM entry WHERE id = 4) WHERE id = 5");
    assert.match(refusal(path), /damaged \(entry 5 begins with tick 4, not with 5\)/);
  });

  test("An entry with a changed byte is reported", async () => {
    const path = await fileOf(3);
    const db = new DatabaseSync(path);
    const body = db.prepare("SELECT body FROM entry WHERE id = 2").get()!["body"] as Uint8Array;
    const put = db.prepare("UPDATE entry SET body = ? WHERE id = 2");
    for (const at of [8, 20, body.length - 1]) {
      const changed = body.slice();
      changed[at]! ^= 4;
      put.run(changed);
      assert.match(
        refusal(folder.killed(path)),
        /damaged \(entry 2: its checksum is wrong\)/,
      );
    }
    db.close();
  });

  test("An entry of a newer version is not reported as damage", async () => {
    const path = await fileOf(3);
    change(path, "UPDATE entry SET body = CAST(x'07' || substr(body, 2) AS BLOB) WHERE id = 2");
    const message = refusal(path);
    assert.ok(message.includes(path), message);
    assert.match(
      message,
      /entry 2: it has version 7, this program knows 2; use a newer tickwire/,
    );
    assert.doesNotMatch(message, /damaged/);
  });
});

describe("LocalEntries: forgetting", () => {
  test("Forgetting removes exactly the entries up to a seq, and seqs go on", async () => {
    const file = new FileLog().follow();
    const count = () => query(folder.killed(file.path), "SELECT count(*) FROM entry");
    for (const size of [2, 3, 4]) await file.append({ ticks: numbered(size) });
    const kept: unknown[] = [];
    for (const through of [0, 1, 2, 4, 5]) {
      assert.equal(file.log.forget(through), false);
      kept.push(count());
    }
    assert.deepEqual(kept, [3, 3, 2, 2, 1]);
    file.log.forget(9);
    assert.equal(count(), 0);
    await file.append({ ticks: numbered(1) });
    const again = file.again().follow(9);
    assert.deepEqual(again.told.ticks.map(({ seq }) => seq), [10]);
    again.close();
    file.close();
  });

  test("Many entries are forgotten in slices", () => {
    const file = new FileLog().follow();
    // Drafts that are written at different times share no entry.
    for (let index = 0; index < 2_500; index++) {
      void file.log.append({ ticks: numbered(1, index) });
      file.log.work();
    }
    const left: unknown[] = [];
    for (let more = true; more;) {
      more = file.log.forget(2_400);
      left.push(query(folder.killed(file.path), "SELECT count(*) FROM entry"));
    }
    assert.deepEqual(left, [1_500, 500, 100]);
    const again = file.again().follow(2_400);
    assert.equal(again.told.ticks.length, 100);
    again.close();
    file.close();
  });

  test("An entry without ticks stays as long as a tick behind it can be asked for", async () => {
    const file = new FileLog().follow();
    await file.append({ ticks: numbered(5) });
    const marks = [{ name: "feed", value: "1" }];
    const definitions = [{ symbol: "A", fields: { name: "a" } }];
    await file.append({ ticks: [], marks, definitions, key: "k" });
    file.log.forget(5);
    const again = file.again().follow(5);
    assert.deepEqual(again.told.rest.marks, marks);
    assert.deepEqual(again.told.rest.definitions, definitions);
    assert.equal(again.told.rest.receipts.length, 1);
    again.close();
    await file.append({ ticks: numbered(1) });
    file.log.forget(6);
    assert.equal(query(folder.killed(file.path), "SELECT count(*) FROM entry"), 0);
    file.close();
  });
});

describe("LocalEntries: a full disk", { skip: diskFault() ?? false }, () => {
  const disk = new SmallDisk();

  test("A full disk is reported, nothing of the draft stays, and the log goes on once there is room", async () => {
    const path = disk.path("tape.db");
    const file = new FileLog(path).follow();
    await file.append({ ticks: numbered(100) });
    disk.fill();
    let count = 100;
    const fill = async () => {
      for (;; count += 500) await file.append({ ticks: numbered(500, count) });
    };
    await assert.rejects(fill, (error) => {
      assert.ok(error instanceof TapeFull, String(error));
      assert.ok(error.message.includes(path), error.message);
      assert.match(error.message, /disk is full/);
      return true;
    });
    await assert.rejects(file.append({ ticks: numbered(1), key: "k" }), TapeFull);
    await assert.rejects(file.append({ ticks: numbered(90_000), key: "l" }), TapeFull);
    assertOrdered(file.told.entries, numbered(count));
    const left = file.again().follow();
    assertOrdered(left.told.entries, numbered(count));
    left.close();

    disk.clear();
    await file.append({ ticks: numbered(9_000, count), key: "m" });
    assertOrdered(file.told.entries, numbered(count + 9_000));
    file.close();
    const again = new FileLog(path).follow();
    assertOrdered(again.told.entries, numbered(count + 9_000));
    assert.deepEqual(again.told.rest.receipts.map(({ key }) => key), ["m"]);
    again.close();
    disk.remove("tape.db");
  });

  test("A large draft that does not fit on the disk leaves nothing", async () => {
    const file = new FileLog(disk.path("large.db")).follow();
    await file.append({ ticks: numbered(10) });
    disk.leave(2 ** 21);
    await assert.rejects(file.append({ ticks: numbered(90_000), key: "k" }), TapeFull);
    assertOrdered(file.told.entries, numbered(10));
    const killed = file.again().follow();
    assertOrdered(killed.told.entries, numbered(10));
    killed.close();
    disk.clear();
    await file.append({ ticks: numbered(5, 10) });
    assertOrdered(file.told.entries, numbered(15));
    assert.equal(lastSeq(file.told.entries.at(-1)!), 15);
    const again = file.again().follow();
    assertOrdered(again.told.entries, numbered(15));
    assert.deepEqual(again.told.rest.receipts, []);
    again.close();
    file.close();
  });
});
