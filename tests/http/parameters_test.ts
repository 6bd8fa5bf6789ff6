import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { OWN_OPERATIONS } from "../../src/http/contract/own_operations.ts";
import { BASE, refused, serve, type TestApp } from "./serve.ts";

const upgrade = (server: TestApp, path: string) =>
  server.app.upgrade(new Request(BASE + path, { headers: { upgrade: "websocket" } }));

describe("A misspelt parameter", () => {
  test("It is refused with a suggestion", async () => {
    const server = serve();
    const asked: [path: string, meant: string][] = [
      ["/bars?symbol=AAPL&intervall=5m", "interval"],
      ["/bars?symbol=AAPL&Interval=5m", "interval"],
      ["/bars?smybol=AAPL", "symbol"],
      ["/bars?symbol=A&form=-1h", "from"],
      ["/ticks?symbol=A&form=-1h", "from"],
      ["/ticks?symbol=A&fromat=csv", "format"],
      ["/ticks?limits=5", "limit"],
      ["/snapshot?symbl=A", "symbol"],
      ["/symbols?qeury=eur", "query"],
      ["/activity?limt=10", "limit"],
      ["/stream?symbol=A&chanel=quote", "channel"],
      ["/stream?symbol=A&lasteventid=x:1", "lastEventId"],
      ["/ws?symbol=A&fromat=value", "format"],
    ];
    for (const [path, meant] of asked) {
      const detail = await refused(server.request(path), 400, "bad_parameter");
      assert.ok(detail.endsWith(`there is no such parameter (did you mean ${meant}?)`), detail);
    }
    assert.equal(
      (await server.request("/bars?symbol=A&intervall=5m", { method: "HEAD" })).status,
      400,
    );
  });

  test("It is refused before a WebSocket opens, and a plain GET of the address says the same", async () => {
    const server = serve();
    const asked: [path: string, meant: string][] = [
      ["/ws?symbl=A", "symbol"],
      ["/ws?symbol=A&evry=1s", "every"],
      ["/ws?format=value&symblos=A", "symbols"],
      ["/ticks?form=csv", "format"],
    ];
    for (const [path, meant] of asked) {
      const detail = await refused(upgrade(server, path) as Response, 400, "bad_parameter");
      assert.match(detail, new RegExp(`did you mean ${meant}\\?`));
      if (path.startsWith("/ws")) await refused(server.request(path), 400, "bad_parameter");
    }
  });

  test("Other unknown parameters are ignored", async () => {
    const server = serve();
    await server.send({ symbol: "A", price: 1 });
    const added = "_=1&t=2&ts=3&v=4&nocache=5&utm_source=x&fbclid=y&theme=dark&time=6";
    const paths = ["/bars?symbol=A&", "/ticks?", "/snapshot?", "/symbols?", "/activity?"];
    for (const path of paths) await server.get(path + added);
    for (const path of ["/ws?symbol=A&", "/ticks?", "/rooms/desk?", "/kraken?"]) {
      assert.equal(typeof upgrade(server, path + added), "function", path);
    }
    assert.equal((await server.request("/healthz?intervall=1")).status, 200);
    assert.equal((await server.request("/?symbl=A")).status, 200);
  });

  test("Parameters of foreign protocols are not checked", async () => {
    const server = serve();
    await server.send({ symbol: "A", price: 1 });
    const paths = ["/openbb/bars?symbol=A&intervall=5m", "/udf/search?query=A&limits=1"];
    paths.push("/kraken/0/public/Time?pairs=1", "/kraken/0/public/OHLC?pair=A&intervall=5");
    for (const path of paths) assert.equal((await server.request(path)).status, 200, path);
    const write = { method: "POST", body: "cpu value=1" };
    assert.equal((await server.request("/write?db=x&precisions=s", write)).status, 204);
    assert.equal(typeof upgrade(server, "/kraken?format=x&form=y"), "function");
  });
});

describe("Parameters that are given twice", () => {
  test("Contradictory values are refused, and lists are joined", async () => {
    const server = serve();
    await server.send({ symbol: "A", price: 1 }, { symbol: "B", price: 2 });
    for (
      const path of ["/bars?symbol=A&interval=5m&interval=1h", "/ticks?from=-1h&to=-1m&from=-2h"]
    ) {
      const detail = await refused(server.request(path), 400, "bad_parameter");
      assert.match(detail, /^Cannot use (?:interval|from): it is given twice/);
    }
    const twice = upgrade(server, "/ws?symbol=A&every=1s&every=2s") as Response;
    await refused(twice, 400, "bad_parameter");
    assert.equal((await server.get("/bars?symbol=A&interval=1s&interval=1s")).length, 1);
    assert.equal((await server.get("/snapshot?symbol=A&symbol=B")).length, 2);
    await refused(server.request("/bars?symbol=A&symbol=B"), 400, "bad_symbol");
  });
});

describe("symbols for symbol", () => {
  test("Every route with symbols accepts it", async () => {
    const server = serve();
    await server.send({ symbol: "A", price: 1 }, { symbol: "B", price: 2 });
    for (const path of ["/snapshot", "/ticks", "/bars"]) {
      const rows = await server.get<{ symbol: string }[]>(`${path}?symbols=B`);
      assert.deepEqual(rows.map(({ symbol }) => symbol), ["B"], path);
    }
    assert.equal((await server.get("/snapshot?symbols=B&symbol=A")).length, 2);
    await refused(server.request("/bars?symbols=A,B"), 400, "bad_symbol");
    const formats: [query: string, frame: unknown][] = [
      ["symbols=B&format=value", { value: 2 }],
      ["symbols=B&format=list", ["B"]],
      ["symbols=B&channel=quote", "subscribed"],
    ];
    for (const [query, expected] of formats) {
      const accept = upgrade(server, `/ws?${query}`);
      assert.ok(typeof accept === "function", query);
      const frames: unknown[] = [];
      const close = () => assert.fail(query);
      accept({ buffered: 0, send: (text) => void frames.push(JSON.parse(text)), close }).closed();
      const [first] = frames as [{ op?: string } | { symbol: string }[]];
      const seen = Array.isArray(first) ? first.map(({ symbol }) => symbol) : first.op ?? first;
      assert.deepEqual(seen, expected, query);
    }
  });
});

test("Every native route with parameters checks their names", async () => {
  const server = serve();
  const checked = Object.entries(OWN_OPERATIONS).filter(([, { parameters = [] }]) =>
    parameters.some((parameter) => parameter["in"] === "query")
  );
  assert.ok(checked.length >= 7);
  for (const [operation, { parameters = [], codes = {} }] of checked) {
    const [method, path] = operation.split(" ") as [string, string];
    const { name } = parameters.find((parameter) => parameter["in"] === "query")!;
    const response = server.request(`${path}?${String(name)}x=1`, { method });
    await refused(response, 400, "bad_parameter");
    assert.ok(codes[400]?.includes("bad_parameter"), operation);
  }
});
