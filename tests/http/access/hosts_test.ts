import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Hosts } from "../../../src/http/access/hosts.ts";
import { BASE, refused, serve, type TestApp } from "../serve.ts";

const json = { "content-type": "application/json" };
const TICK = JSON.stringify({ symbol: "A", price: 1 });
const EVIL = { host: "evil.example:5050", origin: "http://evil.example:5050" };

const upgrade = (server: TestApp, path: string, headers: Record<string, string> = {}) =>
  server.app.upgrade(new Request(BASE + path, { headers: { upgrade: "websocket", ...headers } }));

describe("Hosts", () => {
  test("Hosts has the names of this machine, for any port, letter case or last dot", () => {
    const hosts = new Hosts({ host: "127.0.0.1", allowed: [] });
    const own = ["localhost", "localhost:5050", "localhost:80", "LocalHost:5050", "localhost."];
    own.push("localhost.:5050", "127.0.0.1:5050", "[::1]:5050", "[::1]", "[0:0:0:0:0:0:0:1]");
    for (const host of own) assert.ok(hosts.has(host), host);
    const foreign = ["evil.example", "evil.example:5050", "localhost.evil.example", "xlocalhost"];
    foreign.push("localhost..", "0.0.0.0:5050", "127.0.0.2", "[::2]:5050", "::1", "", ":5050");
    foreign.push("localhost, evil.example", "evil@localhost", "localhost/evil", "localhost:x");
    for (const host of foreign) assert.ok(!hosts.has(host), host);
  });

  test("Hosts has the listen address, the host of --public-url and the allowed hosts", () => {
    const hosts = new Hosts({
      host: "127.0.0.2",
      publicUrl: "https://Ticks.Example:8443/live",
      allowed: ["Desk.example.", "fe80::1", "xn--tda.example"],
    });
    const own = ["127.0.0.2:5050", "ticks.example", "desk.EXAMPLE:1", "[fe80::1]", "localhost"];
    for (const host of own) assert.ok(hosts.has(host), host);
    for (const host of ["example", "a.desk.example"]) assert.ok(!hosts.has(host), host);
    assert.ok(new Hosts({ host: "::1", allowed: [] }).has("[::1]:5050"));
    assert.ok(new Hosts({ host: "127.0.0.1", allowed: ["ü.example"] }).has("xn--tda.example"));
  });

  test("Hosts has every name with *, or on a public address unless hosts are listed", () => {
    const of = (host: string, ...allowed: string[]) => new Hosts({ host, allowed });
    assert.ok(of("127.0.0.1", "*").has("evil.example"));
    for (const host of ["0.0.0.0", "::", "192.168.1.5", "box.local"]) {
      assert.ok(of(host).has("evil.example:5050"), host);
      assert.ok(!of(host).has("evil.example, localhost"), host);
      assert.ok(!of(host, "ticks.example").has("evil.example"), host);
      assert.ok(of(host, "ticks.example").has("ticks.example"), host);
    }
  });
});

describe("A request for another host", () => {
  test("It is answered with 403 on every route, and neither reads nor writes", async () => {
    const server = serve();
    const post = { method: "POST", headers: { ...json, ...EVIL }, body: TICK };
    await refused(server.request("/ticks", post), 403, "bad_host");
    assert.deepEqual(await server.get("/symbols"), []);
    for (
      const path of ["/", "/chart", "/static/client.js", "/snapshot", "/openapi.json", "/nope"]
    ) {
      await refused(server.request(path, { headers: EVIL }), 403, "bad_host");
    }
    for (const path of ["/udf/config", "/kraken/0/public/Time", "/widgets.json", "/ping", "/ws"]) {
      await refused(server.request(path, { headers: { host: EVIL.host } }), 403, "bad_host");
    }
    const preflight = { method: "OPTIONS", headers: EVIL };
    await refused(server.request("/ticks", preflight), 403, "bad_host");
    for (const path of ["/ws?symbol=A", "/ticks", "/rooms/desk", "/kraken", "/nope"]) {
      await refused(upgrade(server, path, EVIL) as Response, 403, "bad_host");
    }
  });

  test("It is answered with 421 over HTTP/2, where the host is in :authority", async () => {
    const { app } = serve();
    const asked = new Request("http://evil.example:5050/snapshot");
    await refused(app.fetch(asked), 421, "bad_host");
    assert.equal((await app.fetch(new Request("http://[::1]:5050/snapshot"))).status, 200);
    // If both are present, one foreign host is enough for a refusal.
    const both = new Request("http://evil.example/snapshot", { headers: { host: "localhost" } });
    await refused(app.fetch(both), 403, "bad_host");
  });

  test("It is logged once per host, with the flag, and the number of logged hosts is limited", async () => {
    const server = serve();
    for (const host of ["evil.example:5050", "EVIL.example", "other.example", "evil.example"]) {
      await refused(server.request("/snapshot", { headers: { host } }), 403, "bad_host");
    }
    assert.deepEqual(server.warnings, [
      "Refused a request for the host evil.example; --allowed-host evil.example would allow it",
      "Refused a request for the host other.example; --allowed-host other.example would allow it",
    ]);
    for (let index = 0; index < 200; index++) {
      await server.request("/snapshot", { headers: { host: `h${index}.example` } });
    }
    assert.equal(server.warnings.length, 100);
    // Logged foreign hosts do not keep foreign origins out of the log.
    const headers = { ...json, origin: "https://stranger.example" };
    await refused(server.request("/ticks", { method: "POST", headers }), 403, "bad_origin");
    assert.match(server.warnings.at(-1)!, /--origin https:\/\/stranger\.example/);
    const long = "x".repeat(10_000);
    const detail = await refused(
      serve().request("/", { headers: { host: long } }),
      403,
      "bad_host",
    );
    assert.ok(detail.length < 1_000);
  });

  test("It is served where any host is allowed, and under allowed names", async () => {
    const { host } = EVIL;
    for (const flags of [["--allowed-host", "*"], ["--host", "0.0.0.0"]]) {
      const server = serve(...flags);
      assert.equal((await server.request("/snapshot", { headers: { host } })).status, 200);
      assert.equal(typeof upgrade(server, "/ws", { host }), "function");
    }
    const named = serve(
      ...["--allowed-host", "ticks.example", "--allowed-host", "[fe80::1]"],
      ...["--public-url", "https://public.example/live"],
    );
    const own = ["ticks.example:8080", "Public.example.", "[fe80::1]:5050", "127.0.0.1", "[::1]"];
    for (const host of own) {
      assert.equal((await named.request("/snapshot", { headers: { host } })).status, 200, host);
      const origin = `https://${host}`;
      assert.equal(typeof upgrade(named, "/ws", { host, origin }), "function", host);
    }
    await refused(named.request("/snapshot", { headers: { host } }), 403, "bad_host");
    const open = serve("--host", "0.0.0.0", "--allowed-host", "ticks.example");
    await refused(open.request("/snapshot", { headers: { host } }), 403, "bad_host");
  });

  test("It gets /healthz, but a page of its name does not", async () => {
    const server = serve();
    const response = await server.request("/healthz", { headers: EVIL });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get("access-control-allow-origin"), null);
    await refused(server.request("/readyz", { headers: EVIL }), 403, "bad_host");
    const post = { method: "POST", headers: EVIL };
    await refused(server.request("/healthz", post), 403, "bad_origin");
    assert.deepEqual(server.warnings.length, 2);
  });

  test("A page of an allowed origin can read the reason of the refusal", async () => {
    const headers = { host: EVIL.host, origin: "https://pro.openbb.co" };
    const response = await serve().request("/widgets.json", { headers });
    assert.equal(response.headers.get("access-control-allow-origin"), headers.origin);
    assert.match(await refused(response, 403, "bad_host"), /--allowed-host evil\.example /);
  });
});
