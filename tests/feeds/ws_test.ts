import { test } from "node:test";
import { type FeedContext, parseFeedSpec } from "../../src/feeds/feed.ts";
import { ws } from "../../src/feeds/ws.ts";

test("A WebSocket feed that is stopped before it connects ends, and does not connect", async () => {
  const stop = new AbortController();
  const context: Partial<FeedContext> = {
    ...{ now: () => 0, sleep: () => new Promise(() => {}), signal: stop.signal },
    mark: () => undefined,
  };
  // A connection would fail at once: nobody listens on port 1.
  const running = ws(parseFeedSpec("ws:ws://127.0.0.1:1/", {})).run(context as FeedContext);
  stop.abort();
  await running;
});
