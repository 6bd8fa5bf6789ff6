import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NOW, refused, serve } from "../serve.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;

async function filled() {
  const server = serve();
  await server.send(
    { symbol: "A", price: 97, time: NOW - DAY },
    { symbol: "A", price: 100, size: 2, time: NOW - 2 * MINUTE },
    { symbol: "A", price: 101.25, size: 2, time: NOW - MINUTE },
    { symbol: "A", price: 100.5, size: 1, time: NOW - MINUTE + 1 },
    { symbol: "A", price: 100, time: NOW },
    { symbol: "EUR/USD", price: 1.0855 },
  );
  return server;
}

describe("/openbb", () => {
  test("/openbb/symbols labels options with the name if known", async () => {
    const server = await filled();
    assert.deepEqual(await server.get("/openbb/symbols"), [
      { label: "A", value: "A" },
      { label: "EUR/USD", value: "EUR/USD" },
    ]);
    assert.deepEqual(await serve().get("/openbb/symbols"), []);
  });

  test("/openbb/bars answers the bars of /bars, newest first, with dates", async () => {
    const server = await filled();
    const rows = await server.get("/openbb/bars?symbol=A");
    assert.deepEqual(rows.slice(0, 2), [
      {
        date: "2025-11-21T04:40:00.000Z",
        open: 100,
        high: 100,
        low: 100,
        close: 100,
        volume: 0,
        vwap: 100,
        count: 1,
      },
      {
        date: "2025-11-21T04:39:00.000Z",
        open: 101.25,
        high: 101.25,
        low: 100.5,
        close: 100.5,
        volume: 3,
        vwap: 101,
        count: 2,
      },
    ]);
    const bars = await server.get("/bars?symbol=A&interval=1h");
    const hours = await server.get("/openbb/bars?symbol=A&interval=1h");
    assert.deepEqual(
      hours.map(({ date, ...numbers }) => ({ time: Date.parse(String(date)), ...numbers })),
      bars.map(({ symbol: _, interval: __, closed: ___, revised: ____, ...rest }) => rest)
        .reverse(),
    );
    assert.deepEqual(await server.get("/openbb/bars?symbol=NOPE"), []);
  });

  test("/openbb/chart answers a figure of the same bars, oldest first, in the theme", async () => {
    const server = await filled();
    const rows = await server.get("/openbb/bars?symbol=A");
    for (const [theme, paper] of [["dark", "#151518"], ["light", "#FFFFFF"], ["", "#151518"]]) {
      // deno-lint-ignore no-explicit-any -- a figure is whatever Plotly reads
      const figure = await server.get<any>(`/openbb/chart?symbol=A&theme=${theme}`);
      assert.deepEqual(Object.keys(figure), ["data", "layout", "config"]);
      assert.equal(figure.layout.paper_bgcolor, paper);
      const [price, volume] = figure.data;
      assert.deepEqual(price.x, rows.map(({ date }) => date).reverse());
      for (const name of ["open", "high", "low", "close"]) {
        assert.deepEqual(price[name], rows.map((row) => row[name]).reverse(), name);
      }
      assert.deepEqual(volume.y, rows.map((row) => row["volume"]).reverse());
    }
  });

  test("/openbb/chart with raw answers the rows of the table", async () => {
    const server = await filled();
    const raw = await server.get("/openbb/chart?symbol=A&interval=1d&theme=dark&raw=true");
    assert.deepEqual(raw, await server.get("/openbb/bars?symbol=A&interval=1d"));
    assert.equal(raw.length, 2);
  });

  test("/openbb/chart of a symbol without bars answers a figure with a message", async () => {
    // deno-lint-ignore no-explicit-any -- a figure is whatever Plotly reads
    const figure = await (await filled()).get<any>("/openbb/chart?symbol=NOPE");
    assert.equal(figure.data.length, 1);
    assert.equal(figure.layout.annotations[0].text, "No bars of NOPE yet");
  });

  test("/openbb/metric answers price and change of the board as text", async () => {
    const server = await filled();
    const metric = (symbol: string) => server.get(`/openbb/metric?symbol=${symbol}`);
    assert.deepEqual(await metric("A"), { label: "A", value: "100.00", delta: "3.09 %" });
    assert.deepEqual(await metric("EUR/USD"), { label: "EUR/USD", value: "1.0855", delta: "" });
    assert.deepEqual(await metric("NOPE"), { label: "NOPE", value: "–", delta: "" });
    await server.send({ symbol: "A", price: 96 });
    assert.deepEqual(await metric("A"), { label: "A", value: "96.00", delta: "-1.03 %" });
    await server.send({ symbol: "A", price: 96.999 });
    assert.deepEqual(await metric("A"), { label: "A", value: "96.999", delta: "0" });
  });

  test("/openbb/bars and /openbb/chart show the newest 300 bars", async () => {
    const server = serve();
    await server.send(...Array.from({ length: 400 }, (_, minute) => ({
      symbol: "A",
      price: minute + 1,
      time: NOW - minute * MINUTE,
    })));
    const rows = await server.get("/openbb/bars?symbol=A");
    assert.deepEqual(
      rows.map(({ close }) => close),
      Array.from({ length: 300 }, (_, minute) => minute + 1),
    );
  });

  test("Bad parameters are refused in words", async () => {
    const server = await filled();
    const wrong: [path: string, code: string, words: RegExp][] = [
      ["/openbb/chart", "bad_symbol", /^Cannot draw a chart: name one symbol$/],
      ["/openbb/chart?symbol=A,B", "bad_symbol", /name one symbol$/],
      ["/openbb/chart?symbol=A&theme=blue", "bad_theme", /theme "blue": it is none of dark, light/],
      ["/openbb/chart?symbol=A&raw=1", "bad_raw", /raw "1"/],
      ["/openbb/chart?symbol=A&interval=2m", "bad_interval", /interval "2m"/],
      ["/openbb/bars?symbol=*", "bad_symbol", /name one symbol$/],
      ["/openbb/metric?symbol=a%20b", "bad_symbol", /"a b": a symbol has no spaces$/],
    ];
    for (const [path, code, words] of wrong) {
      assert.match(await refused(server.request(path), 400, code), words);
    }
  });

  test("Prices and bars of /snapshot, /bars, /openbb and /udf are equal", async () => {
    const server = await filled();
    await server.send({ symbol: "A", price: 103.5, size: 4, bid: 103.4, ask: 103.6 });
    const [row] = await server.get("/snapshot?symbol=A");
    const bars = await server.get("/bars?symbol=A&interval=1m");
    const days = await server.get("/bars?symbol=A&interval=1d");
    const newest = bars.at(-1)!;
    assert.equal(row!["price"], newest["close"]);
    for (const field of ["open", "high", "low", "volume"]) {
      assert.equal(row![field], days.at(-1)![field], field);
    }
    const table = await server.get("/openbb/bars?symbol=A");
    // deno-lint-ignore no-explicit-any -- a figure is whatever Plotly reads
    const figure = await server.get<any>("/openbb/chart?symbol=A");
    const metric = await server.get<{ value: string }>("/openbb/metric?symbol=A");
    const seconds = NOW / 1_000;
    const history = await server.get<Record<string, number[]>>(
      `/udf/history?symbol=A&resolution=1&from=${seconds - 86_400}&to=${seconds + 60}&countback=3`,
    );
    const quotes = await server.get<{ d: { v: Record<string, number> }[] }>(
      "/udf/quotes?symbols=A",
    );
    assert.equal(Number(metric.value), row!["price"]);
    assert.equal(quotes.d[0]!.v["lp"], row!["price"]);
    assert.deepEqual(history["t"], bars.map(({ time }) => Number(time) / 1_000));
    for (const field of ["open", "high", "low", "close", "volume"]) {
      const values = bars.map((bar) => bar[field]);
      assert.deepEqual(table.map((bar) => bar[field]).reverse(), values, field);
      assert.deepEqual(history[field[0]!], values, field);
      if (field !== "volume") assert.deepEqual(figure.data[0][field], values, field);
    }
  });
});
