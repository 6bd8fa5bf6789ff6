import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { InstrumentFields } from "../../src/core/instrument.ts";
import type { FeedContext } from "../../src/feeds/feed.ts";
import { UpstreamInstruments } from "../../src/feeds/upstream_instruments.ts";
import { tick } from "../core/ticks.ts";

/** An upstream with answers from the test. */
class Upstream {
  now = 1_763_700_000_000;
  answer: unknown = [];
  readonly asked: string[] = [];
  readonly defined: [symbol: string, fields: InstrumentFields][] = [];
  readonly warnings: string[] = [];
  readonly #told = new Map<string, string>();

  connect(...symbols: string[]): UpstreamInstruments {
    const context: Partial<FeedContext> = {
      signal: new AbortController().signal,
      now: () => this.now,
      define: (symbol, fields) => Promise.resolve(void this.defined.push([symbol, fields])),
      warn: (message) => void this.warnings.push(message),
    };
    return new UpstreamInstruments({
      context: context as FeedContext,
      url: "http://h/symbols?key=k&limit=9",
      symbols,
      told: this.#told,
      fetchAnswer: (url) => {
        this.asked.push(url);
        const { answer } = this;
        if (answer instanceof Error) return Promise.reject(answer);
        return Promise.resolve(answer instanceof Response ? answer : Response.json(answer));
      },
    });
  }

  /** Definitions since the last call. */
  async taken(): Promise<[string, InstrumentFields][]> {
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
    return this.defined.splice(0);
  }
}

const apple = { symbol: "AAPL", name: "Apple", description: null, decimals: 3, prev_close: 1.5 };

describe("UpstreamInstruments", () => {
  test("UpstreamInstruments takes the known fields of the wanted instruments", async () => {
    const upstream = new Upstream();
    upstream.answer = [apple, { symbol: "B/C", decimals: 2 }, { symbol: "D", decimals: 2 }, null];
    upstream.connect("AAPL", "B/*").see();
    assert.deepEqual(await upstream.taken(), [
      ["AAPL", { name: "Apple", decimals: 3, prevClose: 1.5 }],
      ["B/C", { decimals: 2 }],
    ]);
    assert.deepEqual(upstream.asked, ["http://h/symbols?key=k&limit=9"]);
  });

  test("UpstreamInstruments asks on each connection, and defines only changes", async () => {
    const upstream = new Upstream();
    upstream.answer = [apple];
    upstream.connect("*").see();
    assert.equal((await upstream.taken()).length, 1);
    upstream.connect("*").see();
    assert.deepEqual(await upstream.taken(), []);
    upstream.answer = [{ ...apple, name: "Apple Inc." }];
    upstream.connect("*").see();
    assert.equal((await upstream.taken())[0]![1].name, "Apple Inc.");
    assert.equal(upstream.asked.length, 3);
  });

  test("UpstreamInstruments asks again for a new symbol, and at intervals", async () => {
    const upstream = new Upstream();
    upstream.answer = [apple];
    const instruments = upstream.connect("*");
    const askedAfter = async (ms: number, symbol: string) => {
      upstream.now += ms;
      instruments.see([tick({ symbol })]);
      await upstream.taken();
      return upstream.asked.length;
    };
    assert.equal(await askedAfter(0, "AAPL"), 1);
    assert.equal(await askedAfter(100, "NEW"), 1);
    assert.equal(await askedAfter(5_000, "AAPL"), 1);
    assert.equal(await askedAfter(0, "NEW"), 2);
    assert.equal(await askedAfter(60_000, "AAPL"), 3);
  });

  test("UpstreamInstruments reports a failure once, and asks again", async () => {
    const upstream = new Upstream();
    const wrong: [answer: unknown, reason: RegExp][] = [
      [new Error("refused"), /^Cannot read the instruments of h: refused$/],
      [new Error("no way to http://h/symbols?key=k&limit=9"), /of h: no way to its URL$/],
      [new Response("", { status: 503 }), /it answers 503$/],
      [new Response("<html>"), /JSON|token/],
      [{}, /the answer is not a list$/],
      [[{ symbol: "A", decimals: 99 }], /decimals is not a whole number from 0 to 8$/],
    ];
    for (const [answer, reason] of wrong) {
      upstream.answer = answer;
      upstream.connect("*").see();
      await upstream.taken();
      assert.match(upstream.warnings.at(-1)!, reason);
    }
    assert.equal(upstream.warnings.length, wrong.length);
    upstream.answer = new Error("refused");
    const instruments = upstream.connect("*");
    for (let time = 0; time < 3; time++) {
      upstream.now += 60_000;
      instruments.see();
      assert.deepEqual(await upstream.taken(), []);
    }
    assert.equal(upstream.warnings.length, wrong.length + 1);
    upstream.answer = [apple];
    upstream.now += 60_000;
    instruments.see();
    assert.equal((await upstream.taken()).length, 1);
  });
});
