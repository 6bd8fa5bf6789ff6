import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { refused, serve } from "./serve.ts";

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
});
