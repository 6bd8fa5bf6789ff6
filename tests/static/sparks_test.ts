import assert from "node:assert/strict";
import { test } from "node:test";
import type { Point } from "../../static/series.js";
import { Sparks } from "../../static/sparks.js";
import { row } from "./source.ts";

const minute = 60_000;

function setUp() {
  const loads: { path: string; arrive: (points: Point[]) => void; signal: AbortSignal }[] = [];
  const sparks = new Sparks({
    load: (path, signal) => new Promise((arrive) => loads.push({ path, arrive, signal })),
    rowOf: (symbol) => ({ ...row(symbol, 7), time: 100 * minute }),
  });
  const rest = () => new Promise((done) => setImmediate(done));
  return { loads, sparks, rest };
}

const bars = (first: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ time: (first + index) * minute, close: index }));

test("Sparks are loaded for visible symbols, a few at a time", async () => {
  const { loads, sparks, rest } = setUp();
  sparks.want(["A", "B", "C", "D", "E"]);
  assert.equal(loads.length, 3);
  sparks.want(["E"]);
  loads[0]!.arrive(bars(40, 60));
  await rest();
  assert.deepEqual(loads.map(({ path }) => new URLSearchParams(path.slice(5)).get("symbol")), [
    "A",
    "B",
    "C",
    "E",
  ]);
});

test("Sparks have sixty minutes and end with the newest price", async () => {
  const { loads, sparks, rest } = setUp();
  sparks.want(["A"]);
  loads[0]!.arrive(bars(40, 60));
  await rest();
  const spark = sparks.of("A")!;
  assert.equal(spark.closes.length, 60);
  assert.equal(spark.closes.at(-1), 7);
  const { version } = spark;
  sparks.saw({ ...row("A", 8), time: 100 * minute + 5 });
  assert.deepEqual([spark.closes.length, spark.closes.at(-1)], [60, 8]);
  assert.notEqual(spark.version, version);
  sparks.saw({ ...row("A", 9), time: 101 * minute });
  assert.deepEqual([spark.closes.length, ...spark.closes.slice(-2)], [60, 8, 9]);
  sparks.saw({ ...row("A", 1), time: 50 * minute });
  assert.equal(spark.closes.at(-1), 9);
});

test("Sparks at a moment end with its last whole minute, and the earlier sparks are dropped", () => {
  const { loads, sparks } = setUp();
  sparks.want(["A"]);
  sparks.show(90 * minute + 30_000);
  assert.ok(loads[0]!.signal.aborted);
  sparks.want(["A"]);
  assert.match(loads[1]!.path, new RegExp(`to=${90 * minute}$`));
});
