import assert from "node:assert/strict";
import { test } from "node:test";
import { LogStream } from "../../src/log/stream.ts";
import { parseStreamSpec } from "../../src/log/stream_spec.ts";
import { StreamLeases } from "../../src/log/leases.ts";
import { TapeCopies } from "../../src/log/tape_copies.ts";
import type { Snapshots } from "../../src/store/snapshot.ts";
import { sleep } from "../../src/scheduler.ts";
import { natsFault, NatsServer } from "../helpers/nats_server.ts";
import { until } from "../helpers/until.mjs";

test(
  "TapeCopies ends when the copy that is being made is given up",
  { skip: natsFault() ?? false },
  async () => {
    const server = await NatsServer.start();
    const warnings: string[] = [];
    const world = {
      ...{ now: Date.now, elapsed: () => performance.now(), random: Math.random, sleep, info() {} },
      warn: (message: string) => void warnings.push(message),
    };
    const spec = parseStreamSpec(server.url);
    const stream = await LogStream.open({ spec, ageMs: 86_400_000, ...world });
    try {
      const copies = new TapeCopies({ ...world, stream, epoch: "e", everyMs: 1_000 });
      let read = 0, isClosed = false;
      const endless = {
        async next() {
          await sleep(1);
          read++;
          return new Uint8Array(1_000);
        },
        close: () => void (isClosed = true),
      };
      const snapshots = { isTaken: false, take: () => endless } as unknown as Snapshots;
      copies.start(snapshots, new StreamLeases({ ...world, stream, holder: "h" }));
      await until("a copy is being made", () => read > 10);
      await copies.end();
      assert.ok(isClosed);
      assert.deepEqual(warnings, []);
    } finally {
      await stream.close();
      await server.stop();
    }
  },
);
