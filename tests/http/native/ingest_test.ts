import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ALL } from "../../../src/hub/grant.ts";
import { TimeSlices } from "../../../src/http/native/history.ts";
import { Ingest } from "../../../src/http/native/ingest.ts";
import { HttpError } from "../../../src/http/http_error.ts";
import { until } from "../../helpers/until.mjs";

const NOW = 1_763_700_000_000;

/** An ingest with bodies of at most 100 bytes; the test decides when ticks are on the tape. */
function fixture() {
  const waiting: (() => void)[] = [];
  const ingest = new Ingest({
    give: () => Promise.resolve({ accepted: 0, position: "e:1" }),
    bodyBytesMax: 100,
    stalledMsMax: 1_000,
    timeSlices: new TimeSlices(() => Promise.resolve()),
    now: () => NOW,
    accept: () =>
      new Promise((resolve) => waiting.push(() => resolve({ accepted: 0, position: "e:1" }))),
  });
  let pulled = 0;
  const send = (bytes: number, complete = true) => {
    const body = new ReadableStream({
      pull(controller) {
        pulled++;
        if (!complete) return new Promise<void>(() => {});
        controller.enqueue(new TextEncoder().encode("[]".padEnd(bytes)));
        controller.close();
      },
    }, { highWaterMark: 0 });
    const headers = { "content-length": String(bytes) };
    const init = { method: "POST", headers, body, duplex: "half" };
    const request = new Request("http://localhost/ticks", init);
    return ingest.takeBody(request, undefined, { format: "json" }, ALL);
  };
  /** Waits until so many bodies are read, and fails if there are more. */
  const reads = async (count: number) => {
    await until(`${count} are read`, () => pulled, (now) => now >= count);
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    assert.equal(pulled, count);
  };
  return { ingest, send, waiting, reads };
}

describe("Ingest", () => {
  test("Bodies are not read while earlier ones use all the room", async () => {
    const { send, waiting, reads } = fixture();
    const answers = Array.from({ length: 6 }, () => send(100));
    await reads(4);
    for (const [index, answer] of answers.entries()) {
      (await until("its ticks are to be taped", () => waiting.shift()))();
      await answer;
      await reads(Math.min(6, 5 + index));
    }
    assert.equal(waiting.length, 0);
  });

  test("A small body does not overtake a large one that waits", async () => {
    const { send, reads } = fixture();
    for (const bytes of [100, 100, 100, 90, 50, 10]) void send(bytes);
    await reads(4);
  });

  test("An unfinished body is given up when others wait for its room", async () => {
    const { ingest, send, reads } = fixture();
    const stalled = Array.from({ length: 4 }, () => send(100, false));
    const refusals = stalled.map((each) => assert.rejects(each, { status: 408, code: "too_slow" }));
    await reads(4);
    ingest.tend(NOW + 1_000);
    void send(100);
    await reads(4);
    ingest.tend(NOW + 999);
    await reads(4);
    ingest.tend(NOW + 1_000);
    await Promise.all(refusals);
    await reads(5);
  });

  test("With a thousand waiting requests, one more is refused with a time to retry", async () => {
    const { send } = fixture();
    for (let count = 0; count < 1_004; count++) void send(100);
    await assert.rejects(send(100), (error) => {
      assert.ok(error instanceof HttpError);
      assert.deepEqual([error.status, error.code, error.retryAfter], [503, "busy", 1]);
      return true;
    });
  });

  test("A batch without room in memory is refused", async () => {
    const { ingest, send } = fixture();
    for (let count = 0; count < 4; count++) void send(100);
    const bytes = new TextEncoder().encode("[]");
    const turn = Promise.resolve();
    await assert.rejects(
      ingest.take({ ...{ bytes, format: "json", scope: ALL }, turn, read() {} }),
      { code: "busy" },
    );
  });
});
