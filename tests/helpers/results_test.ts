import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bunResults, checkResults, denoResults } from "./results.mjs";

/** Output of `deno test` for the tests of BUN below, and for two tests that fail only on Deno. */
const DENO = `
running 7 tests from ./tests/helpers/together.ts
tests from ./tests/x_test.ts ... ok (1ms)
top: a <b> ... ok (2ms)
top fails ... FAILED (8ms)
group ...
  inner ...
    deep ok ... ok (0ms)
    deep fails ... FAILED (1ms)
  inner ... FAILED (due to 1 failed step) (3ms)
  takes long ...'group' has been running for over (1m0s)
 ok (1m4s)
  prints ...
------- output -------
said ... so
----- output end -----
  prints ... ok (1ms)
  skipped ... ignored (0ms)
group ... FAILED (due to 1 failed step) (115ms)
before fails ... FAILED (922µs)
after fails ...
  fine ... ok (1ms)
after fails ... FAILED (1ms)
tests from ./tests/y_test.ts ... ok (0ms)
Uncaught error from ./tests/helpers/together.ts FAILED

 ERRORS 

top fails => ./tests/x_test.ts:4:1
error: said ... FAILED

FAILED | 3 passed (5 steps) | 5 failed (1 step) | 0 ignored (1 step) (141ms)
`;

const BUN = `bun test v1.4.5 (a7733435c)

tests/x_test.ts:
(pass) top: a <b> [1.48ms]
4 | test("top fails", () => { assert.equal(1, 2); });
AssertionError: Expected values to be strictly equal:
(fail) top fails [1.98ms]
(pass) group > inner > deep ok [0.15ms]
(fail) group > inner > deep fails [2.40ms]
(pass) group > takes long [64.1s]
(pass) group > prints [1.05ms]
(skip) group > skipped

# Unhandled error between tests
-------------------------------
error: before
-------------------------------

(pass) after fails > fine

tests/y_test.ts:

# Unhandled error between tests
-------------------------------
error: does not load
-------------------------------


2 tests failed:
(fail) top fails [1.98ms]
(fail) group > inner > deep fails [2.40ms]

 5 pass
 1 skip
 2 fail
 2 errors
Ran 8 tests across 2 files. [167.00ms]
`;

describe("Results of test runners", () => {
  test("denoResults counts tests but not groups, and puts the groups into the name of each failure", () => {
    assert.deepEqual(denoResults(DENO), {
      passed: 5,
      failures: [
        "tests/x_test.ts: top fails",
        "tests/x_test.ts: group > inner > deep fails",
        "tests/x_test.ts: before fails",
        "tests/x_test.ts: after fails",
        "tests/y_test.ts: uncaught error",
      ],
    });
  });

  test("bunResults counts each failure once, and errors between tests", () => {
    assert.deepEqual(bunResults(BUN), {
      passed: 5,
      failures: [
        "tests/x_test.ts: top fails",
        "tests/x_test.ts: group > inner > deep fails",
        "tests/x_test.ts: error between tests",
        "tests/y_test.ts: error between tests",
      ],
    });
    assert.equal(bunResults(" 95 pass\n 0 fail\n").passed, 95);
  });

  test("checkResults reads names with any characters", () => {
    const output = [
      "ok      The line: it is drawn (and moves) (12 ms)",
      "FAILED  The market: as it was (3040 ms)",
      "    Error: ok      not a check (5 ms)",
      "1 passed, 1 failed",
    ];
    assert.deepEqual(checkResults(output.join("\n")), {
      passed: 1,
      failures: ["The market: as it was"],
    });
  });
});
