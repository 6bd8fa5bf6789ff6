import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { Origins } from "../../../src/http/access/cors.ts";
import { Hosts } from "../../../src/http/access/hosts.ts";
import { serve, type TestApp } from "../serve.ts";

const WORKSPACE = "https://pro.openbb.co";
const STRANGER = "https://stranger.example";
const originsOf = (allowed: string[], hosts: string[] = ["*"]) =>
  new Origins(allowed, new Hosts({ host: "127.0.0.1", allowed: hosts }));

const allowed = (response: Response) => response.headers.get("access-control-allow-origin");

function preflight(server: TestApp, path: string, origin: string): Promise<Response> {
  return server.request(path, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": "GET",
      "access-control-request-headers": "x-api-key",
      "access-control-request-private-network": "true",
    },
  });
}

describe("Origins", () => {
  test("Origins allows listed origins, in any letter case, with or without a last slash", () => {
    const origins = originsOf(["https://A.example/", "http://b.example:8080"]);
    assert.ok(origins.allows("https://a.example", "x"));
    assert.ok(origins.allows("HTTPS://A.Example", "x"));
    assert.ok(origins.allows("http://b.example:8080", "x"));
    for (
      const origin of ["http://a.example", "https://a.example:8443", "http://b.example", "null"]
    ) {
      assert.ok(!origins.allows(origin, "x"), origin);
    }
    assert.ok(!origins.allows("https://a.example.evil.example", "x"));
    const others = originsOf([
      "https://c.example:443",
      "tauri://localhost/",
      "https://ü.example",
    ]);
    for (const origin of ["https://c.example", "tauri://localhost", "https://xn--tda.example"]) {
      assert.ok(others.allows(origin, "x"), origin);
    }
  });

  test("Origins allows the page's own origin, even if a proxy changed the scheme", () => {
    const origins = originsOf([]);
    assert.ok(origins.allows("http://localhost:5050", "localhost:5050"));
    assert.ok(origins.allows("https://ticks.example", "Ticks.example"));
    assert.ok(!origins.allows("http://localhost:3000", "localhost:5050"));
    assert.ok(!origins.allows("http://localhost:5050", ""));
    assert.ok(!origins.allows("not an origin", "not an origin"));
  });

  test("Origins does not allow a page whose foreign origin equals the foreign host", () => {
    const origins = originsOf([], ["ticks.example"]);
    assert.ok(origins.allows("http://ticks.example:5050", "ticks.example:5050"));
    assert.ok(!origins.allows("http://evil.example:5050", "evil.example:5050"));
  });

  test("Origins allows programs without an origin, and any origin with *", () => {
    assert.ok(originsOf([]).allows(null, "x"));
    assert.ok(originsOf([]).allows(undefined, "x"));
    assert.ok(originsOf(["*"]).allows(STRANGER, "x"));
    assert.ok(originsOf(["*"]).allows("null", "x"));
  });
});

describe("CORS", () => {
  test("CORS headers are on every answer to an allowed origin, errors included", async () => {
    const server = serve();
    const requests: [path: string, status: number, init?: RequestInit][] = [
      ["/snapshot", 200],
      ["/widgets.json", 200],
      ["/", 200],
      ["/healthz", 200],
      ["/nope", 404],
      ["/snapshot", 405, { method: "POST" }],
      ["/snapshot?symbol=a%20b", 400],
      ["/ticks?after=x:1", 410],
      ["/ticks", 415, { method: "POST", body: "x" }],
    ];
    for (const [path, status, init] of requests) {
      const response = await server.request(path, { ...init, headers: { origin: WORKSPACE } });
      assert.equal(response.status, status, path);
      assert.equal(allowed(response), WORKSPACE, path);
      assert.match(response.headers.get("vary")!, /origin/i, path);
      assert.match(
        response.headers.get("access-control-expose-headers")!,
        /Tickwire-Position/,
        path,
      );
    }
  });

  test("CORS headers let a page read each header that an answer has besides the usual ones", async () => {
    const response = await serve().request("/snapshot", { headers: { origin: WORKSPACE } });
    const exposed = response.headers.get("access-control-expose-headers")!.split(",");
    const folder = fileURLToPath(new URL("../../../src/http", import.meta.url).href);
    const set = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .flatMap((name) => {
        const source = readFileSync(`${folder}/${name}`, "utf8");
        return [...source.matchAll(/"(Tickwire-\w+|Retry-After)"/g)].map(([, header]) => header!);
      });
    assert.ok(set.length > 10);
    for (const header of set) assert.ok(exposed.includes(header), header);
  });

  test("CORS headers are on a 304 answer", async () => {
    const server = serve();
    for (const path of ["/widgets.json", "/", "/static/uplot.js"]) {
      const headers = { origin: WORKSPACE };
      const etag = (await server.request(path, { headers })).headers.get("etag")!;
      const again = await server.request(path, { headers: { ...headers, "if-none-match": etag } });
      assert.equal(again.status, 304, path);
      assert.equal(allowed(again), WORKSPACE, path);
    }
  });

  test("CORS headers name only allowed origins", async () => {
    const response = await serve().request("/snapshot", { headers: { origin: STRANGER } });
    assert.equal(allowed(response), null);
    const open = await serve("--origin", "*").request("/snapshot", {
      headers: { origin: STRANGER },
    });
    assert.ok([STRANGER, "*"].includes(allowed(open)!));
    const chosen = serve("--origin", STRANGER);
    assert.equal(allowed(await chosen.request("/", { headers: { origin: STRANGER } })), STRANGER);
    assert.equal(allowed(await chosen.request("/", { headers: { origin: WORKSPACE } })), null);
  });

  test("A preflight answer has methods, headers and private network", async () => {
    const server = serve();
    for (const path of ["/snapshot", "/ticks", "/widgets.json", "/nope"]) {
      const response = await preflight(server, path, WORKSPACE);
      assert.equal(response.status, 204, path);
      assert.equal(allowed(response), WORKSPACE);
      assert.equal(response.headers.get("access-control-allow-private-network"), "true");
      assert.equal(
        response.headers.get("access-control-allow-headers")?.toLowerCase(),
        "x-api-key",
      );
      const methods = response.headers.get("access-control-allow-methods")!.split(",");
      for (const method of ["GET", "POST", "OPTIONS"]) assert.ok(methods.includes(method), method);
      assert.equal(await response.text(), "");
    }
  });

  test("A preflight answer to a forbidden origin names no origin", async () => {
    const response = await preflight(serve(), "/snapshot", STRANGER);
    assert.equal(allowed(response), null);
  });
});
