import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { refused, serve, serveWith, type TestApp } from "../serve.ts";

describe("GET /symbols", () => {
  test("/symbols answers all instruments, or those that contain the query in any letter case", async () => {
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

  test("/symbols has the instruments of the settings file from the start, whatever a feed defines", async () => {
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

  test("Too many instruments in the settings file are refused", () => {
    const file = { instruments: { A: {}, B: {} } };
    assert.doesNotThrow(() => serveWith(file, "--symbols-max", "2"));
    const message = /^Cannot use 2 instruments: 1 are the limit, see --symbols-max$/;
    assert.throws(() => serveWith(file, "--symbols-max", "1"), { name: "RangeError", message });
  });
});

describe("/symbols/:symbol", () => {
  const put = (server: TestApp, symbol: string, body: unknown) =>
    server.request(`/symbols/${symbol}`, {
      method: "PUT",
      body: typeof body === "string" ? body : JSON.stringify(body),
    });

  test("PUT defines an instrument, changes the given fields, and null makes them unknown", async () => {
    const server = serve();
    const fields = {
      name: "Apple",
      description: "Phones",
      decimals: 3,
      prev_close: 150,
      shares: 10,
    };
    const first = await put(server, "AAPL", fields);
    assert.deepEqual([first.status, await first.json()], [200, { symbol: "AAPL", ...fields }]);
    await put(server, "AAPL", { name: "Apple Inc", prev_close: null });
    const changed = { symbol: "AAPL", ...fields, name: "Apple Inc", prev_close: null };
    assert.deepEqual(await server.get("/symbols/AAPL"), changed);
    assert.deepEqual(await server.get("/symbols"), [changed]);
  });

  test("Fields from PUT are in the row of the symbol", async () => {
    const server = serve();
    await put(server, "A", { name: "Alpha", prev_close: 100, shares: 1_000, decimals: 0 });
    await server.send({ symbol: "A", price: 110 });
    const [row] = await server.get("/snapshot?symbol=A");
    const { name, prev_close, change, change_percent, market_cap } = row!;
    assert.deepEqual(
      { name, prev_close, change, change_percent, market_cap },
      { name: "Alpha", prev_close: 100, change: 10, change_percent: 0.1, market_cap: 110_000 },
    );
    assert.equal((await server.get<{ decimals: number }>("/symbols/A")).decimals, 0);
    // Unknown decimals are learned again.
    await put(server, "A", { decimals: null });
    await server.send({ symbol: "A", price: 1.23456 });
    assert.equal((await server.get<{ decimals: number }>("/symbols/A")).decimals, 5);
  });

  test("A symbol with slashes is the rest of the path, encoded or not", async () => {
    const server = serve();
    await put(server, "EUR%2FUSD", { name: "Euro" });
    await put(server, "EUR/USD", { decimals: 5 });
    for (const path of ["/symbols/EUR/USD", "/symbols/EUR%2FUSD"]) {
      const { symbol, name, decimals } = await server.get<Record<string, unknown>>(path);
      assert.deepEqual([symbol, name, decimals], ["EUR/USD", "Euro", 5]);
    }
  });

  test("A bad definition is refused with the field, and changes nothing", async () => {
    const server = serve("--symbols-max", "1");
    const wrong: [body: unknown, words: RegExp][] = [
      [
        { nam: "x" },
        /"nam" is no field: known are name, description, decimals, prev_close, shares$/,
      ],
      [{ constructor: 1 }, /"constructor" is no field/],
      [{ prevClose: 1 }, /"prevClose" is no field/],
      [{ name: 5 }, /name is not text of at most 200 characters$/],
      [{ name: "x".repeat(201) }, /name is not text/],
      [{ decimals: 9 }, /decimals is not a whole number from 0 to 8$/],
      [{ decimals: 1.5 }, /decimals is not a whole number/],
      [{ decimals: "2" }, /decimals is not a whole number/],
      [{ prev_close: "1" }, /prev_close is not a number$/],
      ['{"prev_close":1e999}', /prev_close is not a number$/],
      [{ shares: -1 }, /shares is not a number that is not negative$/],
      [[], /it is not an object/],
      ["null", /it is not an object/],
    ];
    for (const [body, words] of wrong) {
      assert.match(await refused(put(server, "A", body), 400, "bad_instrument"), words);
    }
    await refused(put(server, "A", "nonsense"), 400, "bad_json");
    await refused(put(server, "A", `"${"x".repeat(70_000)}"`), 413, "too_large");
    await refused(put(server, "a%20b", {}), 400, "bad_symbol");
    await refused(server.request("/symbols/A"), 404, "unknown_symbol");
    for (const path of ["/symbols/A", "/symbols/A/B"]) {
      const answer = await server.request(path, { method: "POST" });
      assert.equal(answer.headers.get("allow"), "DELETE, GET, PUT, HEAD, OPTIONS");
      await refused(answer, 405, "bad_method");
    }
    assert.deepEqual(await server.get("/symbols"), []);
    assert.equal((await put(server, "A", {})).status, 200);
    await refused(put(server, "B", {}), 400, "too_many_symbols");
    assert.equal((await put(server, "A", { name: "again" })).status, 200);
  });
});
