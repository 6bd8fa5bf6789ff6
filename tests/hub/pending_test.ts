import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { PendingAll, PendingLatest } from "../../src/hub/pending.ts";

const keys = fc.array(fc.constantFrom("A", "B", "C"), { maxLength: 40 });

describe("PendingAll", () => {
  it("PendingAll gives a reader every update after its own, after any number was forgotten", () => {
    fc.assert(fc.property(keys, fc.nat(40), fc.nat(40), (names, forgotten, at) => {
      const pending = new PendingAll<number>();
      names.forEach((name, index) => pending.add(name, index + 1));
      const known = Math.min(forgotten, at);
      pending.forget(known);
      assert.equal(pending.count, names.length);
      assert.equal(pending.size, Math.max(0, names.length - known));
      assert.deepEqual(pending.since(at), names.map((_, index) => index + 1).slice(at));
    }));
  });
});

describe("PendingLatest", () => {
  it("PendingLatest gives a reader the newest update of each key that changed after its own", () => {
    fc.assert(fc.property(keys, fc.nat(40), fc.nat(40), (names, forgotten, at) => {
      const pending = new PendingLatest<string>();
      const newest = new Map<string, number>();
      names.forEach((name, index) => {
        pending.add(name, `${name}${index + 1}`);
        newest.set(name, index + 1);
      });
      pending.forget(Math.min(forgotten, at));
      assert.equal(pending.count, names.length);
      assert.ok(pending.size <= newest.size);
      const wanted = [...newest].filter(([, number]) => number > at).map(([name, n]) => name + n);
      assert.deepEqual(pending.since(at).sort(), wanted.sort());
    }));
  });
});
