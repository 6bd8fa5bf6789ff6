import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Answers } from "../../src/http/answers.ts";

const DAY = 86_400_000;

/** Asks under a key at a time; each piece of work answers with its own number. */
function desk() {
  const answers = new Answers<{ accepted: number }>();
  let count = 0;
  return (key: string | undefined, now: number) =>
    answers.once(key, () => now, () => Promise.resolve({ accepted: ++count }));
}

describe("Answers", () => {
  test("Answers keeps an answer for a day under its key, and none without a key", async () => {
    const ask = desk();
    assert.deepEqual(await ask("a", 0), { accepted: 1 });
    assert.deepEqual(await ask("a", DAY - 1), { accepted: 1 });
    assert.deepEqual(await ask("b", 0), { accepted: 2 });
    assert.deepEqual(await ask(undefined, 0), { accepted: 3 });
    assert.deepEqual(await ask(undefined, 0), { accepted: 4 });
    assert.deepEqual(await ask("a", DAY), { accepted: 5 });
  });

  test("Answers gives requests that come at once under one key one answer", async () => {
    const ask = desk();
    const both = await Promise.all([ask("a", 0), ask("a", 0)]);
    assert.deepEqual(both, [{ accepted: 1 }, { accepted: 1 }]);
  });

  test("Answers does the work again under the key of work that failed", async () => {
    const answers = new Answers<{ accepted: number }>();
    const failing = answers.once("a", () => 0, () => Promise.reject(new Error("refused")));
    await assert.rejects(failing, /refused/);
    const work = () => Promise.resolve({ accepted: 1 });
    assert.deepEqual(await answers.once("a", () => 0, work), { accepted: 1 });
  });

  test("Answers forgets the oldest of over 100,000 keys", async () => {
    const ask = desk();
    for (let key = 1; key <= 100_001; key++) await ask(String(key), key / 1_000);
    assert.deepEqual(await ask("2", 200), { accepted: 2 });
    assert.deepEqual(await ask("1", 200), { accepted: 100_002 });
  });
});
