import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Feed, parseFeedSpec, SourceFault } from "../../src/feeds/feed.ts";
import { poll } from "../../src/feeds/poll.ts";
import { run, START } from "./run.ts";

interface Asked {
  readonly url: string;
  readonly headers: Headers;
}

/** A feed that gets these answers one after another, and then waits for its end. */
function feedOf(spec: string, answers: (string | object | Response)[], environment = {}) {
  const asked: Asked[] = [];
  const feed = poll(parseFeedSpec(spec, environment), (url, { headers }) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)]!;
    asked.push({ url, headers: new Headers(headers) });
    if (answer instanceof Response) return Promise.resolve(answer.clone());
    return Promise.resolve(
      new Response(typeof answer === "string" ? answer : JSON.stringify(answer)),
    );
  });
  return { feed, asked };
}

async function ticksOf(spec: string, answer: string | object) {
  const { feed } = feedOf(spec, [answer]);
  const { ticks } = await run(feed, { forMs: 9_000 });
  return ticks.map(({ symbol, price, time }) => [symbol, price, time - START]);
}

async function faultOf(feed: Feed): Promise<SourceFault> {
  try {
    await run(feed, { forMs: 60_000 });
  } catch (error) {
    assert.ok(error instanceof SourceFault, String(error));
    return error;
  }
  throw new Error("Cannot go on: the feed did not fail");
}

describe("poll", () => {
  test("poll reads lists, records, objects by symbol, single values, lines and CSV", async () => {
    const url = "poll:http://h/p";
    const cases: [string, string | object, unknown[][]][] = [
      [url, [{ symbol: "A", price: 1 }, { symbol: "B", bid: 1, ask: "2" }], [["A", 1, 0], [
        "B",
        1.5,
        0,
      ]]],
      [url, { symbol: "A", price: "1.5", time: START / 1_000 - 1 }, [["A", 1.5, -1_000]]],
      [url, { A: 1, "B/C": { price: 2 }, D: "3" }, [["A", 1, 0], ["B/C", 2, 0], ["D", 3, 0]]],
      [`${url}?map=price:usd`, { btc: { usd: 6 }, eth: { usd: 3 } }, [["btc", 6, 0], [
        "eth",
        3,
        0,
      ]]],
      [`${url}?path=data.items&map=symbol:id,price:q.last`, {
        data: { items: [{ id: "A", q: { last: 4 } }] },
      }, [["A", 4, 0]]],
      [`${url}?path=0.c&symbol=A`, [{ c: "7" }], [["A", 7, 0]]],
      [`${url}?map=time:0,price:4&symbol=K`, [[START - 60_000, "1", "2", "3", "5"]], [[
        "K",
        5,
        -60_000,
      ]]],
      [`${url}?map=symbol:Ticker,price:Close`, "Ticker,Close\r\nA,1\r\nB,2\r\n", [["A", 1, 0], [
        "B",
        2,
        0,
      ]]],
      [url, '{"symbol":"A","price":1}\n{"symbol":"A","price":2}\n', [["A", 1, 0], ["A", 2, 0]]],
      [url, '[\n{"symbol":"A",\n"price":1}\n]', [["A", 1, 0]]],
      [url, [], []],
    ];
    for (const [spec, answer, ticks] of cases) {
      assert.deepEqual(await ticksOf(spec, answer), ticks, spec);
    }
  });

  test("poll asks at its interval, and gives an unchanged value a new tick", async () => {
    const { feed, asked } = feedOf("poll:http://h/p?every=2s", [{ A: 1 }]);
    const { ticks, ready } = await run(feed, { forMs: 5_000 });
    assert.deepEqual(ticks.map(({ time }) => time - START), [0, 2_000, 4_000]);
    assert.deepEqual([asked.length, ready.length], [3, 3]);
  });

  test("poll takes an observation with a time once, however often it comes", async () => {
    const [a, b, c] = [1, 2, 3].map((price) => ({ symbol: "A", price, time: START + price }));
    const { feed } = feedOf("poll:http://h/p?every=1s", [[a, b], [b, c], [a, c], [b]]);
    const { ticks } = await run(feed, { forMs: 10_000 });
    assert.deepEqual(ticks.map(({ price }) => price), [1, 2, 3]);
  });

  test("poll sends the validators of its last answer, and 304 adds nothing", async () => {
    const headers = { etag: '"x"', "last-modified": "Fri, 21 Nov 2025 04:40:00 GMT" };
    const known = new Response('{"A":1}', { headers });
    const { feed, asked } = feedOf("poll:http://h/p?every=1s", [
      known,
      new Response(null, { status: 304 }),
    ]);
    const { ticks } = await run(feed, { forMs: 3_500 });
    assert.equal(ticks.length, 1);
    assert.deepEqual(asked.map((each) => each.headers.get("if-none-match")), [
      null,
      '"x"',
      '"x"',
      '"x"',
    ]);
    assert.equal(asked[1]!.headers.get("if-modified-since"), headers["last-modified"]);
  });

  test("poll adds nothing of an answer with a broken record, reports the record, and asks again", async () => {
    const broken = new Response('[{"symbol":"A","price":1},{"symbol":"A","price":"x"}]', {
      headers: { etag: "e" },
    });
    const cases: [string | object | Response, RegExp][] = [
      [broken, /^Cannot read the answer: record 2: price "x" is not a number$/],
      [{ A: 1, "b c": 2 }, /: record "b c": symbol "b c": a symbol has no spaces$/],
      ["symbol,price\nA,1\nA,\n", /: line 3: price is missing$/],
      ["x\ny", /^Cannot read the answer: there is no column price/],
      ["<html>\nx", /^Cannot read the answer: it is HTML or XML, not JSON or CSV$/],
      [" <!doctype html>", /^Cannot read the answer: it is HTML or XML, not JSON or CSV$/],
      ['{"A":', /^Cannot read the answer: /],
      [
        "symbol,price,symbol\nA,1,B",
        /^Cannot read the answer: line 1: column "symbol" appears twice$/,
      ],
      ["symbol,price\nA,1,5", /^Cannot read the answer: line 2: 3 values for 2 columns$/],
      [
        new Response("", { status: 503, headers: { "retry-after": "7" } }),
        /^The source answers 503$/,
      ],
    ];
    for (const [answer, reason] of cases) {
      const { feed, asked } = feedOf("poll:http://h/p", [answer]);
      const { message, retryAfterMs } = await faultOf(feed);
      assert.match(message, reason);
      assert.equal(retryAfterMs, answer instanceof Response && answer.status === 503 ? 7_000 : 0);
      await faultOf(feed);
      assert.equal(asked[1]!.headers.get("if-none-match"), null);
    }
  });

  test("poll stops reading an answer that is too long", async () => {
    const { message } = await faultOf(feedOf("poll:http://h/p", ["x".repeat(17_000_000)]).feed);
    assert.equal(message, "The answer has more than 16777216 bytes");
  });

  test("poll keeps the query of the URL, except its own options", async () => {
    const urls: [string, string][] = [
      ["http://h/p?a=1%2C2&every=1s&b&symbol=X", "http://h/p?a=1%2C2&b"],
      ["http://h/p?every=1s", "http://h/p"],
      ["http://h/p?symbol=BTC&every=5m#every=1s&symbol=X", "http://h/p?symbol=BTC&every=5m"],
      ["http://h/p?key=${KEY}#symbol=X", "http://h/p?key=a%26b"],
    ];
    for (const [spec, url] of urls) {
      const { feed, asked } = feedOf(`poll:${spec}`, [{ price: 1, symbol: "A" }], { KEY: "a%26b" });
      await run(feed, { forMs: 500 });
      assert.equal(asked[0]!.url, url);
    }
  });

  test("poll sends headers with secrets from the environment, and does not show them", async () => {
    const spec =
      "poll:http://me:pw@h/p?apikey=abc&header=Authorization: Bearer ${TOKEN}&header=x-b:2";
    const { feed, asked } = feedOf(spec, [{ A: 1 }], { TOKEN: "s&c=r+t" });
    await run(feed, { forMs: 500 });
    assert.equal(asked[0]!.headers.get("authorization"), "Bearer s&c=r+t");
    assert.equal(asked[0]!.headers.get("x-b"), "2");
    assert.equal(feed.name, "poll:http://…@h/p?apikey=…&header=…&header=…");
    assert.throws(
      () => feedOf(spec, []),
      /^RangeError: Cannot use feed poll:http:\/\/…@h\/p\?apikey=….*: TOKEN is not set in the environment$/,
    );
  });

  test("poll refuses bad options in words", () => {
    for (
      const [spec, reason] of [
        ["poll:", /name an address, as in poll:https:/],
        ["poll:ftp://h/p", /name an address/],
        ["poll:http://h/p?every=10", /every is at least 100ms$/],
        ["poll:http://h/p?every=x", /every=x is not a duration$/],
        ["poll:http://h/p#pace=2", /poll has no option pace; it has every, /],
        ["poll:http://h/p?header=x", /a header is not NAME:VALUE$/],
        ["poll:http://h/p?map=cost:x", /map cost:x is not FIELD:NAME with a field of symbol, /],
      ] as const
    ) assert.throws(() => poll(parseFeedSpec(spec)), reason);
  });
});
