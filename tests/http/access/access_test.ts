import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ASSETS } from "../../../src/http/page/assets.ts";
import { BASE, refused, serve, type TestApp } from "../serve.ts";

const WORKSPACE = "https://pro.openbb.co";
const STRANGER = "https://stranger.example";
const TICK = JSON.stringify({ symbol: "A", price: 1 });
const json = { "content-type": "application/json" };

const locked = () => serve("--read-key", "reader", "--write-key", "writer");

function post(server: TestApp, headers: Record<string, string>, path = "/ticks") {
  return server.request(path, { method: "POST", headers: { ...json, ...headers }, body: TICK });
}

function upgrade(server: TestApp, path: string, headers: Record<string, string> = {}) {
  const asked = new Request(BASE + path, { headers: { upgrade: "websocket", ...headers } });
  return server.app.upgrade(asked);
}

describe("Access", () => {
  test("A read key is needed for every route except the page, /healthz, contracts and preflights", async () => {
    const server = locked();
    const contracts = ["/openapi.json", "/asyncapi.json"];
    for (const path of [...Object.keys(ASSETS), "/favicon.ico", "/healthz", ...contracts]) {
      assert.ok((await server.request(path)).ok, path);
      assert.ok((await server.request(path, { method: "HEAD" })).ok, path);
    }
    const paths = ["/snapshot", "/symbols", "/ticks", "/bars", "/stream?symbol=A", "/readyz"];
    paths.push(
      "/widgets.json",
      "/openbb/symbols",
      "/nope",
      "/ws",
      "/static",
      "/healthz/",
      "/chart/",
    );
    paths.push("//healthz", "/HEALTHZ", "/snapshot?x=/healthz", "/rooms/desk");
    for (const path of paths) {
      const response = await server.request(path, { headers: { origin: WORKSPACE } });
      assert.equal(response.headers.get("access-control-allow-origin"), WORKSPACE, path);
      assert.match(response.headers.get("www-authenticate")!, /^Bearer /, path);
      await refused(response, 401, "key_needed");
      assert.equal((await server.request(path, { method: "HEAD" })).status, 401, path);
      const options = { method: "OPTIONS", headers: { origin: WORKSPACE } };
      assert.equal((await server.request(path, options)).status, 204, path);
    }
    for (const path of ["/snapshot", "/readyz", "/widgets.json", "/symbols?key=reader"]) {
      const headers = { "x-api-key": "reader" };
      assert.equal((await server.request(path, { headers })).status, 200, path);
    }
    assert.equal((await server.request("/nope?key=reader")).status, 404);
  });

  test("Methods that write need the write key, even where reading needs none", async () => {
    const server = locked();
    for (const path of ["/ticks", "/", "/healthz", "/nope", "/static/x"]) {
      await refused(post(server, {}, path), 401, "key_needed");
      await refused(post(server, { "x-api-key": "reader" }, path), 403, "read_only_key");
      await refused(post(server, { "x-api-key": "nonsense" }, path), 401, "bad_key");
    }
    assert.equal((await post(server, { "x-api-key": "writer" })).status, 200);
    const put = { method: "PUT", headers: { authorization: "Bearer reader" } };
    await refused(server.request("/symbols/A", put), 403, "read_only_key");
    const rows = await server.get<{ price: number }[]>("/snapshot?symbol=A&key=writer");
    assert.equal(rows[0]!.price, 1);
  });

  test("On a public address, nobody writes without a write key, and the log says so", async () => {
    const open = serve("--host", "0.0.0.0");
    assert.match(await refused(post(open, {}), 403, "no_write_key"), /0\.0\.0\.0.*--write-key$/);
    assert.match(open.warnings[0]!, /--write-key/);
    assert.equal((await open.request("/snapshot")).status, 200);
    await refused(upgrade(open, "/rooms/desk") as Response, 403, "no_write_key");
    const keyed = serve("--host", "0.0.0.0", "--write-key", "writer");
    assert.deepEqual(keyed.warnings, []);
    assert.equal((await post(keyed, { "x-api-key": "writer" })).status, 200);
  });

  test("A foreign page cannot write even without keys, and is logged once", async () => {
    const server = serve();
    for (const origin of [STRANGER, STRANGER, "null"]) {
      await refused(post(server, { origin }), 403, "bad_origin");
    }
    assert.deepEqual(server.warnings.map((line) => /--origin (\S+)/.exec(line)?.[1]), [
      STRANGER,
      "null",
    ]);
    assert.equal((await post(server, { origin: WORKSPACE })).status, 200);
    assert.equal((await post(server, { origin: BASE, host: "localhost:5050" })).status, 200);
    assert.equal(
      (await server.request("/snapshot", { headers: { origin: STRANGER } })).status,
      200,
    );
  });

  test("A WebSocket without the needed key is refused before the upgrade", async () => {
    const server = locked();
    await refused(upgrade(server, "/ws") as Response, 401, "key_needed");
    await refused(upgrade(server, "/ws?key=x") as Response, 401, "bad_key");
    await refused(upgrade(server, "/rooms/desk?key=reader") as Response, 403, "read_only_key");
    for (const path of ["/ws?key=reader", "/ws?key=writer", "/rooms/desk?key=writer"]) {
      assert.equal(typeof upgrade(server, path), "function", path);
    }
    assert.equal(typeof upgrade(server, "/ws", { "x-api-key": "reader" }), "function");
    const stranger = upgrade(server, "/ws?key=reader", { origin: STRANGER });
    await refused(stranger as Response, 403, "bad_origin");
  });

  test("Refusals and the log contain no key", async () => {
    const server = locked();
    const details = [
      await refused(server.request("/snapshot?key=secret-one"), 401, "bad_key"),
      await refused(server.request("/nope?key=reader"), 404, "not_found"),
      await refused(server.request("/bars?symbol=A&interval=x&key=reader"), 400, "bad_interval"),
      await refused(upgrade(server, "/ws?key=secret-one") as Response, 401, "bad_key"),
      await refused(upgrade(server, "/nope?key=reader") as Response, 404, "not_found"),
    ];
    for (const text of [...details, ...server.warnings]) {
      assert.doesNotMatch(text, /secret-one|reader|writer/);
    }
  });
});
