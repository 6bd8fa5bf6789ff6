import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NOW, serve, type TestApp } from "../serve.ts";

const MINUTE = 60_000;
const DAY = 86_400_000;
/** Start of the newest minute, in seconds. */
const T = NOW / 1_000;

interface History {
  readonly s: string;
  readonly t: number[];
  readonly c: number[];
  readonly nextTime?: number;
}

/** Ticks at the minutes 9, 4, 1 and 0 before now; the price is the minute. */
async function filled(): Promise<TestApp> {
  const server = serve();
  await server.send(...[9, 4, 1, 0].map((minute) => ({
    symbol: "A",
    price: minute,
    size: 2,
    time: NOW - minute * MINUTE + 1_000,
  })));
  await server.send({ symbol: "EUR/USD", price: 1.08554, bid: 1.0855, ask: 1.08558 });
  await server.send({ symbol: "x:y", price: 2 }, { symbol: "cpu", price: -0.5 });
  return server;
}

async function failed(server: TestApp, path: string, status: number): Promise<string> {
  const origin = "https://pro.openbb.co";
  const response = await server.request(path, { headers: { origin } });
  assert.equal(response.status, status, path);
  assert.equal(response.headers.get("access-control-allow-origin"), origin, path);
  const { s, errmsg, detail, code, ...rest } = await response.json();
  assert.equal(s, "error");
  assert.equal(detail, errmsg);
  assert.ok(code);
  assert.deepEqual(rest, { status });
  return errmsg;
}

describe("/udf", () => {
  test("/udf/config and /udf/time answer the first requests of a client", async () => {
    const server = await filled();
    const config = await server.get<Record<string, unknown>>("/udf/config");
    assert.deepEqual(
      config["supported_resolutions"],
      ["1S", "5S", "15S", "30S", "1", "5", "15", "30", "60", "240", "1D", "1W", "1M"],
    );
    for (const name of ["supports_search", "supports_time"]) assert.equal(config[name], true);
    for (const name of ["group_request", "marks", "timescale_marks"]) {
      assert.equal(config[`supports_${name}`], false, name);
    }
    server.now += 999.5;
    assert.equal(await (await server.request("/udf/time")).text(), String(T));
    assert.equal((await server.request("/udf")).status, 200);
  });

  test("/udf/symbols describes an instrument as a chart needs it", async () => {
    const server = await filled();
    const info = await server.get<Record<string, unknown>>("/udf/symbols?symbol=EUR/USD");
    assert.equal("s" in info, false);
    for (
      const [name, value] of Object.entries({
        name: "EUR/USD",
        ticker: "EUR/USD",
        description: "EUR/USD",
        session: "24x7",
        timezone: "Etc/UTC",
        minmov: 1,
        pricescale: 100_000,
        has_intraday: true,
        intraday_multipliers: ["1", "5", "15", "30", "60", "240"],
        has_seconds: true,
        seconds_multipliers: ["1", "5", "15", "30"],
        has_daily: true,
        has_weekly_and_monthly: false,
      })
    ) assert.deepEqual(info[name], value, name);
    const cpu = await server.get<Record<string, unknown>>("/udf/symbols?symbol=cpu");
    assert.equal(cpu["pricescale"], 100);
  });

  test("/udf/symbols finds a symbol in capitals, after an exchange, and with a colon", async () => {
    const server = await filled();
    const found = async (name: string) =>
      (await server.get<{ ticker: string }>(`/udf/symbols?symbol=${encodeURIComponent(name)}`))
        .ticker;
    assert.equal(await found("CPU"), "cpu");
    assert.equal(await found("tickwire:A"), "A");
    assert.equal(await found("TICKWIRE:CPU"), "cpu");
    assert.equal(await found("tickwire:EUR/USD"), "EUR/USD");
    assert.equal(await found("x:y"), "x:y");
    await server.send({ symbol: "CPU", price: 1 });
    assert.equal(await found("CPU"), "CPU");
    assert.equal(await found("cpu"), "cpu");
  });

  test("/udf/search finds in any letter case, the best match first, up to the limit", async () => {
    const server = serve();
    await server.send(...["BAD", "AB", "A", "ba"].map((symbol) => ({ symbol, price: 1 })));
    const found = async (query: string) =>
      (await server.get<{ symbol: string }[]>(`/udf/search?${query}`)).map(({ symbol }) => symbol);
    assert.deepEqual(await found("query=A&type=&exchange=&limit=30"), ["A", "AB", "BAD", "ba"]);
    assert.deepEqual(await found("query=BA&limit=30"), ["ba", "BAD"]);
    assert.deepEqual(await found("query=A&limit=2"), ["A", "AB"]);
    assert.deepEqual(await found("query=NOPE&limit=30"), []);
    assert.deepEqual(await found("query="), ["BAD", "AB", "A", "ba"]);
    const [result] = await server.get("/udf/search?query=bad");
    assert.deepEqual(Object.keys(result!).sort(), [
      "description",
      "exchange",
      "full_name",
      "symbol",
      "ticker",
      "type",
    ]);
  });

  test("/udf/history answers columns by time, from included and to not", async () => {
    const server = await filled();
    const ask = (query: string) =>
      server.get<History>(`/udf/history?symbol=A&resolution=1&${query}`);
    const all = await ask(`from=${T - 540}&to=${T + 1}`);
    assert.deepEqual(all, {
      s: "ok",
      t: [T - 540, T - 240, T - 60, T],
      o: [9, 4, 1, 0],
      h: [9, 4, 1, 0],
      l: [9, 4, 1, 0],
      c: [9, 4, 1, 0],
      v: [2, 2, 2, 2],
    });
    assert.deepEqual((await ask(`from=${T - 240}&to=${T}`)).t, [T - 240, T - 60]);
    assert.deepEqual((await ask(`from=-1577836800&to=${T + 60}`)).t, all.t);
    assert.deepEqual((await ask("")).t, all.t);
  });

  test("/udf/history goes back before from until countback is reached", async () => {
    const server = await filled();
    const times = async (query: string) =>
      (await server.get<History>(`/udf/history?symbol=A&resolution=1&${query}`)).t;
    const range = `from=${T - 60}&to=${T + 60}`;
    assert.deepEqual(await times(range), [T - 60, T]);
    assert.deepEqual(await times(`${range}&countback=1`), [T - 60, T]);
    assert.deepEqual(await times(`${range}&countback=2`), [T - 60, T]);
    assert.deepEqual(await times(`${range}&countback=3`), [T - 240, T - 60, T]);
    assert.deepEqual(await times(`${range}&countback=99`), [T - 540, T - 240, T - 60, T]);
  });

  test("/udf/history of an empty range gives the time of the newest bar before it, or says that there is none", async () => {
    const server = await filled();
    const ask = (from: number, to: number) =>
      server.get<History>(`/udf/history?symbol=A&resolution=1&from=${from}&to=${to}&countback=2`);
    assert.deepEqual(await ask(T - 180, T - 120), { s: "no_data", nextTime: T - 240 });
    assert.deepEqual(await ask(T + 60, T + 600), { s: "no_data", nextTime: T });
    assert.deepEqual(await ask(0, T - 540), { s: "no_data" });
    assert.deepEqual(await ask(T, T - 60), { s: "no_data", nextTime: T - 240 });
  });

  test("/udf/history has the right bars for every resolution", async () => {
    const server = await filled();
    const { supported_resolutions } = await server.get<{ supported_resolutions: string[] }>(
      "/udf/config",
    );
    const intervals = ["1s", "5s", "15s", "30s", "1m", "5m", "15m", "30m", "1h", "4h", "1d", "1w"];
    const ask = (resolution: string) =>
      server.get<History>(
        `/udf/history?symbol=A&resolution=${resolution}&from=0&to=${T + 60}&countback=400`,
      );
    for (const [index, interval] of intervals.entries()) {
      const bars = await server.get(`/bars?symbol=A&interval=${interval}`);
      const { t, c } = await ask(supported_resolutions[index]!);
      assert.deepEqual(t, bars.map(({ time }) => Number(time) / 1_000), interval);
      assert.deepEqual(c, bars.map(({ close }) => close), interval);
    }
    for (const [short, long] of [["S", "1S"], ["D", "1D"], ["W", "1W"]]) {
      assert.deepEqual(await ask(short!), await ask(long!));
    }
  });

  test("/udf/history reads long ranges in pieces and gives the newest bars", async () => {
    const server = serve("--bars-max", "25000");
    for (let first = 0; first < 21_000; first += 7_000) {
      await server.send(...Array.from({ length: 7_000 }, (_, index) => ({
        symbol: "A",
        price: first + index + 1,
        time: NOW - DAY + (first + index) * 1_000,
      })));
    }
    const end = T - 86_400 + 21_000;
    const ask = (from: number) =>
      server.get<History>(`/udf/history?symbol=A&resolution=1S&from=${from}&to=${end}`);
    const some = await ask(end - 4_500);
    assert.equal(some.c.length, 4_500);
    assert.deepEqual([some.c[0], some.c.at(-1)], [16_501, 21_000]);
    some.t.forEach((time, index) => assert.equal(time, end - 4_500 + index));
    const most = await ask(0);
    assert.equal(most.c.length, 20_000);
    assert.deepEqual([most.c[0], most.c.at(-1)], [1_001, 21_000]);
  });

  test("/udf/quotes answers the newest rows in the form of the client", async () => {
    const server = serve();
    await server.send(
      { symbol: "A", price: 50, time: NOW - DAY },
      { symbol: "A", price: 51.5, size: 3, bid: 51.4, ask: 51.5 },
      { symbol: "B", price: 7 },
    );
    assert.deepEqual(await server.get("/udf/quotes?symbols=A,NOPE,B"), {
      s: "ok",
      d: [
        {
          s: "ok",
          n: "A",
          v: {
            ch: 1.5,
            chp: 3,
            short_name: "A",
            exchange: "tickwire",
            description: "A",
            lp: 51.5,
            ask: 51.5,
            bid: 51.4,
            spread: 0.1,
            open_price: 51.5,
            high_price: 51.5,
            low_price: 51.5,
            prev_close_price: 50,
            volume: 3,
          },
        },
        {
          s: "error",
          n: "NOPE",
          v: {},
          errmsg: 'Cannot find symbol "NOPE": it is unknown',
        },
        {
          s: "ok",
          n: "B",
          v: {
            short_name: "B",
            exchange: "tickwire",
            description: "B",
            lp: 7,
            open_price: 7,
            high_price: 7,
            low_price: 7,
            volume: 0,
          },
        },
      ],
    });
  });

  test("Bad parameters are refused in the client's form and in ours", async () => {
    const server = await filled();
    const history = "/udf/history?symbol=A";
    const wrong: [path: string, status: number, words: RegExp][] = [
      ["/udf/symbols", 400, /^Cannot answer without a symbol: name one$/],
      ["/udf/symbols?symbol=NOPE", 404, /^Cannot find symbol "NOPE": it is unknown$/],
      ["/udf/history?symbol=NOPE&resolution=1&from=0&to=1", 404, /"NOPE"/],
      [`${history}&from=0&to=1`, 400, /resolution "": it is none of 1S, 5S/],
      [`${history}&resolution=7&from=0&to=1`, 400, /resolution "7"/],
      [`${history}&resolution=1M&from=0&to=1`, 400, /resolution "1M"/],
      [`${history}&resolution=1&from=x&to=1`, 400, /from "x": it is no time in seconds$/],
      [`${history}&resolution=1&from=0&to=${NOW}`, 400, /to "\d+": it is no time in seconds$/],
      [`${history}&resolution=1&countback=-1`, 400, /countback "-1": it is no whole number$/],
      ["/udf/search?query=A&limit=x", 400, /limit "x"/],
    ];
    for (const [path, status, words] of wrong) {
      assert.match(await failed(server, path, status), words, path);
    }
  });
});
