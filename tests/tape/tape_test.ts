import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { formatPosition, parsePosition } from "../../src/tape/tape.ts";

describe("formatPosition", () => {
  test("formatPosition joins epoch and seq by a colon", () => {
    assert.equal(formatPosition("k3f9", 1042), "k3f9:1042");
    assert.equal(formatPosition("k3f9", 0), "k3f9:0");
    assert.equal(formatPosition("1", Number.MAX_SAFE_INTEGER), "1:9007199254740991");
  });
});

describe("parsePosition", () => {
  test("parsePosition splits a position", () => {
    assert.deepEqual(parsePosition("k3f9:1042"), { epoch: "k3f9", seq: 1042 });
    assert.deepEqual(parsePosition("k3f9:0"), { epoch: "k3f9", seq: 0 });
    assert.deepEqual(parsePosition("7:10"), { epoch: "7", seq: 10 });
  });

  test("parsePosition accepts an epoch of 32 characters and refuses 33", () => {
    assert.deepEqual(parsePosition(`${"a".repeat(32)}:1`), { epoch: "a".repeat(32), seq: 1 });
    assert.equal(parsePosition(`${"a".repeat(33)}:1`), undefined);
  });

  test("parsePosition accepts the largest safe integer and refuses the next", () => {
    assert.equal(parsePosition("a:9007199254740991")?.seq, Number.MAX_SAFE_INTEGER);
    assert.equal(parsePosition("a:9007199254740992"), undefined);
    assert.equal(parsePosition("a:10000000000000000"), undefined);
  });

  const faults = [
    "",
    ":",
    "a",
    "a:",
    ":1",
    "1042",
    "a:-1",
    "a:+1",
    "a:1.5",
    "a:1e3",
    "a:0x1",
    "a:01",
    "a:00",
    "a:1 ",
    " a:1",
    "a: 1",
    "a:1\n",
    "A:1",
    "a-b:1",
    "a:b:1",
    "a:1:2",
    "ä:1",
    "a:NaN",
    "a:١",
  ];
  for (const text of faults) {
    test(`parsePosition refuses ${JSON.stringify(text)}`, () => {
      assert.equal(parsePosition(text), undefined);
    });
  }

  test("parsePosition reads exactly the texts that formatPosition writes", () => {
    const letter = fc.constantFrom(..."abcxyz0189");
    const epoch = fc.string({ unit: letter, minLength: 1, maxLength: 32 });
    fc.assert(fc.property(epoch, fc.maxSafeNat(), (epoch, seq) => {
      assert.deepEqual(parsePosition(formatPosition(epoch, seq)), { epoch, seq });
    }));
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."ab01:- ") }), (text) => {
      const position = parsePosition(text);
      if (position) assert.equal(formatPosition(position.epoch, position.seq), text);
    }));
  });
});
