import assert from "node:assert/strict";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { Channel } from "../../src/workers/channel.ts";
import { frameOf, KIND } from "../../src/workers/frames.ts";
import { until } from "../helpers/until.mjs";

test("Channel has no more listeners after many waits for space", async () => {
  const path = join(tmpdir(), `tickwire-channel-${process.pid}-${Math.random()}`);
  let socket: Socket | undefined;
  let sending: Channel | undefined;
  const server = createServer((each) => {
    socket = each;
    sending = new Channel(each, { received() {}, closed() {} });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const receiving = await Channel.open(path, { received() {}, closed() {} });
  await until("both are connected", () => sending !== undefined);
  const before = socket!.listenerCount("close");
  let waits = 0;
  for (let count = 0; count < 20; count++) {
    sending!.send(frameOf(KIND.body, new Uint8Array(4_000_000)));
    if (socket!.writableNeedDrain) waits++;
    await sending!.drained();
  }
  assert.ok(waits > 5, `${waits} waits`);
  assert.equal(socket!.listenerCount("close"), before);
  assert.equal(socket!.listenerCount("drain"), 0);
  receiving.pause();
  for (let count = 0; count < 5; count++) {
    sending!.send(frameOf(KIND.body, new Uint8Array(4_000_000)));
  }
  const drained = sending!.drained();
  receiving.close();
  await drained;
  server.close();
});
