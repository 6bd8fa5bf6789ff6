import assert from "node:assert/strict";
import { test } from "node:test";
import { PlaybackStream } from "../../static/playback.js";
import { FakeSource } from "./source.ts";

function setUp() {
  const source = new FakeSource();
  const rows: unknown[] = [];
  const replies: (number | undefined)[] = [];
  const lost: string[] = [];
  const failures: string[] = [];
  const stream = new PlaybackStream(source, { symbols: ["*"] }, {
    onReply: (_reply, moment) => replies.push(moment?.time),
    onRows: (each) => rows.push(...each),
    onError: ({ message }) => failures.push(message),
    onLost: (reason) => lost.push(reason),
  });
  return { source, rows, replies, lost, failures, stream };
}

const at = (time: number, isPaused = true, speed = 1) => ({ time, speed, isPaused });

test("PlaybackStream seeks with its cursor, and returns to the present with a new one", () => {
  const { source, replies, stream } = setUp();
  source.reply();
  stream.show(at(100));
  source.sought();
  assert.deepEqual(source.updates, [{ seek: 100, speed: 1, pause: true }]);
  stream.show(undefined);
  assert.deepEqual([source.left, source.asked.length], [1, 2]);
  source.reply();
  assert.deepEqual(replies, [undefined, 100, undefined]);
  stream.show(undefined);
  assert.equal(source.asked.length, 2);
});

test("PlaybackStream sends one seek at a time, and then the newest waiting one", () => {
  const { source, stream, replies } = setUp();
  source.reply();
  for (const time of [100, 200, 300, 400]) stream.show(at(time));
  assert.equal(source.updates.length, 1);
  source.sought();
  assert.deepEqual(source.updates.map(({ seek }) => seek), [100, 400]);
  source.sought();
  assert.equal(source.updates.length, 2);
  assert.deepEqual(replies, [undefined, 400, 400]);
});

test("PlaybackStream plays, pauses and changes the speed in place", () => {
  const { source, stream } = setUp();
  source.reply();
  stream.show(at(100));
  source.sought();
  stream.show(at(100, false, 10));
  stream.show(at(100, true, 10));
  assert.deepEqual(source.updates.slice(1), [{ speed: 10, pause: false }, {
    speed: 10,
    pause: true,
  }]);
});

test("PlaybackStream drops rows that come before the answer to a seek", () => {
  const { source, stream, rows } = setUp();
  source.reply();
  source.rows({ a: 1 });
  stream.show(at(100));
  source.rows({ a: 2 });
  source.sought();
  source.rows({ a: 3 });
  assert.deepEqual(rows, [{ a: 1 }, { a: 3 }]);
});

test("PlaybackStream returns to live with the reason when its moment is unavailable", () => {
  const { source, stream, lost, failures } = setUp();
  source.reply();
  stream.show(at(100));
  source.refuse("Cannot seek");
  assert.deepEqual([lost, failures, source.asked.length], [["Cannot seek"], [], 2]);
  source.reply();
  stream.show(at(200));
  source.sought();
  source.reply({ recovered: false, reason: "The epoch is another" });
  assert.deepEqual(lost.slice(1), ["The epoch is another"]);
});

test("PlaybackStream says nothing after it is closed", () => {
  const { source, stream, rows } = setUp();
  source.reply();
  stream.close();
  source.rows({ a: 1 });
  assert.deepEqual(rows, []);
});
