import assert from "node:assert/strict";
import type { FeedReport } from "../../src/feeds/feed_run.ts";
import { wait } from "./process.ts";

const PATIENCE_MS = 20_000;

/** What a server says of its first feed. */
export async function feedOf({ http }: { http: string }): Promise<FeedReport> {
  const { feeds } = await (await fetch(`${http}/readyz`)).json();
  return feeds[0];
}

/** Waits until what is asked for is there; fails with what was there instead. */
export async function eventually<Value>(
  ask: () => Value | Promise<Value>,
  isThere: (value: Value) => boolean,
): Promise<Value> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const value = await ask();
    if (isThere(value)) return value;
    assert.ok(Date.now() < deadline, `still ${JSON.stringify(value)?.slice(0, 500)}`);
    await wait(10);
  }
}
