import assert from "node:assert/strict";
import { test } from "node:test";
import { LogUnavailable } from "../../src/store/tape_error.ts";
import type { Sharing } from "../../src/tape/sharing.ts";
import { ChannelLog } from "../../src/workers/channel_log.ts";

test("ChannelLog that closes rejects the drafts that the first process does not answer", async () => {
  let clock = 0;
  const log = new ChannelLog({
    ...{ epoch: "e", sharing: {} as Sharing, elapsed: () => clock },
    sleep: (ms) => Promise.resolve(void (clock += ms)),
    ...{ send() {}, say() {}, waiting() {} },
  });
  let answer: unknown = "pending";
  log.append({ ticks: [] }).catch((error) => answer = error);
  await log.close();
  assert.ok(answer instanceof LogUnavailable, String(answer));
});
