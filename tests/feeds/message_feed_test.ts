import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { type Feed, parseFeedSpec, SourceFault } from "../../src/feeds/feed.ts";
import { MessageFeed, messageSettings } from "../../src/feeds/message_feed.ts";
import { run, START } from "./run.ts";

type Message = string | Uint8Array | object;

/** The results of messages; `null` is a new connection. */
async function take(options: string, ...messages: (Message | null)[]) {
  const spec = parseFeedSpec(`ws:?${options}`);
  const faults: string[] = [];
  const feed: Feed = {
    name: "a feed",
    async run(context) {
      const messageFeed = new MessageFeed(context, messageSettings(spec, "h"));
      messageFeed.join();
      for (const message of messages) {
        if (message === null) {
          messageFeed.join();
          continue;
        }
        const isRaw = typeof message === "string" || message instanceof Uint8Array;
        try {
          messageFeed.take(isRaw ? message : JSON.stringify(message));
        } catch (error) {
          assert.ok(error instanceof SourceFault, String(error));
          faults.push(error.message);
        }
      }
      await messageFeed.drained();
    },
  };
  const ran = await run(feed);
  return { ...ran, faults, prices: ran.ticks.map(({ symbol, price }) => `${symbol} ${price}`) };
}

const BEFORE = START - 1_000;
const a = (price: number, id = price) => ({ symbol: "A", price, id, time: BEFORE + price });

describe("An inlet", () => {
  test("An inlet reads records, lists, packed frames and lines with named columns", async () => {
    const { prices, leftOut } = await take("", a(1), [a(2), a(3)], gzipSync(JSON.stringify(a(4))));
    assert.deepEqual([prices, leftOut], [["A 1", "A 2", "A 3", "A 4"], 0]);
    const lines = await take("columns=symbol,price", "A,1\nB,2\n", "A,3");
    assert.deepEqual(lines.prices, ["A 1", "B 2", "A 3"]);
    const kinds = await take(
      "symbol=T",
      { price: 1 },
      { value: 2 },
      { bid: 1, ask: 5 },
      { x: 1 },
      "4",
    );
    assert.deepEqual([kinds.prices, kinds.leftOut], [["T 1", "T 2", "T 3", "T 4"], 1]);
    const numbers = await take("symbol=T", "21.5", "22");
    assert.deepEqual(numbers.prices, ["T 21.5", "T 22"]);
  });

  test("An inlet counts unreadable messages, and ignores messages that were not requested", async () => {
    const wrong = await take("", "{", { result: null, id: 1 }, a(1), { symbol: "A", price: "x" });
    assert.deepEqual([wrong.prices, wrong.leftOut], [["A 1"], 3]);
    assert.match(wrong.warnings[0]!, /^Cannot read h: message 1: it is not JSON, /);
    assert.match(wrong.warnings[2]!, /^Cannot read h: message 4: price "x" is not a number$/);
    const asked = await take("where=k:1&path=d", { k: 2 }, { d: [a(1)] }, { k: 1, d: [a(2)] }, {
      d: [{ ...a(3), k: 1 }, { ...a(4), k: 3 }],
    }, { k: 1 });
    assert.deepEqual([asked.prices, asked.leftOut], [["A 2", "A 3"], 1]);
    assert.match(asked.warnings[0]!, /message 5: there is no d in it$/);
  });

  test("An inlet fails with the error message of the source, in many forms", async () => {
    const { faults, leftOut } = await take(
      "where=k:1",
      { type: "error", message: "Failed to subscribe", reason: "X is no product" },
      [{ T: "error", code: 402, msg: "auth failed" }],
      { error: { code: 2, msg: "Invalid request" }, id: 1 },
      { event: "subscriptionStatus", status: "error", errorMessage: "Currency pair not supported" },
      { error: "Unauthorized" },
      { error: null, type: "info" },
      { ...a(1), error: 0.5, k: 1 },
    );
    assert.deepEqual(
      faults,
      [
        "Failed to subscribe: X is no product",
        "auth failed",
        "Invalid request",
        "Currency pair not supported",
        "Unauthorized",
      ].map((words) => `The source says: ${words}`),
    );
    assert.equal(leftOut, 0);
    const bytes = await take("", new Uint8Array([0xff, 0x00]), gzipSync("{}").subarray(0, 9));
    assert.equal(bytes.faults.length, 2);
    assert.match(bytes.faults[0]!, /^What the source sends is neither text nor gzip: /);
  });

  test("An inlet takes a numbered record once, and reports a gap by numbers", async () => {
    const { prices, warnings, marks } = await take(
      "id=id",
      ...[a(1), a(2), a(2), a(3), null, a(3), a(4), null, a(7), { ...a(9), symbol: "B" }],
    );
    assert.deepEqual(prices, ["A 1", "A 2", "A 3", "A 4", "A 7", "B 9"]);
    assert.deepEqual(warnings, [
      "Missed the trades of A between trade 4 of 2025-11-21T04:39:59.004Z and trade 7 of 2025-11-21T04:39:59.007Z",
    ]);
    assert.ok(marks.some(({ name, value }) => name === "inlet h B" && value === `9 ${BEFORE + 9}`));
    const untimed = (id: number) => ({ symbol: "A", price: id, id });
    const again = await take("id=id", ...[untimed(1), untimed(3), untimed(2), untimed(1)]);
    assert.deepEqual(again.prices, ["A 1", "A 3"]);
    assert.match(
      again.warnings[1]!,
      /^Left out records of A with a number below 3: they were taken before$/,
    );
    const anew = await take("id=id", ...[a(7, 90), a(8, 91), a(9, 1), a(10, 2)]);
    assert.deepEqual(anew.prices, ["A 7", "A 8", "A 9", "A 10"]);
    const wrong = await take("id=n", a(1), { ...a(2), n: 5 });
    assert.deepEqual([wrong.prices, wrong.leftOut], [["A 2"], 1]);
  });

  test("An inlet reports a gap by times when records have no numbers", async () => {
    const { warnings, marks } = await take("", a(1), a(2), null, a(5), a(6));
    assert.deepEqual(warnings, [
      "Missed what h sent between 2025-11-21T04:39:59.002Z and 2025-11-21T04:39:59.005Z",
    ]);
    assert.deepEqual(marks.at(-1), { name: "inlet h", value: String(BEFORE + 6) });
  });
});
