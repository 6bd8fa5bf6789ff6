// deno-lint-ignore-file no-explicit-any -- answers are whatever the server sends
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { startServer, type TestServer } from "../helpers/server.ts";
import { forged, token, TOKEN_FLAGS } from "../helpers/tokens.ts";

const PROTOCOL = readFileSync(
  fileURLToPath(new URL("../../PROTOCOL.md", import.meta.url).href),
  "utf8",
);
const [OWN, OTHER] = ["BTC/USD", "ETH/USD"];
const RULES = ["open", "any", "part", "whole", "write", "enter", "operate"] as const;
type Rule = typeof RULES[number];

/** The rows of a table of PROTOCOL.md whose header begins with these cells. */
function table(...head: string[]): string[][] {
  const rows = PROTOCOL.split("\n").map((line) =>
    line.replace(/^\||\|$/g, "").split("|").map((cell) => cell.trim())
  );
  const at = rows.findIndex((row) => head.every((cell, place) => row[place] === cell));
  assert.ok(at >= 0, `there is no table ${head}`);
  const end = rows.findIndex((row, place) => place > at && row.length < 2);
  return rows.slice(at + 2, end);
}

/** Rules by route. */
const ROUTES = new Map(
  table("rule", "routes").flatMap(([rule, routes]) =>
    [...routes!.matchAll(/`([^`]+)`/g)].map(([, route]) => [route!, rule as Rule] as const)
  ),
);
/** Verdict of each rule on each kind of credential. */
const VERDICTS = new Map(
  table("rule", "none", "read key").map(([rule, ...cells]) => [rule, cells]),
);
const CREDENTIALS = ["none", "read key", "write key", "token", "bad token"] as const;

function ruleOf(route: string): Rule | undefined {
  return ROUTES.get(route) ??
    (route.startsWith("GET /static/") ? ROUTES.get("GET /static/…") : undefined);
}

interface Sample {
  readonly path: string;
  readonly init?: RequestInit;
}

const json = { "content-type": "application/json" };
const get = (path: string): Sample => ({ path });
const tick = (symbol: string) => JSON.stringify({ symbol, price: 1 });
const bar = (symbol: string) =>
  JSON.stringify({ symbol, time: "2024-05-06", open: 1, high: 2, low: 1, close: 2 });
const encoded = encodeURIComponent;
const kraken = (method: string, symbol: string) =>
  `/kraken/0/public/${method}?pair=${encoded(symbol)}`;

/** Requests that name a symbol, by route. */
const NAMED: Readonly<Record<string, (symbol: string) => Sample[]>> = {
  "GET /ticks": (s) => [get(`/ticks?symbol=${s}`), get(`/ticks?symbol=${s}&format=csv`)],
  "GET /snapshot": (s) => [get(`/snapshot?symbol=${s}`)],
  "GET /bars": (s) => [get(`/bars?symbol=${s}`)],
  "GET /stream": (s) => [get(`/stream?symbol=${s}`), get(`/stream?symbol=${s}&format=value`)],
  "GET /symbols/{symbol}": (s) => [get(`/symbols/${s}`)],
  "GET /openbb/chart": (s) => [get(`/openbb/chart?symbol=${s}`)],
  "GET /openbb/bars": (s) => [get(`/openbb/bars?symbol=${s}`)],
  "GET /openbb/metric": (s) => [get(`/openbb/metric?symbol=${s}`)],
  "GET /udf/symbols": (
    s,
  ) => [get(`/udf/symbols?symbol=${s}`), get(`/udf/symbols?symbol=tickwire:${s}`)],
  "GET /udf/history": (s) => [get(`/udf/history?symbol=${s}&resolution=1&from=0&to=9999999999`)],
  "GET /udf/quotes": (s) => [get(`/udf/quotes?symbols=${s}`)],
  "GET /kraken/0/public/{method}": (s) =>
    ["AssetPairs", "Ticker", "OHLC", "Trades", "Depth", "Spread"].map((m) => get(kraken(m, s))),
  "POST /kraken/0/public/{method}": (s) => [{
    path: "/kraken/0/public/Ticker",
    init: { method: "POST", body: new URLSearchParams({ pair: s }) },
  }],
  "POST /ticks": (
    s,
  ) => [{ path: "/ticks", init: { method: "POST", headers: json, body: tick(s) } }],
  "POST /bars": (
    s,
  ) => [{ path: "/bars?interval=1d", init: { method: "POST", headers: json, body: bar(s) } }],
  "POST /write": (s) => [{ path: "/write", init: { method: "POST", body: `${s} value=1` } }],
  "POST /api/v2/write": (s) => [
    { path: "/api/v2/write", init: { method: "POST", body: `${OWN} value=1\n${s} value=1` } },
  ],
  "PUT /symbols/{symbol}": (s) => [
    { path: `/symbols/${s}`, init: { method: "PUT", headers: json, body: '{"name":"n"}' } },
  ],
  "DELETE /ticks": (s) => [{ path: `/ticks?symbol=${s}&seq=1`, init: { method: "DELETE" } }],
  "DELETE /symbols/{symbol}": (
    s,
  ) => [{ path: `/symbols/${s}?dry_run=true`, init: { method: "DELETE" } }],
  "WS /ws": (s) => [get(`/ws?symbol=${s}`)],
  "WS /rooms/{room}": (s) => [get(`/rooms/${encoded(s)}`)],
  "GET /rooms/{room}": (s) => [get(`/rooms/${encoded(s)}`)],
};

/** Requests without a symbol, for routes where the path alone is not enough. */
const LISTED: Readonly<Record<string, Sample[]>> = {
  "GET /stream": [get("/stream?channel=quote"), get("/stream?format=list&every=100")],
  "GET /udf/search": [get("/udf/search?query=USD")],
  "GET /symbols": [get("/symbols"), get("/symbols?query=eth")],
  "GET /kraken/0/public/{method}": [
    ...["Time", "SystemStatus", "Assets", "AssetPairs", "Ticker"].map((m) =>
      get(`/kraken/0/public/${m}`)
    ),
  ],
  "GET /snapshot": [get("/snapshot"), get("/snapshot?symbol=*"), get("/snapshot?symbol=ETH*")],
  "GET /ticks": [get("/ticks"), get("/ticks?symbol=*&from=0"), get("/ticks?format=arrow")],
};

describe("What keys and tokens let their bearers do", () => {
  let server: TestServer;
  let routes: string[] = [];
  /** The credentials of each kind. */
  let bearers: Record<typeof CREDENTIALS[number], string[]>;

  before(async () => {
    const keys = ["--read-key", "reader", "--write-key", "writer"];
    server = await startServer("--feed", "none", ...keys, ...TOKEN_FLAGS);
    const all = { read: ["*"], write: ["*"], rooms: ["*"] };
    const own = { read: ["BTC/*"], write: [OWN], rooms: ["BTC/*"] };
    bearers = {
      "none": [""],
      "read key": ["reader"],
      "write key": ["writer"],
      "token": [await token(own)],
      "bad token": [
        await token({ ...all, exp: 1_000 }),
        await token({ ...all, nbf: 9_999_999_999 }),
        await token(all, "another secret of 32 letters, which nobody knows"),
        forged({ alg: "none" }, all),
        await token({ ...all, aud: "somebody else" }),
        await token({ ...all, aud: undefined }),
        `${(await token(all)).slice(0, -4)}AAAA`,
        await token({ ...all, read: "*" }),
        await token({ ...all, write: ["A*B"] }),
        await token({ ...all, filler: "x".repeat(7_000) }),
      ],
    };
    for (const symbol of [OWN, OTHER]) {
      const { path, init } = NAMED["POST /ticks"]!(symbol)[0]!;
      assert.equal((await ask("writer", path, init)).status, 200);
    }
    const { paths } = await (await fetch(`${server.http}/openapi.json`)).json();
    const { channels } = await (await fetch(`${server.http}/asyncapi.json`)).json();
    const sockets = Object.values<any>(channels).filter(({ servers }) =>
      servers[0].$ref.endsWith("sockets")
    );
    routes = [
      ...Object.entries<object>(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`)
      ),
      ...sockets.map(({ address }) => `WS ${address}`),
    ];
  });
  after(() => server.stop());

  async function ask(bearer: string, path: string, init: RequestInit = {}) {
    const headers = new Headers(init.headers);
    if (bearer !== "") headers.set("authorization", `Bearer ${bearer}`);
    const response = await fetch(server.http + path, { ...init, headers });
    return { status: response.status, text: await textOf(response) };
  }

  /**
   * Opens a WebSocket and closes it after the first message. A close code such as 4403 counts as
   * 403.
   */
  async function knock(bearer: string, path: string): Promise<{ status: number; text: string }> {
    const url = new URL(server.ws + path);
    if (bearer !== "") url.searchParams.set("key", bearer);
    const refused = await handshake(url);
    if (refused.status !== 101) return refused;
    const socket = new WebSocket(url);
    let text = "";
    socket.onopen = () => path.includes("?") || socket.close();
    socket.onmessage = ({ data }) => {
      text += data;
      if (!text.includes('"error"')) socket.close();
    };
    return await new Promise((resolve) => {
      socket.onclose = ({ code }) => resolve({ status: code >= 4_000 ? code - 4_000 : 101, text });
    });
  }

  const run = (route: string, bearer: string, { path, init }: Sample) =>
    route.startsWith("WS ") ? knock(bearer, path) : ask(bearer, path, init);

  const samplesOf = (route: string, symbol: string): Sample[] => {
    const [method, path] = route.split(" ") as [string, string];
    const listed = LISTED[route] ?? (NAMED[route] ? [] : [{ path, init: { method } }]);
    const plain = listed.map(({ path, init }) => ({
      path,
      ...(method === "WS" || init === undefined ? {} : { init }),
    }));
    return [...plain, ...NAMED[route]?.(symbol) ?? []];
  };

  it("PROTOCOL.md has a rule for every route of the router, and no other", () => {
    assert.deepEqual(routes.filter((route) => ruleOf(route) === undefined), []);
    const ruled = [...ROUTES.keys()].filter((route) => !route.endsWith("…"));
    assert.deepEqual(ruled.filter((route) => !routes.includes(route)), []);
    assert.deepEqual([...VERDICTS.keys()], [...RULES]);
  });

  for (const [place, kind] of CREDENTIALS.entries()) {
    for (const rule of RULES) {
      const verdict = VERDICTS.get(rule)?.[place] ?? "";
      it(`${kind}: what is ${rule} is ${verdict}`, async () => {
        const ruled = routes.filter((route) => ruleOf(route) === rule);
        assert.ok(ruled.length > 0);
        for (const bearer of bearers[kind]) {
          for (const route of ruled) {
            for (const sample of samplesOf(route, OWN)) await judge(route, bearer, sample, verdict);
          }
        }
      });
    }
  }

  async function judge(route: string, bearer: string, sample: Sample, verdict: string) {
    const shown = `${route} ${sample.path} ${bearer.slice(-12)}`;
    const { status, text } = await run(route, bearer, sample);
    if (/^\d+$/.test(verdict)) return assert.equal(status, Number(verdict), `${shown} ${text}`);
    assert.ok(
      status < 400 || status === 426 || isBadRequest(status),
      `${shown}: ${status} ${text}`,
    );
    if (verdict === "yes") return;
    assert.match(verdict, /^its /);
    assert.ok(!text.includes("ETH"), `${shown}: ${text}`);
  }

  /** Statuses of a request that was let in, though its parameters are missing. */
  const isBadRequest = (status: number) => [400, 404, 409, 415].includes(status);

  it("A token is refused other symbols, by name and whether they exist or not", async () => {
    const [bearer] = bearers.token as [string];
    for (const [route, named] of Object.entries(NAMED)) {
      for (const symbol of [OTHER, "NOWHERE/USD"]) {
        for (const sample of named(symbol)) {
          const { status, text } = await run(route, bearer, sample);
          assert.equal(status, 403, `${route} ${sample.path}: ${text}`);
          assert.match(text, /not_allowed|does not allow|Permission denied/);
        }
      }
    }
    const rows = await (await fetch(`${server.http}/snapshot?key=reader&symbol=NOWHERE/USD`))
      .json();
    assert.equal(rows[0].price, null);
  });

  it("Keys get both symbols wherever a token gets only its own", async () => {
    for (const route of routes.filter((route) => ruleOf(route) === "part")) {
      for (const sample of LISTED[route] ?? []) {
        if (/Time|SystemStatus/.test(sample.path)) continue;
        const { text } = await run(route, "reader", sample);
        assert.ok(text.includes("ETH"), `${route} ${sample.path}: ${text}`);
      }
    }
  });

  it("Counts of activity include only a token's own symbols", async () => {
    const sum = async (bearer: string) => {
      const { text } = await ask(bearer, "/activity");
      return JSON.parse(text).counts.reduce((sum: number, count: number) => sum + count, 0);
    };
    const own = JSON.parse((await ask("reader", `/ticks?symbol=${OWN}`)).text).length;
    assert.equal(await sum(bearers.token[0]!), own);
    assert.ok(await sum("reader") > own);
  });
});

/** The answer to a request for a WebSocket that does not open. */
function handshake(url: URL): Promise<{ status: number; text: string }> {
  const lines = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    ...[`Host: ${url.host}`, "Connection: Upgrade", "Upgrade: websocket"],
    ...["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
  ];
  return new Promise((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname);
    let text = "";
    socket.setEncoding("utf8").on("error", reject).on("data", (part: string) => {
      text += part;
      const [head, body] = text.split("\r\n\r\n");
      const length = Number(/^content-length: (\d+)/im.exec(head!)?.[1] ?? 0);
      if (body === undefined || body.length < length) return;
      socket.destroy();
      resolve({ status: Number(/^HTTP\/1\.1 (\d+)/.exec(head!)?.[1]), text: body });
    });
    socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  });
}

/** The text of the answer; of an endless stream, the first event with data. */
async function textOf(response: Response): Promise<string> {
  if (!response.headers.get("content-type")?.startsWith("text/event-stream")) {
    return await response.text();
  }
  let text = "";
  for await (const part of response.body!.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (/^data: .*\n\n/m.test(text)) break;
  }
  return text;
}
