import assert from "node:assert/strict";
import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { describe, test } from "node:test";
import { closeDatabase, openDatabase } from "../../src/store/database.ts";
import { TapeError } from "../../src/store/tape_error.ts";
import { inspect, type Inspection } from "../../src/tape/inspection.ts";
import { taped, tick } from "../core/ticks.ts";
import { writeLegacyFile } from "../helpers/legacy_file.ts";
import { TestReplica } from "../helpers/replica.ts";
import { change, TapeFolder } from "../helpers/tape_file.ts";

const folder = new TapeFolder();

function ticks(count: number) {
  return Array.from(
    { length: count },
    (_, index) => tick({ symbol: "AB"[index % 2]!, time: index * 1_000, price: index }),
  );
}

/** A closed file with 1,000 ticks, of which 800 are in blocks. */
async function written(retains = false): Promise<string> {
  const path = folder.fresh();
  const test = new TestReplica({ path, blockTicks: 200 });
  for (let batch = 0; batch < 10; batch++) {
    await test.send(ticks(100), { key: `k${batch}` });
    if (batch === 8) test.seal();
  }
  if (retains) { while (test.tape.retain({ before: 1e15, bytesMax: Infinity }, 0)); }
  test.save();
  test.close();
  return path;
}

function inspected(path: string): Inspection {
  const looking = inspect(path);
  let done = 0;
  for (;;) {
    const next = looking.next();
    if (next.done) return next.value;
    assert.equal(next.value.done, ++done);
    assert.ok(next.value.done <= next.value.all);
  }
}

describe("inspect", () => {
  test("inspect describes a file, and changes nothing", async () => {
    const path = await written();
    const bytes = readFileSync(path);
    const found = inspected(path);
    assert.deepEqual(found.damage, []);
    assert.deepEqual([found.epoch, found.first, found.last, found.ticks], ["e1", 1, 1_000, 1_000]);
    assert.deepEqual([found.oldest, found.newest, found.symbols], [0, 99_000, 2]);
    assert.deepEqual([found.blocks, found.entries, found.entryTicks], [4, 2, 200]);
    assert.ok(found.bars > 100 && found.blockBytes > 0 && found.fileBytes === bytes.length);
    assert.deepEqual(readFileSync(path), bytes);
  });

  test("inspect tells in which stream the newest ticks of a replica are", async () => {
    const path = await written();
    change(path, "DELETE FROM entry");
    assert.match(inspected(path).damage.join(), /newest ticks, 801 to 1000, are missing/);
    const options = { path, bootId: "boot", holder: "", newEpoch: () => "new" };
    const { db, meta } = openDatabase({ ...options, shared: { epoch: "e1", name: "quotes" } });
    closeDatabase(db, meta, path);
    const { stream, damage, last } = inspected(path);
    assert.deepEqual({ stream, damage, last }, { stream: "quotes", damage: [], last: 800 });
  });

  test("inspect accepts a file with forgotten ticks or of an older version", async () => {
    const retained = inspected(await written(true));
    assert.deepEqual(retained.damage, []);
    assert.equal(retained.last, 1_000);
    for (const version of [1, 2] as const) {
      const path = folder.fresh();
      writeLegacyFile(path, { version, ticks: taped(ticks(500)).slice(100) });
      const found = inspected(path);
      assert.deepEqual(found.damage, []);
      assert.deepEqual([found.first, found.last, found.legacyTicks], [101, 500, 400]);
    }
  });

  const damages: [what: string, sql: string][] = [
    ["the first block", "DELETE FROM block WHERE id = 1"],
    ["a block", "DELETE FROM block WHERE id = 2"],
    ["the last block", "DELETE FROM block WHERE id = 4"],
    ["all blocks", "DELETE FROM block"],
    ["all blocks and entries", "DELETE FROM block; DELETE FROM entry"],
    ["a part", "DELETE FROM chunk WHERE block = 2"],
    ["entries", "DELETE FROM entry"],
    ["the true newest time of a block", "UPDATE block SET newest = newest - 1 WHERE id = 3"],
    ["the true bytes of a part", "UPDATE chunk SET body = zeroblob(9) WHERE block = 3"],
    ["the true price of a bar", "UPDATE bar SET numbers = zeroblob(104) WHERE time = 5000"],
  ];
  for (const [what, sql] of damages) {
    test(`inspect reports that a file lacks ${what}`, async () => {
      const path = folder.fresh();
      copyFileSync(await written(), path);
      change(path, sql);
      const { damage } = inspected(path);
      assert.ok(damage.length > 0);
    });
  }

  test("inspect refuses a file that is not a tape", () => {
    const path = folder.fresh();
    assert.throws(() => inspected(path), /there is no such file/);
    writeFileSync(path, "symbol,price\n".repeat(500));
    assert.throws(() => inspected(path), TapeError);
  });
});
