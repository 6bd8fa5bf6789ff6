import assert from "node:assert/strict";
import { test } from "node:test";
import type { NatsConnection } from "@nats-io/transport-node";
import { StreamRooms } from "../../src/log/stream_rooms.ts";

type Callback = (error: null, message: { json(): unknown }) => void;

test("StreamRooms forgets the senders of messages that a connection has lost", () => {
  const sent: string[] = [];
  let receive: Callback = () => {};
  const connection = {
    publish: (_subject: string, text: string) => void sent.push(text),
    subscribe(subject: string, { callback }: { callback: Callback }) {
      if (subject.endsWith("*")) receive = callback;
    },
    requestMany: () => Promise.resolve([]),
  } as unknown as NatsConnection;
  const rooms = new StreamRooms({
    stream: { name: "s", connection, isConnected: true, isClosed: false },
    replica: "r",
    fault: (error) => assert.fail(String(error)),
  });
  const arrived: unknown[] = [];
  rooms.begin((_room, text, sender) => void arrived.push([text, sender]), () => []);
  const senders = ["a", "b", "c"].map((name) => ({ name }));
  for (const sender of senders) assert.ok(rooms.carry("room", sender.name, sender));
  for (const index of [1, 0, 2]) receive(null, { json: () => JSON.parse(sent[index]!) });
  assert.deepEqual(arrived, [["b", senders[1]], ["a", undefined], ["c", senders[2]]]);
});
