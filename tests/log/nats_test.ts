import assert from "node:assert/strict";
import { test } from "node:test";
import { connectTo } from "../../src/log/nats.ts";
import { parseStreamSpec } from "../../src/log/stream_spec.ts";
import { TapeError } from "../../src/store/tape_error.ts";
import { freePort } from "../helpers/free_port.mjs";

/** Tries to connect to a server that does not listen. @returns the pauses and the warnings */
async function tries(host: string, random: () => number) {
  const pauses: number[] = [];
  const warnings: string[] = [];
  const enough = new Error("enough");
  const world = {
    random,
    warn: (message: string) => void warnings.push(message),
    sleep(ms: number) {
      pauses.push(ms);
      return pauses.length < 4 ? Promise.resolve() : Promise.reject(enough);
    },
  };
  await assert.rejects(connectTo(parseStreamSpec(`nats://${host}`), world), enough);
  return { pauses, warnings };
}

test("connectTo waits for a server that is down, each replica for another time", async () => {
  const host = `127.0.0.1:${await freePort()}`;
  const { pauses, warnings } = await tries(host, () => 0.5);
  assert.deepEqual(pauses, [250, 500, 500, 500]);
  assert.equal(warnings.length, 1);
  assert.deepEqual((await tries(host, () => 0.1)).pauses, [50, 100, 100, 100]);
});

test("connectTo waits for a name that is not known yet, and for one of several servers", async () => {
  assert.equal((await tries("nats.invalid", () => 0)).pauses.length, 4);
  const hosts = [await freePort(), await freePort()].map((port) => `127.0.0.1:${port}`);
  assert.equal((await tries(hosts.join(",nats://"), () => 0)).pauses.length, 4);
});

test("connectTo does not wait when a file cannot be read", async () => {
  const world = { random: () => 0, sleep: () => assert.fail(), warn: () => assert.fail() };
  const spec = parseStreamSpec("nats://127.0.0.1?creds=/none");
  await assert.rejects(connectTo(spec, world), TapeError);
});
