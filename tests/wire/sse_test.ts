import assert from "node:assert/strict";
import { test } from "node:test";
import { closeEvent, frameEvent, retryField } from "../../src/wire/sse.ts";
import { PacedHub } from "../helpers/conversation.ts";

const event = (frame: string) => frameEvent(frame, (seq) => `k3f9:${seq}`);

test("Frames with a position have it as their id", () => {
  for (const format of ["object", "columns"]) {
    for (const channel of ["tick", "quote", "bar:1m"]) {
      const hub = new PacedHub();
      hub.ticks({ symbol: "A" });
      const client = hub.join(`symbol=A&channel=${channel}&format=${format}`);
      const [subscribed] = client.texts();
      assert.equal(event(subscribed!), `id: k3f9:1\ndata: ${subscribed}\n\n`);
      hub.ticks({ symbol: "B" }, { symbol: "A" });
      hub.pass(100);
      const [data] = client.texts();
      assert.equal(event(data!), `id: k3f9:3\ndata: ${data}\n\n`);
    }
  }
});

test("Frames without a position have no id", () => {
  const frames = [
    '{"op":"symbols","sub":"t1","add":["A"]}',
    '{"op":"heartbeat","seq":5,"time":1}',
    '{"value":1}',
    '[{"symbol":"A","price":1}]',
  ];
  for (const frame of frames) assert.equal(event(frame), `data: ${frame}\n\n`);
});

test("A client that has to leave is told when to reconnect", () => {
  const frame = '{"op":"draining","reconnectAfter":1730}';
  assert.equal(event(frame), `retry: 1730\ndata: ${frame}\n\n`);
  assert.equal(retryField(1.6), "retry: 2\n");
});

test("A close is an event with code and reason", () => {
  assert.equal(
    closeEvent(1012, 'a "reason"'),
    'event: close\ndata: {"code":1012,"reason":"a \\"reason\\""}\n\n',
  );
});
