import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { refused, serve, serveWith } from "./serve.ts";

describe("GET /symbols", () => {
  test("/symbols answers instruments, and those that contain the query in any letter case", async () => {
    const server = serve();
    assert.deepEqual(await server.get("/symbols"), []);
    await server.send({ symbol: "BTC/USD", price: 64_000.125 }, { symbol: "AAPL", price: 150 });
    const known = { name: null, description: null, prev_close: null, shares: null };
    const [bitcoin, apple] = [
      { symbol: "BTC/USD", decimals: 3, ...known },
      { symbol: "AAPL", decimals: 2, ...known },
    ];
    assert.deepEqual(await server.get("/symbols"), [bitcoin, apple]);
    assert.deepEqual(await server.get("/symbols?query=usd"), [bitcoin]);
    assert.deepEqual(await server.get("/symbols?query=aap"), [apple]);
    assert.deepEqual(await server.get("/symbols?query=nope"), []);
    assert.deepEqual(await server.get("/symbols?limit=1"), [bitcoin]);
    await refused(server.request("/symbols?limit=x"), 400, "bad_limit");
  });

  test("/symbols has the instruments of the settings file from the start, whatever a feed says", async () => {
    const file = {
      instruments: { X: { description: "d" }, AAPL: { name: "Mine", prev_close: 1 } },
    };
    const server = serveWith(file, "--feed", "synthetic:?symbols=AAPL&history=0&rate=0");
    const [x, apple] = await server.get("/symbols");
    assert.deepEqual([x!["symbol"], x!["description"], x!["decimals"]], ["X", "d", 2]);
    assert.deepEqual([apple!["name"], apple!["shares"]], ["Mine", null]);
    server.app.start();
    const [fed] = await server.get("/symbols?query=aapl");
    assert.deepEqual([fed!["name"], fed!["prev_close"]], ["Mine", 1]);
    assert.ok(Number(fed!["shares"]) > 0, "the feed did not define it");
  });

  test("More instruments in the settings file than there is room for are refused", () => {
    const file = { instruments: { A: {}, B: {} } };
    assert.doesNotThrow(() => serveWith(file, "--symbols-max", "2"));
    const message = /^Cannot use 2 instruments: 1 are the limit, see --symbols-max$/;
    assert.throws(() => serveWith(file, "--symbols-max", "1"), { name: "RangeError", message });
  });
});
