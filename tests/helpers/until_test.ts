import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { freePort } from "./free_port.mjs";
import { until } from "./until.mjs";

describe("until", () => {
  test("until reads again until the value fits, and returns that value", async () => {
    let count = 0;
    assert.equal(await until("it is three", () => ++count, (value) => value === 3), 3);
    assert.equal(count, 3);
    const later = () => Promise.resolve(++count > 5 ? { count } : undefined);
    assert.deepEqual(await until("it is there", later), { count: 6 });
  });

  test("until reads again after a reading fails", async () => {
    let count = 0;
    const read = () => {
      if (++count < 3) throw new Error("not yet");
      return "there";
    };
    assert.equal(await until("it is there", read), "there");
  });

  test("until reports the last value when no value fits in time", async () => {
    const wrong: [read: () => unknown, words: RegExp][] = [
      [() => ({ a: [1] }), /^Waited 30 ms in vain until it fits; last: \{ a: \[ 1 \] \}$/],
      [() => Promise.reject(new Error("gone")), /; last: Error: gone/],
      [() => new Promise(() => {}), /; last: nothing, the reading takes so long$/],
      [() => `begin${"x".repeat(10_000)}end`, /; last: beginx+ … x+end$/],
    ];
    for (const [read, message] of wrong) {
      await assert.rejects(until("it fits", read, () => false, 30), { message });
    }
    const cause = new Error("gone");
    await assert.rejects(until("it fits", () => Promise.reject(cause), Boolean, 30), { cause });
  });
});

test("freePort gives each port once, and never an ephemeral port", async () => {
  const ports = await Promise.all(Array.from({ length: 50 }, freePort));
  assert.equal(new Set(ports).size, 50);
  assert.ok(ports.every((port) => port >= 10_000 && port < 32_000), ports.join());
});
