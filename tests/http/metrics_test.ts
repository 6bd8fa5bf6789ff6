import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { serve } from "./serve.ts";

/** Every figure by its name and labels. */
async function figuresOf(server: ReturnType<typeof serve>): Promise<Map<string, number>> {
  const response = await server.request("/metrics");
  assert.equal(response.status, 200);
  assert.match(response.headers.get("content-type")!, /^text\/plain; version=0\.0\.4/);
  const figures = new Map<string, number>();
  const text = await response.text();
  for (const line of text.split("\n").filter((each) => each !== "" && !each.startsWith("#"))) {
    const space = line.lastIndexOf(" ");
    assert.match(
      line,
      /^[a-z_]+(?:_bucket|_sum|_count)?(?:\{(?:[a-z]+="[^"]*",?)*\})? [-+.\de]+$/i,
    );
    assert.ok(
      text.includes(`# TYPE ${line.match(/^[a-z_]+?(?=_bucket|_sum|_count|\{| )/)![0]} `),
      line,
    );
    figures.set(line.slice(0, space), Number(line.slice(space + 1)));
  }
  return figures;
}

describe("GET /metrics", () => {
  test("Metrics tell of tape, clients and process", async () => {
    const server = serve();
    await server.send({ symbol: "A", price: 1 }, { symbol: "B", price: 1 });
    const figures = await figuresOf(server);
    assert.equal(figures.get("tickwire_tape_head"), 2);
    assert.equal(figures.get("tickwire_tape_tail"), 0);
    assert.equal(figures.get("tickwire_symbols"), 2);
    assert.equal(figures.get("tickwire_clients"), 0);
    assert.equal(figures.get("tickwire_cohorts"), 0);
    assert.equal(figures.get("tickwire_memory_bytes"), 1_000_000);
    assert.equal(figures.get('tickwire_info{version="1.2.3"}'), 1);
    assert.equal(figures.get("tickwire_append_seconds_count"), 1);
    assert.ok(figures.get("tickwire_flush_seconds_count")! >= 1);
    assert.ok(!figures.has("tickwire_tape_bytes"));
    const filed = await figuresOf(serve("--tape", "sqlite::memory:"));
    assert.ok(filed.get("tickwire_tape_bytes")! > 0);
  });

  test("Metrics tell of each feed, without its secrets", async () => {
    const server = serve("--feed", "poll:http://h/p?key=abc", "--feed", "synthetic:?history=0");
    const figures = await figuresOf(server);
    const feed = 'feed="poll:http://h/p?key=…"';
    assert.equal(figures.get(`tickwire_feed_ticks_total{${feed}}`), 0);
    assert.equal(figures.get(`tickwire_feed_retries_total{${feed}}`), 0);
    assert.equal(figures.get(`tickwire_feed_state{${feed},state="starting"}`), 1);
    assert.equal(figures.get(`tickwire_feed_state{${feed},state="failed"}`), 0);
    assert.ok(!figures.has(`tickwire_feed_lag_seconds{${feed}}`));
    assert.ok(figures.has('tickwire_feed_ticks_total{feed="synthetic:?history=0"}'));
  });
});
