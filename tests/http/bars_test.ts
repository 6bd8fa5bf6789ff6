import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NOW, refused, serve } from "./serve.ts";

const MINUTE = 60_000;

interface Answered {
  readonly time: number;
  readonly close: number;
  readonly volume: number;
  readonly count: number;
}

describe("GET /bars", () => {
  /** Bars of the minutes 0, 1, 4 and 9 before now, the close being the minute. */
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

  test("/bars answers whole bars by time, one minute wide unless asked otherwise", async () => {
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

  test("/bars with limit gives the first ones from a time, else the newest ones", async () => {
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

  test("/bars refuses in words what it cannot use", async () => {
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
