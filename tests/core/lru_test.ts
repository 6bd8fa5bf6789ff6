import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { Lru } from "../../src/core/lru.ts";

describe("Lru", () => {
  test("Lru drops the least recently used values when the weight is too large", () => {
    const lru = new Lru<number>(10);
    lru.set("a", 1, 4);
    lru.set("b", 2, 6);
    assert.deepEqual([lru.get("a"), lru.get("b")], [1, 2]);
    assert.equal(lru.get("a"), 1);
    lru.set("c", 3, 1);
    assert.deepEqual([lru.get("a"), lru.get("b"), lru.get("c")], [1, undefined, 3]);
  });

  test("Lru keeps the newest value, whatever its weight", () => {
    const lru = new Lru<number>(10);
    lru.set("a", 1, 1);
    lru.set("b", 2, 99);
    assert.deepEqual([lru.get("a"), lru.get("b")], [undefined, 2]);
    lru.set("c", 3, 1);
    assert.deepEqual([lru.get("b"), lru.get("c")], [undefined, 3]);
  });

  test("Lru does not count replaced or deleted values", () => {
    const lru = new Lru<number>(10);
    for (let round = 0; round < 9; round++) lru.set("a", round, 9);
    lru.set("b", 1, 1);
    assert.deepEqual([lru.get("a"), lru.get("b")], [8, 1]);
    lru.delete("a");
    lru.delete("a");
    lru.set("c", 3, 9);
    assert.deepEqual([lru.get("a"), lru.get("b"), lru.get("c")], [undefined, 1, 3]);
  });

  test("Lru equals a list in the order of use, for any operations", () => {
    const anyName = fc.constantFrom("a", "b", "c", "d", "e");
    const anyStep = fc.record({ name: anyName, weight: fc.option(fc.nat(8)), away: fc.boolean() });
    fc.assert(fc.property(fc.array(anyStep, { maxLength: 50 }), (steps) => {
      const lru = new Lru<number>(12);
      let list: { name: string; value: number; weight: number }[] = [];
      steps.forEach(({ name, weight, away }, value) => {
        const known = list.find((each) => each.name === name);
        if (weight === null && !away) {
          assert.equal(lru.get(name), known?.value);
          if (known) list = [...list.filter((each) => each !== known), known];
          return;
        }
        list = list.filter((each) => each !== known);
        if (weight === null) return lru.delete(name);
        lru.set(name, value, weight);
        list.push({ name, value, weight });
        const total = () => list.reduce((sum, each) => sum + each.weight, 0);
        while (total() > 12 && list.length > 1) list.shift();
      });
      for (const name of "abcde") {
        assert.equal(lru.get(name), list.find((each) => each.name === name)?.value);
      }
    }));
  });
});
