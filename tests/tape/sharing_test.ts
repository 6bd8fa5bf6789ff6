import assert from "node:assert/strict";
import { test } from "node:test";
import { TestReplica } from "../helpers/replica.ts";

test("Sharing learns the symbols that it does not know yet, and refuses a gap before them", () => {
  const { tape: { sharing }, ...test } = new TestReplica();
  sharing.learnSymbols(["A", "B"], 0);
  sharing.learnSymbols(["B", "C"], 1);
  assert.deepEqual(sharing.symbolsFrom(0), ["A", "B", "C"]);
  assert.throws(() => sharing.learnSymbols(["E"], 4), /symbol 4 is missing/);
  assert.deepEqual(sharing.symbolsFrom(0), ["A", "B", "C"]);
  test.store.tape.close();
});
