import assert from "node:assert/strict";
import { after, it } from "node:test";
import { feedOf } from "../helpers/feeds.ts";
import { ServerProcess } from "../helpers/process.ts";
import { until } from "../helpers/until.mjs";

after(() => ServerProcess.endAll());

it(
  "A program writes ticks to a server, which goes on when the program ends",
  { timeout: 120_000 },
  async () => {
    const server = await ServerProcess.start(
      ...["--tape", "memory", "--drain", "0", "--feed", "stdin"],
    );
    const feed = () => feedOf(server);
    server.stdin.write('{"symbol":"A","price":1}\n{"symbol":"A","pri');
    await until("the whole line is taken", feed, ({ ticks }) => ticks === 1);
    server.stdin.write('ce":2}\nbroken\n');
    await until("the rest is", feed, ({ ticks, leftOut }) => ticks === 2 && leftOut === 1);
    const many = Array.from({ length: 50_000 }, (_, index) => `{"symbol":"B","price":${index}}\n`);
    server.stdin.end(many.join(""));
    const { ticks } = await until("the feed has ended", feed, ({ state }) => state === "ended");
    assert.equal(ticks, 50_002);
    const newest = await (await fetch(`${server.http}/ticks?symbol=B&limit=1`)).json();
    assert.equal(newest[0].price, 49_999);
    const end = "Feed stdin has ended; the server keeps running";
    await until("it says so", () => server.log, (log) => log.includes(end));
    assert.match(server.log, /Cannot read standard input: line 3: not JSON/);
    assert.equal((await server.end("SIGTERM")).code, 0);
  },
);
