import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { Bar } from "../../../src/core/bar.ts";
import { NOW, refused, serve, type TestApp } from "../serve.ts";

const MINUTE = 60_000;

interface Answered {
  readonly time: number;
  readonly close: number;
  readonly volume: number;
  readonly count: number;
}

describe("GET /bars", () => {
  /** Bars of the minutes 0, 1, 4 and 9 before now; the close is the minute. */
  async function filled() {
    const server = serve();
    await server.send(...[9, 4, 1, 0].map((minute) => ({
      symbol: "A",
      price: minute + 1,
      size: 2,
      time: NOW - minute * MINUTE + 1_000,
    })));
    const minutes = async (query: string) => {
      const bars = await server.get<Answered[]>(`/bars?symbol=A&${query}`);
      return bars.map(({ time }) => (NOW - time) / MINUTE);
    };
    return { server, minutes };
  }

  test("/bars answers whole bars by time, of one minute by default", async () => {
    const { server, minutes } = await filled();
    assert.deepEqual(await minutes(""), [9, 4, 1, 0]);
    const bars = await server.get("/bars?symbol=A&interval=5m");
    assert.deepEqual(bars.at(-1), {
      symbol: "A",
      interval: "5m",
      time: NOW,
      open: 1,
      high: 1,
      low: 1,
      close: 1,
      volume: 2,
      vwap: 1,
      count: 1,
      closed: false,
      revised: false,
    });
    assert.equal(bars.length, 3);
  });

  test("/bars includes from and not to, by the start of the bars", async () => {
    const { minutes } = await filled();
    const at = (minute: number, ms = 0) => NOW - minute * MINUTE + ms;
    assert.deepEqual(await minutes(`from=${at(4)}`), [4, 1, 0]);
    assert.deepEqual(await minutes(`from=${at(4, 1)}`), [1, 0]);
    assert.deepEqual(await minutes(`to=${at(1)}`), [9, 4]);
    assert.deepEqual(await minutes(`to=${at(1, 1)}`), [9, 4, 1]);
    assert.deepEqual(await minutes(`from=${at(4)}&to=${at(0)}`), [4, 1]);
    assert.deepEqual(await minutes(`from=${at(0)}&to=${at(4)}`), []);
  });

  test("/bars reads times that are ISO 8601 or relative to now", async () => {
    const { server, minutes } = await filled();
    server.now = NOW + 1_000;
    assert.deepEqual(await minutes("from=-241s"), [4, 1, 0]);
    assert.deepEqual(await minutes("from=-240s"), [1, 0]);
    assert.deepEqual(await minutes("from=2025-11-21T04:39:00Z"), [1, 0]);
    assert.deepEqual(await minutes("from=2025-11-21T05:39:00%2B01:00"), [1, 0]);
    assert.deepEqual(await minutes("from=2025-11-21T05:39:00+01:00"), [1, 0]);
    assert.deepEqual(await minutes("from=2025-11-21"), [9, 4, 1, 0]);
  });

  test("/bars with limit gives the first bars from a time, else the newest ones", async () => {
    const { minutes } = await filled();
    assert.deepEqual(await minutes("limit=2"), [1, 0]);
    assert.deepEqual(await minutes(`limit=2&to=${NOW}`), [4, 1]);
    assert.deepEqual(await minutes("limit=2&from=-1h"), [9, 4]);
    assert.deepEqual(await minutes("limit=10000000"), [9, 4, 1, 0]);
  });

  test("/bars with fill=previous puts flat bars between the first and the last", async () => {
    const { server, minutes } = await filled();
    assert.deepEqual(await minutes("fill=previous"), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    assert.deepEqual(await minutes("fill=none"), [9, 4, 1, 0]);
    assert.deepEqual(await minutes("fill=previous&limit=3"), [2, 1, 0]);
    assert.deepEqual(await minutes("fill=previous&limit=3&from=-1h"), [9, 8, 7]);
    const bars = await server.get<Answered[]>("/bars?symbol=A&fill=previous");
    assert.deepEqual(bars.map(({ close }) => close), [10, 10, 10, 10, 10, 5, 5, 5, 2, 1]);
    assert.deepEqual(bars.map(({ count }) => count), [1, 0, 0, 0, 0, 1, 0, 0, 1, 1]);
    assert.deepEqual(bars.map(({ volume }) => volume), [2, 0, 0, 0, 0, 2, 0, 0, 2, 2]);
  });

  test("/bars of an unknown symbol is an empty list", async () => {
    const { server } = await filled();
    assert.deepEqual(await server.get("/bars?symbol=NOPE"), []);
    assert.deepEqual(await server.get("/bars?symbol=NOPE&fill=previous"), []);
  });

  test("/bars refuses bad parameters in words", async () => {
    const { server } = await filled();
    const wrong: [query: string, code: string, words: RegExp][] = [
      ["", "bad_symbol", /name one symbol$/],
      ["symbol=A,B", "bad_symbol", /name one symbol$/],
      ["symbol=*", "bad_symbol", /name one symbol$/],
      ["symbol=a%20b", "bad_symbol", /"a b": a symbol has no spaces$/],
      ["symbol=A&interval=2m", "bad_interval", /interval "2m": it is none of 1s, 5s, /],
      ["symbol=A&fill=zero", "bad_fill", /fill "zero": it is none of none, previous$/],
      ["symbol=A&from=yesterday", "bad_from", /from "yesterday": it is neither milliseconds, ISO/],
      ["symbol=A&to=1h", "bad_to", /to "1h"/],
      ["symbol=A&limit=0", "bad_limit", /limit "0": it is no whole number from 1 to 10000000$/],
      ["symbol=A&limit=10000001", "bad_limit", /limit "10000001"/],
      ["symbol=A&limit=1.5", "bad_limit", /limit "1.5"/],
      ["symbol=A&limit=-1", "bad_limit", /limit "-1"/],
    ];
    for (const [query, code, words] of wrong) {
      assert.match(await refused(server.request(`/bars?${query}`), 400, code), words);
    }
  });
});

const DAY = 86_400_000;
const csv = { "content-type": "text/csv" };

/** A bar `day` days from now; all its prices follow from the close. */
const bar = (day: number, close: number, volume: number | null = 10) => ({
  ...{ symbol: "A", interval: "1d", time: NOW - NOW % DAY + day * DAY, open: close - 1 },
  ...{ high: close + 1, low: close - 2, close, volume },
});

/** Start by day, open, high, low, close, volume. */
async function bars(server: TestApp, interval: string, symbol = "A"): Promise<unknown[][]> {
  const found = await server.get<Bar[]>(`/bars?symbol=${symbol}&interval=${interval}`);
  return found.map(({ time, open, high, low, close, volume }) => [
    ...[new Date(time).toISOString().slice(0, 10), open, high, low, close, volume],
  ]);
}

describe("POST /bars", () => {
  test("/bars accepts bars, makes coarser ones from them, and sets the close of the row", async () => {
    const server = serve();
    const answer = await server.post([bar(-6, 5), bar(-1, 7, null), bar(0, 8)], {}, "/bars");
    assert.equal(answer.status, 200);
    assert.deepEqual({ ...await answer.json(), position: "" }, { accepted: 3, position: "" });
    // 2025-11-21 is a Friday.
    assert.deepEqual(await bars(server, "1d"), [
      ["2025-11-15", 4, 6, 3, 5, 10],
      ["2025-11-20", 6, 8, 5, 7, null],
      ["2025-11-21", 7, 9, 6, 8, 10],
    ]);
    assert.deepEqual(await bars(server, "1w"), [
      ["2025-11-10", 4, 6, 3, 5, 10],
      ["2025-11-17", 6, 9, 5, 8, null],
    ]);
    assert.deepEqual(await bars(server, "4h"), []);
    const [row] = await server.get("/snapshot?symbol=A");
    const { price, time, prev_close, open, high, low, volume } = row!;
    assert.deepEqual([price, prev_close, open, high, low, volume], [8, 7, 7, 9, 6, 10]);
    // The day is not over: the close has the time when it was given.
    assert.equal(time, NOW);
  });

  test("/bars replaces earlier ticks by a given bar, later ticks add to it, and nothing counts twice", async () => {
    const server = serve();
    const tick = (price: number, after = 0) => ({ symbol: "A", price, size: 1, time: NOW + after });
    await server.send(tick(100), tick(1));
    await server.post([bar(0, 8)], {}, "/bars");
    assert.deepEqual(await bars(server, "1d"), [["2025-11-21", 7, 9, 6, 8, 10]]);
    assert.deepEqual(await bars(server, "1w"), [["2025-11-17", 7, 9, 6, 8, 10]]);
    // Finer bars still come from the ticks.
    assert.deepEqual(await bars(server, "1h"), [["2025-11-21", 100, 100, 1, 1, 2]]);
    await server.send(tick(11, 5));
    assert.deepEqual(await bars(server, "1d"), [["2025-11-21", 7, 11, 6, 11, 11]]);
    assert.deepEqual(await bars(server, "1w"), [["2025-11-17", 7, 11, 6, 11, 11]]);
    // A repeated bar changes nothing, including later ticks.
    const before = await server.get("/bars?symbol=A&interval=1d");
    await server.post([bar(0, 8)], {}, "/bars");
    assert.deepEqual(await server.get("/bars?symbol=A&interval=1d"), before);
    assert.equal((await server.get("/snapshot?symbol=A"))[0]!["price"], 11);
    await server.post([bar(0, 9)], {}, "/bars");
    assert.deepEqual(await bars(server, "1d"), [["2025-11-21", 8, 10, 7, 9, 10]]);
  });

  test("/bars accepts its own answers in every format, and other forms", async () => {
    const server = serve();
    await server.post([bar(-6, 5), bar(-1, 7, null), bar(0, 8)], {}, "/bars");
    const expected = await bars(server, "1d");
    const formats = {
      json: "application/json",
      ndjson: "application/x-ndjson",
      csv: "text/csv",
      arrow: "application/vnd.apache.arrow.stream",
      parquet: "application/vnd.apache.parquet",
    };
    for (const [format, type] of Object.entries(formats)) {
      const told = await server.request(`/bars?symbol=A&interval=1d&format=${format}`);
      const bytes = new Uint8Array(await told.arrayBuffer());
      const other = serve();
      const answer = await other.post(bytes, { "content-type": type }, "/bars");
      assert.equal(answer.status, 200, `${format}: ${await answer.clone().text()}`);
      assert.deepEqual(await bars(other, "1d"), expected, format);
    }
    const text = "Date;Open;High;Low;Close\n2.1.2024;1,5;3;1;2\n31.1.2024;2;4;1;3\n";
    const options = "?symbol=B&time-format=D.M.YYYY&interval=1d";
    assert.equal((await server.post(text, csv, `/bars${options}`)).status, 200);
    assert.deepEqual(await bars(server, "1d", "B"), [
      ["2024-01-02", 1.5, 3, 1, 2, null],
      ["2024-01-31", 2, 4, 1, 3, null],
    ]);
  });

  test("/bars stores the right values of files from other programs", async () => {
    const files: [string, string, string, unknown[][]][] = [
      [
        "Date,Open,High,Low,Close,Adj Close,Volume\n" +
        "2020-09-01,350.21,352.71,349.24,352.60,349.70,54999300\n" +
        "2020-09-02,354.67,358.75,353.43,357.70,354.76,69540000\n",
        "?symbol=X",
        "1d",
        [
          ["2020-09-01", 350.21, 352.71, 349.24, 352.6, 54_999_300],
          ["2020-09-02", 354.67, 358.75, 353.43, 357.7, 69_540_000],
        ],
      ],
      [
        "Time,Open,High,Low,Last,Change,Volume\n" +
        "3/11/2020,0.009469,0.009596,0.009467,0.009582,0.000113,1769\n" +
        "3/10/2020,0.009763,0.009791,0.00945,0.009469,-0.000294,2116\n" +
        "2/28/2020,0.009119,0.009295,0.009119,0.009251,0.000132,1131\n",
        "?symbol=X",
        "1d",
        [
          ["2020-02-28", 0.009119, 0.009295, 0.009119, 0.009251, 1131],
          ["2020-03-10", 0.009763, 0.009791, 0.00945, 0.009469, 2116],
          ["2020-03-11", 0.009469, 0.009596, 0.009467, 0.009582, 1769],
        ],
      ],
      [
        "1499040000000,0.01634790,0.80000000,0.01575800,0.01577100,148976.11427815,1499644799999\n" +
        "1499644800000,0.01577100,0.01700000,0.01500000,0.01650000,1000.5,1500249599999\n",
        "?symbol=X&columns=time,open,high,low,close,volume",
        "1w",
        [
          ["2017-07-03", 0.0163479, 0.8, 0.015758, 0.015771, 148_976.11427815],
          ["2017-07-10", 0.015771, 0.017, 0.015, 0.0165, 1000.5],
        ],
      ],
    ];
    for (const [text, query, interval, expected] of files) {
      const server = serve();
      const answer = await server.post(text, csv, `/bars${query}`);
      assert.equal(answer.status, 200, await answer.clone().text());
      assert.deepEqual(await bars(server, interval, "X"), expected);
    }
  });

  test("The later of two bars with the same start counts, in any order of times", async () => {
    const server = serve();
    await server.post([bar(0, 8), bar(-1, 5), bar(0, 3), bar(-1, 6)], {}, "/bars");
    assert.deepEqual(await bars(server, "1d"), [
      ["2025-11-20", 5, 7, 4, 6, 10],
      ["2025-11-21", 2, 4, 1, 3, 10],
    ]);
  });

  test("/bars refuses malformed bars, and takes nothing of the request", async () => {
    const server = serve();
    const bodies: [object | string, string, RegExp][] = [
      [
        [bar(0, 8), { ...bar(1, 8), high: 5 }],
        "bad_bar",
        /^Cannot read bars: record 2: high 5 is not the highest$/,
      ],
      [[{ ...bar(0, 8), low: 9 }], "bad_bar", /record 1: low 9 is not the lowest$/],
      [[bar(-1, 8), { ...bar(0, 8), volume: -1 }], "bad_bar", /record 2: volume -1 is negative$/],
      [[bar(-1, 8), { ...bar(0, 8), close: undefined }], "bad_bar", /record 2: close is missing$/],
      [[bar(0, 8), { ...bar(-1, 8), time: undefined }], "bad_bar", /record 2: time is missing$/],
      [[bar(0, 8), bar(3, 8)], "bad_bar", /record 2: time \d+ is more than a day ahead$/],
      [[{ ...bar(0, 8), interval: "2m" }, bar(-1, 8)], "bad_bar", /interval/],
      [
        [{ ...bar(0, 8), interval: undefined }],
        "bad_bar",
        /one bar does not tell what it spans: give interval=/,
      ],
      [
        [{ symbol: "A", price: 1 }],
        "bad_bar",
        /its records are no bars: these have open, high, low and close$/,
      ],
      ["nonsense", "bad_bar", /it is not JSON/],
    ];
    for (const [body, code, words] of bodies) {
      assert.match(await refused(server.post(body, {}, "/bars"), 400, code), words);
    }
    const wrong = server.post([bar(0, 8)], {}, "/bars?interval=2m");
    assert.match(await refused(wrong, 400, "bad_parameter"), /interval=2m is none of 1s, 5s/);
    const ticks = await server.post([bar(0, 8)], {}, "/ticks?interval=1d");
    assert.match(
      await refused(Promise.resolve(ticks), 400, "bad_tick"),
      /are bars: send them to \/bars, or/,
    );
    assert.deepEqual(await server.get("/symbols"), []);
  });

  test("A key makes a retry safe", async () => {
    const server = serve();
    const key = { "idempotency-key": "k" };
    const send = async (close: number) =>
      await (await server.post([bar(0, close)], key, "/bars")).json();
    const first = await send(8);
    assert.equal(first.accepted, 1);
    assert.deepEqual(await send(9), first);
    assert.deepEqual(await bars(server, "1d"), [["2025-11-21", 7, 9, 6, 8, 10]]);
  });
});
