import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Activity } from "../../../src/http/native/activity.ts";
import { NOW, refused, serve } from "../serve.ts";

describe("GET /activity", () => {
  const minute = 60_000;

  test("/activity counts the ticks of all symbols, in intervals that fit the limit", async () => {
    const server = serve();
    await server.send(
      { symbol: "A", price: 1, time: NOW - 10 * minute },
      { symbol: "A", price: 1, time: NOW - 10 * minute + 1 },
      { symbol: "B", price: 1, time: NOW - 8 * minute },
      { symbol: "A", price: 1, time: NOW - 1 },
    );
    const { from, interval, counts } = await server.get<Activity>("/activity?limit=10");
    assert.deepEqual([from, interval], [NOW - 10 * minute, "1m"]);
    assert.deepEqual(counts, [2, 0, 1, 0, 0, 0, 0, 0, 0, 1]);
    const finer = await server.get<Activity>("/activity?limit=40");
    assert.equal(finer.interval, "15s");
    assert.equal(finer.counts.reduce((a, b) => a + b), 4);
  });

  test("/activity counts the ticks between two times", async () => {
    const server = serve();
    for (const ago of [9, 5, 3]) {
      await server.send({ symbol: "A", price: 1, time: NOW - ago * minute });
    }
    const path = `/activity?from=${NOW - 6 * minute}&to=${NOW - 3 * minute}&limit=3`;
    assert.deepEqual((await server.get<Activity>(path)).counts, [0, 1, 0]);
  });

  test("/activity of an empty tape is one empty interval, and a bad limit is refused", async () => {
    const server = serve();
    assert.deepEqual((await server.get<Activity>("/activity")).counts, [0]);
    await refused(server.request("/activity?limit=2001"), 400, "bad_limit");
    await refused(server.request("/activity?from=x"), 400, "bad_from");
  });

  test("/activity counts all earlier ticks, even while it counts for another request", async () => {
    const server = serve();
    const total = async () =>
      (await server.get<Activity>("/activity")).counts.reduce((a, b) => a + b, 0);
    const totals: Promise<number>[] = [];
    for (let taken = 1; taken <= 50; taken++) {
      await server.send({ symbol: `S${taken}`, price: 1 });
      totals.push(total(), total());
    }
    for (const [index, count] of (await Promise.all(totals)).entries()) {
      assert.ok(count >= Math.floor(index / 2) + 1, `${count} after ${index}`);
    }
    assert.equal(await total(), 50);
  });
});
