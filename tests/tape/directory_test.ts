import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Directory } from "../../src/tape/directory.ts";

const anyCounts = fc.uniqueArray(
  fc.record({
    symbol: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 2 ** 31 })),
    count: fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: 1, max: 40 }) },
      { weight: 2, arbitrary: fc.integer({ min: 200, max: 300 }) },
      fc.integer({ min: 8_000, max: 30_000 }),
    ),
  }),
  { selector: ({ symbol }) => symbol, minLength: 1, maxLength: 60 },
).map((all) =>
  all.sort((a, b) => a.symbol - b.symbol).map(({ symbol, count }) => [symbol, count] as const)
);

describe("Directory", () => {
  test("Directory has each symbol with its ticks, encoded or not", () => {
    fc.assert(fc.property(anyCounts, (counts) => {
      const directory = new Directory(counts);
      for (const each of [directory, Directory.decode(directory.encode())]) {
        let begin = 0;
        counts.forEach(([symbol, count], index) => {
          assert.equal(each.indexOf(symbol), index);
          assert.equal(each.begins[index], begin);
          assert.equal(each.begins[index + 1], begin += count);
        });
        assert.equal(each.count, begin);
        const known = new Set(counts.map(([symbol]) => symbol));
        for (const symbol of [0, 1, 57, 399, 401, 2 ** 31]) {
          if (!known.has(symbol)) assert.equal(each.indexOf(symbol), -1);
        }
      }
    }));
  });

  test("Directory has parts without gaps: shared ones are small, large symbols have several", () => {
    fc.assert(fc.property(anyCounts, (counts) => {
      const { parts, count, begins } = new Directory(counts);
      let end = 0;
      for (const part of parts) {
        assert.equal(part.begin, end);
        end = part.end;
        const ticks = end - part.begin;
        assert.ok(ticks > 0 && ticks <= 8_192);
        const isShared = begins[part.symbol + 1]! < end;
        if (isShared) assert.ok(ticks <= 256 && begins[part.symbol] === part.begin);
        else assert.ok(begins[part.symbol]! <= part.begin);
      }
      assert.equal(end, count);
      // No part would fit into the one before it.
      const shared = parts.filter(({ begin, end }) => end - begin <= 256).length;
      assert.ok(shared <= 2 * (counts.length + 1));
    }));
  });

  test("Directory finds exactly the parts with the given ticks", () => {
    fc.assert(fc.property(anyCounts, fc.nat(), fc.nat(), (counts, a, b) => {
      const directory = new Directory(counts);
      const { parts, count } = directory;
      const begin = a % count;
      const end = begin + 1 + b % (count - begin);
      const [first, behind] = directory.partsBetween(begin, end);
      assert.ok(parts[first]!.begin <= begin && parts[first]!.end > begin);
      assert.ok(parts[behind - 1]!.begin < end && parts[behind - 1]!.end >= end);
    }));
  });

  test("Directory of many quiet symbols shares parts among them", () => {
    const counts = Array.from({ length: 10_000 }, (_, symbol) => [symbol + 1, 1] as const);
    assert.equal(new Directory(counts).parts.length, Math.ceil(10_000 / 256));
    assert.ok(new Directory(counts).encode().length <= 20_010);
  });
});
