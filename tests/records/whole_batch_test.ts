import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readWholeBatch } from "../../src/records/whole_batch.ts";
import { formOfQuery, NOW } from "./reading.ts";

const START = Date.UTC(2024, 0, 1);

/** The lines of a CSV text of ticks, a second apart. */
function lines(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `A,${START + index * 1_000},${index}`);
}

async function restsOf(rows: readonly string[]) {
  let rests = 0;
  const { ticks } = await readWholeBatch(
    new TextEncoder().encode(`symbol,time,price\n${rows.join("\n")}`),
    {
      form: formOfQuery(""),
      what: "ticks",
      now: NOW,
      rest: () => Promise.resolve(void rests++),
    },
  );
  return { rests, prices: ticks.map(({ price }) => price) };
}

describe("readWholeBatch", () => {
  test("It lets other work run after each part, also where the newest record comes first", async () => {
    const rows = lines(20_000);
    const inOrder = await restsOf(rows);
    const turned = await restsOf(rows.toReversed());
    assert.deepEqual(turned.prices, inOrder.prices);
    // 64 KiB hold about 3,000 lines.
    assert.ok(inOrder.rests > 6, String(inOrder.rests));
    assert.ok(turned.rests > 6, String(turned.rests));
  });
});
