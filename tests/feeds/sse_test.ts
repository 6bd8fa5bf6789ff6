import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Feed, parseFeedSpec, SourceFault } from "../../src/feeds/feed.ts";
import { sse } from "../../src/feeds/sse.ts";
import { run, type RunOptions, START } from "./run.ts";

type Stream = string | ((signal: AbortSignal) => Response);

/** Runs a feed with a source that sends these streams, one connection after another. */
async function play(spec: string, streams: Stream[], options: RunOptions = {}) {
  const asked: Headers[] = [];
  const faults: SourceFault[] = [];
  const feed = sse(parseFeedSpec(spec), (_, { headers, signal }) => {
    const stream = streams[asked.length]!;
    asked.push(new Headers(headers));
    if (typeof stream === "function") return Promise.resolve(stream(signal!));
    const type = { "content-type": "text/event-stream; charset=utf-8" };
    return Promise.resolve(new Response(stream, { headers: type }));
  });
  const again: Feed = {
    ...feed,
    async run(context) {
      while (asked.length < streams.length) {
        await feed.run(context).catch((fault) => void faults.push(fault));
      }
    },
  };
  const ran = await run(again, options);
  assert.ok(faults.every((fault) => fault instanceof SourceFault), String(faults));
  return { ...ran, asked, faults };
}

const tick = (price: number) => `{"symbol":"A","price":${price},"time":${START + price}}`;

describe("sse", () => {
  test("sse reads events with any line ends, and resumes at the last id", async () => {
    const { ticks, marks, warnings, asked, faults } = await play("sse:http://h/s?header=x-b: 1", [
      `: hello\n\nid: 7\ndata: ${tick(1)}\n\ndata:[${tick(2)},\r\ndata:${
        tick(3)
      }]\r\nid:9\r\n\r\n` +
      `retry: 700\ndata: ${tick(4)}\n`,
      `id: 10\ndata: ${tick(5)}\n\n`,
    ]);
    assert.deepEqual(ticks.map(({ price }) => price), [1, 2, 3, 5]);
    assert.deepEqual(
      marks.filter(({ name }) => name === "sse h/s").map(({ value }) => value),
      ["7", "9", "10"],
    );
    assert.deepEqual(warnings, []);
    assert.deepEqual(faults.map(({ message, retryAfterMs }) => [message, retryAfterMs]), [
      ["The source has ended its answer", 700],
      ["The source has ended its answer", 0],
    ]);
    assert.deepEqual(asked.map((headers) => headers.get("last-event-id")), [null, "9"]);
    assert.equal(asked[0]!.get("x-b"), "1");
    assert.equal(asked[0]!.get("accept"), "text/event-stream");
  });

  test("sse reports a gap by times when events have no ids", async () => {
    const streams = [`data: ${tick(1)}\n\n`, `data: ${tick(5)}\n\n`];
    const { warnings } = await play("sse:http://h/s", streams);
    assert.deepEqual(warnings, [
      "Missed what h/s sent between 2025-11-21T04:40:00.001Z and 2025-11-21T04:40:00.005Z",
    ]);
  });

  test("sse takes only the requested events and messages", async () => {
    const { ticks, leftOut } = await play("sse:http://h/s?event=trade&where=k:a&where=k:b", [
      [
        `event: trade\ndata: {"k":"a","symbol":"A","price":1}\n\n`,
        `event: other\ndata: {"k":"a","symbol":"A","price":2}\n\n`,
        `event: trade\ndata: {"k":"c","symbol":"A","price":3}\n\n`,
        `event: trade\ndata: {"k":"b","symbol":"A","price":4}\n\n`,
        `data: {"k":"b","symbol":"A","price":5}\n\n`,
      ].join(""),
    ]);
    assert.deepEqual([ticks.map(({ price }) => price), leftOut], [[1, 4], 0]);
  });

  test("sse reports an answer without events, and reconnects after silence", async () => {
    const silent = (signal: AbortSignal) => {
      const body = new ReadableStream({
        start: (controller) =>
          signal.addEventListener("abort", () => controller.error(signal.reason)),
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    };
    const answers: [Stream, RegExp][] = [
      [() => new Response("", { status: 403 }), /^The source answers 403$/],
      [() => Response.json({}), /^The source answers application\/json, not text\/event-stream$/],
      ['data: {"error":"no such stream"}\n\n', /^The source says: no such stream$/],
      [silent, /^The source has stopped sending$/],
    ];
    for (const [answer, reason] of answers) {
      const { faults } = await play("sse:http://h/s?idle=5s", [answer], { forMs: 60_000 });
      assert.match(faults[0]!.message, reason);
    }
  });

  test("sse refuses bad options in words", () => {
    for (
      const [spec, reason] of [
        ["sse:", /name an address, as in sse:https:/],
        ["sse:ws://h/p", /name an address/],
        ["sse:http://h/p?idle=x", /idle=x is not a duration$/],
        ["sse:http://h/p?where=x", /where=x is not FIELD:VALUE$/],
        ["sse:http://h/p#pace=2", /sse has no option pace; it has event, idle, /],
      ] as const
    ) assert.throws(() => sse(parseFeedSpec(spec)), reason);
  });
});
