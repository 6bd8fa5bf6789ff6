import assert from "node:assert/strict";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { test } from "node:test";
import { Channel } from "../../src/workers/channel.ts";
import {
  answerForwarded,
  type Asked,
  forwardRequest,
} from "../../src/workers/forwarded_request.ts";
import { messageIn } from "../../src/workers/frames.ts";

/** Forwards a request to a handler. @returns the answer, and the end of the handler's side */
async function forwarded(fetch: (request: Request) => Response | Promise<Response>) {
  const path = join(tmpdir(), `tickwire-forward-${process.pid}-${Math.random()}`);
  let answering: Promise<void> | undefined;
  const server = createServer((socket) => {
    const channel: Channel = new Channel(socket, {
      received: (frame) =>
        void (answering = answerForwarded(channel, messageIn<Asked>(frame), fetch, () => false)),
      closed() {},
    });
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  try {
    const response = await forwardRequest(path, new Request("http://localhost/readyz"));
    return { text: await response.text(), status: response.status };
  } finally {
    await answering;
    server.close();
  }
}

test("A forwarded request gets the answer of the other process", async () => {
  const answer = await forwarded(({ url }) => new Response(new URL(url).pathname, { status: 201 }));
  assert.deepEqual(answer, { text: "/readyz", status: 201 });
});

test("A forwarded request that fails breaks off, and does not end the other process", async () => {
  const fail = () => Promise.reject(new Error("of ours"));
  await assert.rejects(forwarded(fail), /process that answers has ended/);
});
