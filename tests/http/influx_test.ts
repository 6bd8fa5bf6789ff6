import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NOW, serve, type TestApp } from "./serve.ts";

const write = (server: TestApp, path: string, body: string | Uint8Array, headers = {}) =>
  server.request(path, {
    method: "POST",
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
    body: body as BodyInit,
  });
const POINT = `cpu,host=a usage_idle=98.1,note="x" ${NOW}000000\n`;

describe("Writers of InfluxDB", () => {
  test("Both versions' write answers 204 and says what it took", async () => {
    const server = serve();
    for (
      const path of [
        "/write?db=telegraf&rp=&consistency=any",
        "/api/v2/write?org=o&bucket=b&precision=ns",
      ]
    ) {
      const response = await write(server, path, POINT, { authorization: "Token x" });
      assert.equal(response.status, 204);
      assert.equal(await response.text(), "");
      assert.equal(response.headers.get("tickwire-accepted"), "1");
      assert.equal(response.headers.get("tickwire-skipped"), "1");
      assert.match(response.headers.get("tickwire-position")!, /^\w+:\d$/);
    }
    const ticks = await server.get("/ticks?symbol=cpu.*");
    assert.deepEqual(ticks.map(({ symbol, time, price }) => [symbol, time, price]), [
      ["cpu.usage_idle:host=a", NOW, 98.1],
      ["cpu.usage_idle:host=a", NOW, 98.1],
    ]);
  });

  test("A body in gzip is unpacked", async () => {
    const server = serve();
    const stream = new Blob([POINT]).stream().pipeThrough(new CompressionStream("gzip"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    const response = await write(server, "/write", bytes, { "content-encoding": "gzip" });
    assert.equal(response.status, 204);
    assert.equal((await server.get("/ticks")).length, 1);
  });

  test("A request with a bad line adds nothing, and each version is told in its own words", async () => {
    const server = serve();
    const body = `${POINT}cpu usage_idle=oops\n`;
    const words = /^Cannot read ticks: line 2: field "usage_idle": "oops" is neither/;
    const first = await write(server, "/write", body);
    const { error, ...rest } = await first.json();
    assert.deepEqual([first.status, rest], [400, {}]);
    assert.match(error, words);
    const second = await write(server, "/api/v2/write", body);
    const { code, message } = await second.json();
    assert.deepEqual([second.status, code], [400, "invalid"]);
    assert.match(message, words);
    assert.equal((await write(server, "/api/v2/write?precision=years", POINT)).status, 400);
    assert.deepEqual(await server.get("/ticks"), []);
  });

  test("A body that is too large is 413 in the form of version 2", async () => {
    const server = serve("--body-max", "10");
    const response = await write(server, "/api/v2/write", POINT);
    assert.equal(response.status, 413);
    assert.equal((await response.json()).code, "request too large");
  });

  test("/ping and /health answer as writers expect", async () => {
    const server = serve();
    for (const method of ["GET", "HEAD"]) {
      const ping = await server.request("/ping", { method });
      assert.equal(ping.status, 204);
      assert.match(ping.headers.get("x-influxdb-version")!, /^1\.8/);
    }
    assert.equal((await server.get<{ status: string }>("/health")).status, "pass");
  });
});
