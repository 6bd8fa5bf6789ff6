import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Client } from "../helpers/client.ts";
import { figureOf, send, startServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";
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
  test("Metrics cover tape, clients and process", async () => {
    const server = serve();
    await server.send({ symbol: "A", price: 1 }, { symbol: "B", price: 1 });
    const figures = await figuresOf(server);
    assert.equal(figures.get("tickwire_tape_head"), 2);
    assert.equal(figures.get("tickwire_tape_tail"), 0);
    assert.equal(figures.get("tickwire_symbols"), 2);
    assert.equal(figures.get("tickwire_clients"), 0);
    assert.equal(figures.get("tickwire_cohorts"), 0);
    assert.equal(figures.get("tickwire_memory_bytes"), 1_000_000);
    assert.equal(figures.get('tickwire_build_info{version="1.2.3"}'), 1);
    assert.equal(figures.get("tickwire_append_seconds_count"), 1);
    assert.ok(figures.get("tickwire_flush_seconds_count")! >= 1);
    assert.ok(figures.get("tickwire_tape_bytes")! > 0);
    const filed = await figuresOf(serve("--tape", "sqlite::memory:"));
    assert.ok(filed.get("tickwire_tape_bytes")! > 0);
  });

  test("Metrics have names and help as Prometheus requires", async () => {
    const server = serve("--tape", "sqlite::memory:", "--feed", "synthetic:?history=0");
    const text = await (await server.request("/metrics")).text();
    const helps = [...text.matchAll(/^# HELP (\S+) (.+)$/gm)].map((
      [, name, help],
    ) => [name!, help!]);
    const types = new Map(
      [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, ...pair]) => pair as [string, string]),
    );
    assert.equal(types.size, helps.length);
    assert.equal(new Set(helps.map(([, help]) => help)).size, helps.length);
    for (const [name = "", help = ""] of helps) {
      // https://prometheus.io/docs/practices/naming/
      assert.match(name, /^tickwire(?:_[a-z]+)+$/);
      assert.doesNotMatch(
        name,
        /_(?:counter|gauge|histogram|count|sum|bucket|ms|milliseconds|kb|mb)$/,
      );
      assert.equal(name.endsWith("_total"), types.get(name) === "counter", name);
      if (types.get(name) === "histogram") assert.match(name, /_seconds$/);
      assert.match(help, /^[A-Z1].*[^.]$/);
    }
  });

  test("Metrics cover rooms and sent frames", async () => {
    const server = await startServer("--feed", "none");
    try {
      const client = await Client.connect(`${server.ws}/ws?symbol=A`);
      await client.next(({ op }) => op === "subscribed");
      const member = await Client.connect(`${server.ws}/rooms/r`);
      await send(server, [{ symbol: "A", price: 1 }, { symbol: "A", price: 2 }]);
      await client.next(({ op }) => op === "data");
      const figures = (...names: string[]) =>
        Promise.all(names.map((name) => figureOf(server, name)));
      const crowd = () => figures("clients", "cohorts", "rooms", "room_clients");
      await until("both are counted", crowd, (counts) => counts.join() === "1,1,1,1");
      assert.deepEqual(await figures("sent_frames_total", "sent_updates_total"), [1, 2]);
      assert.ok(await figureOf(server, "sent_bytes_total") > 100);
      await member.close();
      await client.close();
    } finally {
      await server.stop();
    }
  });

  test("Metrics cover each feed, without its secrets", async () => {
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
