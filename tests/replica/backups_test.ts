import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, test } from "node:test";
import { Backups } from "../../src/replica/backups.ts";
import { openDatabase } from "../../src/store/database.ts";
import { Snapshots } from "../../src/store/snapshot.ts";
import { TapeFolder } from "../helpers/tape_file.ts";
import { until } from "../helpers/until.mjs";

const files = new TapeFolder();
const DAY = 86_400_000;

class Schedule {
  readonly path = files.fresh();
  readonly folder = join(dirname(this.path), "backups");
  readonly told: string[] = [];
  readonly #opened = openDatabase({
    ...{ path: this.path, bootId: "b", holder: "a test", newEpoch: () => "e" },
  });
  readonly snapshots = new Snapshots(this.#opened.db, this.path);
  now = 1_763_700_000_000;
  backups = this.open();

  open(): Backups {
    const tell = (message: string) => void this.told.push(message);
    return new Backups({
      ...{ snapshots: this.snapshots, folder: this.folder, everyMs: DAY, keep: 2 },
      ...{ now: () => this.now, elapsed: () => this.now, info: tell, warn: tell },
    });
  }

  get names(): string[] {
    return readdirSync(this.folder).sort();
  }

  async pass(ms: number): Promise<void> {
    this.now += ms;
    const told = this.told.length;
    this.backups.tend();
    await until("it is told", () => this.told.length > told);
  }

  close(): void {
    this.snapshots.close();
    this.#opened.db.close();
  }
}

describe("Backups", () => {
  test("A backup is made at once, then one a day, and the newest are kept", async () => {
    const schedule = new Schedule();
    assert.equal(schedule.backups.newest, 0);
    await schedule.pass(0);
    assert.deepEqual(schedule.names, ["tickwire-20251121T044000Z.db"]);
    assert.equal(schedule.backups.newest, schedule.now);
    assert.ok(readFileSync(join(schedule.folder, schedule.names[0]!)).length > 0);
    schedule.now += DAY - 1;
    schedule.backups.tend();
    await schedule.pass(1);
    await schedule.pass(DAY);
    assert.deepEqual(schedule.names, [
      "tickwire-20251122T044000Z.db",
      "tickwire-20251123T044000Z.db",
    ]);
    assert.equal(schedule.told.length, 3);
    schedule.close();
  });

  test("A restart continues with the backups in the folder, and leaves other files unchanged", async () => {
    const schedule = new Schedule();
    await schedule.pass(0);
    const alien = ["tickwire.db", "notes.txt", "tickwire-2025.db", "other.part"];
    for (const name of alien) writeFileSync(join(schedule.folder, name), "x");
    writeFileSync(join(schedule.folder, "tickwire-20250101T000000Z.db.part"), "half");
    schedule.backups = schedule.open();
    schedule.now += DAY - 1;
    schedule.backups.tend();
    assert.equal(schedule.told.length, 1);
    await schedule.pass(1);
    await schedule.pass(DAY);
    assert.deepEqual(
      schedule.names,
      [
        ...["notes.txt", "other.part", "tickwire-20251122T044000Z.db"],
        ...["tickwire-20251123T044000Z.db", "tickwire-2025.db", "tickwire.db"],
      ].sort(),
    );
    schedule.close();
  });

  test("A failed backup is reported, leaves no file, and is tried again a minute later", async () => {
    const schedule = new Schedule();
    const taken = schedule.snapshots.take();
    await schedule.pass(0);
    assert.match(schedule.told[0]!, /^Cannot back up the tape to .*being copied already$/);
    assert.deepEqual(schedule.names, []);
    taken.close();
    schedule.now += 59_999;
    schedule.backups.tend();
    await schedule.pass(1);
    assert.match(schedule.told[1]!, /^Backed up the tape/);
    assert.equal(schedule.told.length, 2);
    schedule.close();
  });

  test("A folder that cannot be used is refused at once", () => {
    const schedule = new Schedule();
    mkdirSync(dirname(schedule.folder), { recursive: true });
    const file = join(schedule.folder, "file");
    writeFileSync(file, "");
    const options = { ...schedule, everyMs: DAY, keep: 1, folder: file };
    const world = { now: () => 0, elapsed: () => 0, info() {}, warn() {} };
    assert.throws(
      () => new Backups({ ...options, snapshots: schedule.snapshots, ...world }),
      /Cannot use --backup-dir .*file: /,
    );
    schedule.close();
  });
});
