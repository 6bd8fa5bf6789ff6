import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { tableFromIPC } from "@uwdata/flechette";
import { parquetReadObjects } from "hyparquet";
import { fillPrevious } from "../../../src/core/bar.ts";
import { COLUMN_ROWS, SLICE_ROWS } from "../../../src/http/native/history.ts";
import { readRecords } from "../../../src/wire/records.ts";
import { NOW, refused, serve, type TestApp } from "../serve.ts";

const SECOND = 1_000;
type Row = Readonly<Record<string, unknown>>;

/** How each format is read back, with exact numbers and unknown values. */
const READ: Record<string, { type: string; read: (response: Response) => Promise<Row[]> }> = {
  json: { type: "application/json", read: (response) => response.json() },
  ndjson: {
    type: "application/x-ndjson",
    read: async (response) =>
      [...readRecords(await response.text(), "ndjson")].map(({ value }) => value as Row),
  },
  csv: {
    type: "text/csv",
    read: async (response) =>
      [...readRecords(await response.text(), "csv")].map(({ value }) => typed(value as Row)),
  },
  arrow: {
    type: "application/vnd.apache.arrow.stream",
    read: async (response) => tableFromIPC(await response.arrayBuffer()).toArray(),
  },
  parquet: {
    type: "application/vnd.apache.parquet",
    read: async (response) => {
      const rows = await parquetReadObjects({ file: await response.arrayBuffer() });
      const plain = (value: unknown) => typeof value === "bigint" ? Number(value) : value;
      return rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]))
      );
    },
  },
};

function typed(row: Row): Row {
  const values = Object.entries(row).map(([name, text]) => {
    if (name === "symbol" || name === "interval") return [name, text];
    if (text === "") return [name, null];
    return [name, text === "true" || text === "false" ? text === "true" : Number(text)];
  });
  return Object.fromEntries(values);
}

/** An app with so many ticks of A and B in turns, the last one now. */
async function filled(count: number, stepMs = SECOND): Promise<TestApp> {
  const server = serve("--tape", `memory:${Math.max(count, 1_000) + 1_000}`);
  for (let sent = 0; sent < count;) {
    const ticks = Array.from({ length: Math.min(50_000, count - sent) }, () => {
      const index = sent++;
      const time = NOW - (count - index) * stepMs;
      return { symbol: index % 2 === 0 ? "A" : "B", price: index, time, bid: index % 3 || null };
    });
    await server.send(...ticks);
  }
  return server;
}

/** Follows the links from page to page. */
async function walk(
  server: TestApp,
  path: string,
  between: () => Promise<void> = () => Promise.resolve(),
): Promise<{ rows: Row[]; pages: number[]; nexts: (string | null)[] }> {
  const rows: Row[] = [], pages: number[] = [], nexts: (string | null)[] = [];
  for (let next: string | undefined = path; next !== undefined;) {
    const response: Response = await server.request(next);
    assert.equal(response.status, 200, next);
    const page: Row[] = await READ["json"]!.read(response);
    rows.push(...page);
    pages.push(page.length);
    nexts.push(response.headers.get("tickwire-next"));
    const link = response.headers.get("link");
    next = link === null ? undefined : /^<(\/[^>]+)>; rel="next"$/.exec(link)![1]!;
    await between();
  }
  return { rows, pages, nexts };
}

const seqs = (rows: readonly Row[]) => rows.map(({ seq }) => seq);
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe("Formats of history", () => {
  const big = 2 * SLICE_ROWS + 7;

  test("Every format reads back equal, by name and by Accept, in one slice or many", async () => {
    const server = await filled(big);
    for (const path of ["/ticks?limit=10", `/ticks?limit=${big}`, `/bars?symbol=A&limit=${big}`]) {
      const plain = await server.get<Row[]>(path);
      assert.ok(plain.length >= 10);
      for (const [format, { type, read }] of Object.entries(READ)) {
        const named = await server.request(`${path}&format=${format}`, {
          headers: { accept: "text/html" },
        });
        assert.equal(named.headers.get("content-type")!.split(";")[0], type);
        assert.deepEqual(await read(named), plain, `${path} ${format}`);
        const accepted = await server.request(path, { headers: { accept: `image/png, ${type}` } });
        assert.equal(accepted.headers.get("content-type")!.split(";")[0], type);
        assert.match(accepted.headers.get("vary")!, /accept/i);
        assert.deepEqual(await read(accepted), plain, `${path} ${format}`);
      }
    }
  });

  test("JSON is the default, also for unknown media types", async () => {
    const server = await filled(3);
    for (const accept of ["", "*/*", "text/html,*/*;q=0.8", "image/png"]) {
      const response = await server.request("/ticks", { headers: accept === "" ? {} : { accept } });
      assert.equal((await response.json()).length, 3, accept);
    }
    const detail = await refused(server.request("/ticks?format=xml"), 400, "bad_format");
    assert.match(detail, /"xml": it is none of json, ndjson, csv, arrow, parquet$/);
    await refused(server.request("/bars?symbol=A&format=xlsx"), 400, "bad_format");
  });

  test("An empty result is a valid answer in every format", async () => {
    const server = await filled(3);
    for (const [format, { read }] of Object.entries(READ)) {
      for (const path of ["/ticks?symbol=NOPE", "/ticks?symbol=X*", "/bars?symbol=NOPE"]) {
        assert.deepEqual(await read(await server.request(`${path}&format=${format}`)), [], path);
      }
    }
    assert.equal(
      (await (await serve().request("/ticks?format=csv")).text()).split("\r\n").length,
      2,
    );
  });

  test("HEAD answers with the headers only", async () => {
    const server = await filled(big);
    const response = await server.request(`/ticks?limit=${big}&format=csv`, { method: "HEAD" });
    assert.deepEqual([response.status, await response.text()], [200, ""]);
    assert.match(response.headers.get("content-type")!, /^text\/csv/);
  });

  test("Filled bars in slices equal those in one piece", async () => {
    const server = serve();
    const at = (minute: number) => NOW - minute * 60_000;
    // The gap between the second and the third has more minutes than one slice.
    await server.send(...[5_010, 5_000, 3, 1, 0].map((minute) => ({
      symbol: "A",
      price: minute,
      time: at(minute),
    })));
    // deno-lint-ignore no-explicit-any -- bars as JSON
    const bars = await server.get<any[]>("/bars?symbol=A");
    for (const limit of [1, 3, 4, 2_000, 2_001, 4_999, 5_011, 6_000]) {
      const path = `/bars?symbol=A&fill=previous&limit=${limit}`;
      assert.deepEqual(await server.get(path), fillPrevious(bars, Infinity).slice(-limit), path);
      assert.deepEqual(
        await server.get(`${path}&from=0`),
        fillPrevious(bars, limit),
        `${path} from`,
      );
    }
    for (const [format, { read }] of Object.entries(READ)) {
      const path = `/bars?symbol=A&fill=previous&limit=6000&format=${format}`;
      assert.equal((await read(await server.request(path))).length, 5_011, format);
    }
  });
});

describe("Pages of history", () => {
  test("Links lead through all ticks exactly once while new ones arrive", async () => {
    const server = await filled(3_000);
    let price = 0;
    const arrive = () => server.send({ symbol: "A", price: ++price }, { symbol: "B", price });
    const { rows, pages } = await walk(server, "/ticks?from=0&limit=700", async () => {
      if (price < 3) await arrive();
    });
    assert.deepEqual(seqs(rows), upTo(3_006));
    assert.deepEqual(pages, [700, 700, 700, 700, 206]);
    const odd = await walk(server, "/ticks?symbol=A&from=-2d&limit=2500&format=json");
    assert.deepEqual(odd.rows, await server.get<Row[]>("/ticks?symbol=A&limit=10000"));
  });

  test("Links are present only when the limit has cut the answer", async () => {
    const server = await filled(100);
    const position = (await server.request("/ticks")).headers.get("tickwire-position")!;
    const epoch = position.split(":")[0]!;
    assert.equal(position, `${epoch}:100`);
    const next = async (query: string) =>
      (await server.request(`/ticks?${query}`)).headers.get("tickwire-next");
    assert.equal(await next(`after=${epoch}:0&limit=100`), null);
    assert.equal(await next(`after=${epoch}:0&limit=99`), `${epoch}:99`);
    assert.equal(await next(`after=${epoch}:90&limit=10`), null);
    assert.equal(await next(`after=${epoch}:100&limit=1`), null);
    assert.equal(await next("from=0&symbol=A&limit=50"), null);
    assert.equal(await next("from=0&symbol=A&limit=49"), `${epoch}:97`);
    assert.equal(await next(`from=0&to=${NOW - 60 * SECOND}&limit=40`), null);
    assert.equal(await next(`from=0&to=${NOW - 59 * SECOND}&limit=40`), `${epoch}:40`);
    // These are the newest ticks: nothing comes after them.
    assert.equal(await next("limit=10"), null);
    assert.equal(await next("symbol=A&limit=10"), null);
  });

  test("A relative time stays the same from page to page", async () => {
    const server = await filled(100);
    const { rows } = await walk(server, "/ticks?from=-50s&to=-10s&limit=15", () => {
      server.now += 20 * SECOND;
      return Promise.resolve();
    });
    assert.deepEqual(seqs(rows), upTo(100).slice(50, 90));
    const bars = await walk(server, "/bars?symbol=A&interval=1s&from=-110s&to=-70s&limit=7", () => {
      server.now += 20 * SECOND;
      return Promise.resolve();
    });
    assert.equal(bars.rows.length, 20);
  });

  test("The newest ticks are found, however sparse they are", async () => {
    const server = serve("--tape", "memory:100000");
    await server.send(
      ...upTo(60_000).map((price) => ({
        symbol: price % 9_000 === 0 ? "RARE" : "A",
        price,
        time: NOW - 70_000 + price,
      })),
    );
    const rare = [1, 2, 3, 4, 5, 6].map((each) => each * 9_000);
    for (const limit of [1, 2, 5, 6, 7, 60_000]) {
      const rows = await server.get<Row[]>(`/ticks?symbol=RARE&limit=${limit}`);
      assert.deepEqual(seqs(rows), rare.slice(-limit), String(limit));
    }
    const old = await server.get<Row[]>(`/ticks?to=${NOW - 70_000 + 30_001}&limit=3`);
    assert.deepEqual(seqs(old), [29_998, 29_999, 30_000]);
    const { rows, nexts } = await walk(server, "/ticks?symbol=RARE&from=0&limit=4");
    assert.deepEqual(seqs(rows), rare);
    assert.deepEqual(nexts.map((next) => next?.split(":")[1]), ["36000", undefined]);
  });

  test("Links lead through all bars exactly once, filled or not", async () => {
    const server = serve();
    await server.send(...[500, 499, 498, 300, 299, 3, 0].map((minute) => ({
      symbol: "A",
      price: minute,
      time: NOW - minute * 60_000,
    })));
    // deno-lint-ignore no-explicit-any -- bars as JSON
    const bars = await server.get<any[]>("/bars?symbol=A");
    for (const limit of [1, 2, 3, 7, 8]) {
      const { rows, pages, nexts } = await walk(server, `/bars?symbol=A&from=0&limit=${limit}`);
      assert.deepEqual(rows, bars);
      assert.equal(pages.length, Math.ceil(7 / limit));
      if (limit === 3) assert.equal(nexts[0], String(NOW - 300 * 60_000));
    }
    const whole = fillPrevious(bars, 1_000);
    for (const limit of [37, 100, 250, 501]) {
      const path = `/bars?symbol=A&from=-1d&fill=previous&limit=${limit}`;
      const { rows, pages } = await walk(server, path);
      assert.deepEqual(rows, whole);
      assert.equal(pages.length, Math.ceil(501 / limit));
    }
    assert.equal((await server.request("/bars?symbol=A&limit=2")).headers.get("link"), null);
  });

  test("The headers of a page are readable for pages of other origins", async () => {
    const server = await filled(10);
    const headers = { origin: "https://pro.openbb.co" };
    const response = await server.request("/ticks?from=0&limit=3", { headers });
    const exposed = response.headers.get("access-control-expose-headers")!;
    for (const name of ["Link", "Tickwire-Next", "Tickwire-Position"]) {
      assert.ok(exposed.includes(name), name);
    }
    assert.equal((await response.json()).length, 3);
  });
});

/** Counts the turns of the event loop. @returns ends it, and gives their number */
function countTurns(): () => number {
  let turns = 0, isOver = false;
  const turn = () => {
    turns++;
    if (!isOver) setImmediate(turn);
  };
  turn();
  return () => {
    isOver = true;
    return turns;
  };
}

describe("Long answers of history", () => {
  test("During an answer of 300,000 ticks, other work runs between slices", async () => {
    const count = 300_000;
    const server = await filled(count, 10);
    for (const format of ["arrow", "ndjson"]) {
      const response = await server.request(`/ticks?limit=${count}&format=${format}`);
      let chunks = 0, bytes = 0;
      const turnsPassed = countTurns();
      for await (const chunk of response.body!) {
        chunks++;
        bytes += chunk.length;
      }
      const turns = turnsPassed();
      const slice = format === "arrow" ? COLUMN_ROWS : SLICE_ROWS;
      assert.ok(chunks >= count / slice && bytes > 40 * count, `${chunks} chunks`);
      assert.ok(turns >= chunks / 2, `${turns} turns while ${chunks} chunks were read`);
    }
  });

  test("Several long answers at once take turns", async () => {
    const server = await filled(20_000);
    const turnsPassed = countTurns();
    const answers = await Promise.all(
      upTo(5).map(async () => (await server.request("/ticks?limit=20000")).json()),
    );
    const turns = turnsPassed();
    for (const rows of answers) assert.deepEqual(seqs(rows), upTo(20_000));
    assert.ok(turns >= 5 * 20_000 / SLICE_ROWS / 2, `${turns} turns`);
  });

  test("An answer does not include ticks that come after it has begun", async () => {
    const server = await filled(10_000);
    const response = await server.request("/ticks?limit=20000");
    await server.send({ symbol: "A", price: 1 });
    assert.deepEqual(seqs(await response.json()), upTo(10_000));
  });

  test("An answer that cannot be completed is aborted", async () => {
    const count = 2 * COLUMN_ROWS;
    const server = serve("--tape", `memory:${count}`);
    const ticks = upTo(count).map((price) => ({ symbol: "A", price }));
    await server.send(...ticks);
    for (const format of Object.keys(READ)) {
      const response = await server.request(`/ticks?limit=${count}&format=${format}`);
      assert.equal(response.status, 200);
      // Forgets the ticks that have not been read yet.
      await server.send(...ticks);
      await assert.rejects(response.arrayBuffer(), /no longer kept/);
    }
    assert.equal(server.faults.length, Object.keys(READ).length);
  });

  test("A long answer can be compressed, and can be abandoned", async () => {
    const server = await filled(10_000);
    const zipped = await server.request("/ticks?limit=10000", {
      headers: { "accept-encoding": "gzip" },
    });
    assert.equal(zipped.headers.get("content-encoding"), "gzip");
    const plain = new Response(zipped.body!.pipeThrough(new DecompressionStream("gzip")));
    assert.deepEqual(seqs(await plain.json()), upTo(10_000));
    const reader = (await server.request("/ticks?limit=10000")).body!.getReader();
    await reader.read();
    await reader.cancel();
    assert.deepEqual(server.faults, []);
  });
});
