import assert from "node:assert/strict";
import { test } from "node:test";
import { parquetReadObjects } from "hyparquet";
import type { TapedTick } from "../../src/core/tick.ts";
import { joined, listed, TICK_COLUMNS } from "../../src/wire/history.ts";
import { parquetWriter } from "../../src/wire/parquet.ts";

async function read(...slices: TapedTick[][]) {
  const writer = parquetWriter(TICK_COLUMNS);
  const rows = slices.map((slice) => writer.rows(listed(slice)));
  const { buffer } = joined([writer.begin(), ...rows, writer.end()]);
  return await parquetReadObjects({ file: buffer });
}

const tick = (seq: number): TapedTick => ({
  ...{ seq, symbol: seq % 2 === 0 ? "A" : "B/C", time: 1_763_700_000_000.25 + seq, price: seq / 7 },
  ...{ size: seq % 3 === 0 ? null : seq, bid: null, ask: seq % 5 === 0 ? 1e-9 : null },
});

test("A Parquet file has the rows of all slices, with unknown values as null", async () => {
  const ticks = Array.from({ length: 5_000 }, (_, index) => tick(2 ** 40 + index));
  const found = await read(ticks.slice(0, 3_000), [], ticks.slice(3_000));
  assert.deepEqual(found.map((row) => ({ ...row, seq: Number(row["seq"]) })), ticks);
  assert.equal(typeof found[0]!["seq"], "bigint");
});

test("A Parquet file without rows has its columns", async () => {
  assert.deepEqual(await read(), []);
  assert.deepEqual(await read([]), []);
});
