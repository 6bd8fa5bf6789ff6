import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { LogState } from "../../src/log/log.ts";
import type { FeedReport } from "../../src/feeds/feed_run.ts";
import { healthRoutes } from "../../src/http/health.ts";
import { serve } from "./serve.ts";

/** The log state of a server with a local log. */
const LOCAL: LogState = {
  ...{ engine: "local", connected: true, reconnects: 0, current: true },
  lag: { entries: 0, ms: 0 },
};
const FRESH = {
  error: null,
  errorTime: null,
  retries: 0,
  ticks: 0,
  leftOut: 0,
  rate: 0,
  lag: null,
};

describe("Health", () => {
  test("/healthz is 200 as soon as the process serves, with the version", async () => {
    assert.deepEqual(await serve().get("/healthz"), { status: "ok", version: "1.2.3" });
  });

  test("/readyz without feeds is 200, with the position and the clients", async () => {
    const server = serve();
    await server.send({ symbol: "A", price: 1 });
    const { ready, position, clients, feeds } = await server.get<Record<string, unknown>>(
      "/readyz",
    );
    assert.deepEqual([ready, clients, feeds], [true, 0, []]);
    assert.match(position as string, /:1$/);
  });

  test("/readyz is 503 until every feed has begun and after one has failed, but not while a source is away", async () => {
    let states: FeedReport["state"][] = [];
    let log = LOCAL;
    const routes = healthRoutes({
      version: "1",
      feeds: () => states.map((state) => ({ name: "f", state, ...FRESH })),
      position: () => "e:1",
      clients: () => 2,
      ticksToMigrate: () => 0,
      log: () => log,
      leases: () => [],
    });
    const statusOf = async (...now: FeedReport["state"][]) => {
      states = now;
      const response = await routes.request("/readyz");
      const body = await response.json();
      assert.equal(body.ready, response.status === 200);
      assert.deepEqual(body.feeds.map((feed: FeedReport) => feed.state), now);
      return response.status;
    };
    assert.equal(await statusOf("starting"), 503);
    assert.equal(await statusOf("running", "starting"), 503);
    assert.equal(await statusOf("running", "ended"), 200);
    assert.equal(await statusOf("running", "failed"), 503);
    assert.equal(await statusOf("paused", "retrying"), 200);
    assert.equal(await statusOf("standby"), 200);
    log = { ...LOCAL, engine: "jetstream", connected: false, lag: { entries: 9, ms: 60_000 } };
    assert.equal(await statusOf("standby"), 200);
    log = { ...log, current: false };
    assert.equal(await statusOf("standby"), 503);
  });

  test("/readyz is 503 before the feeds of a server have started", async () => {
    const server = serve("--feed", "synthetic:?history=0");
    assert.equal((await server.request("/healthz")).status, 200);
    const response = await server.request("/readyz");
    assert.equal(response.status, 503);
    const { ready, feeds } = await response.json();
    assert.equal(ready, false);
    assert.deepEqual(feeds, [
      { name: "synthetic:?history=0", state: "starting", ...FRESH },
    ]);
  });
});
