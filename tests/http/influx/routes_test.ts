import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NOW, serve, type TestApp } from "../serve.ts";

const write = (server: TestApp, path: string, body: string | Uint8Array, headers = {}) =>
  server.request(path, {
    method: "POST",
    headers: { "content-type": "text/plain; charset=utf-8", ...headers },
    body: body as BodyInit,
  });
const POINT = `cpu,host=a usage_idle=98.1,note="x" ${NOW}000000\n`;

describe("Writers of InfluxDB", () => {
  test("The write routes of both versions answer 204 with the counts", async () => {
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

  test("A gzip body is unpacked", async () => {
    const server = serve();
    const stream = new Blob([POINT]).stream().pipeThrough(new CompressionStream("gzip"));
    const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
    const response = await write(server, "/write", bytes, { "content-encoding": "gzip" });
    assert.equal(response.status, 204);
    assert.equal((await server.get("/ticks")).length, 1);
  });

  test("Good lines of a batch with bad lines are taken, and each version has its own form of error", async () => {
    const server = serve();
    const body = `${POINT}cpu usage_idle=oops\nmem used=1 ${NOW}000000\ncpu\n`;
    const words = "partial write: unable to parse 'cpu usage_idle=oops': line 2: " +
      'field "usage_idle": "oops" is neither number, boolean nor text dropped=2';
    const first = await write(server, "/write", body);
    assert.deepEqual([first.status, await first.json()], [400, { error: words }]);
    const second = await write(server, "/api/v2/write", body);
    assert.deepEqual(
      [second.status, await second.json()],
      [400, { code: "invalid", message: words, line: 2 }],
    );
    for (const [index, { headers }] of [first, second].entries()) {
      assert.equal(headers.get("tickwire-accepted"), "2");
      assert.equal(headers.get("tickwire-skipped"), "1");
      assert.match(headers.get("tickwire-position")!, new RegExp(`:${2 * index + 2}$`));
    }
    const ticks = await server.get("/ticks");
    assert.deepEqual(ticks.map(({ symbol }) => symbol).slice(2), [
      "cpu.usage_idle:host=a",
      "mem.used",
    ]);
    assert.equal((await write(server, "/api/v2/write?precision=years", POINT)).status, 400);
    assert.equal((await server.get("/ticks")).length, 4);
  });

  test("The tags of an agent fit into a symbol, and a line with too long tags costs no other line", async () => {
    const server = serve();
    const tags = "host=server01,region=eu-west-1,datacenter=frankfurt-2,rack=rack-17";
    const usual = `cpu,${tags} usage_idle=98.1\nmem,${tags} used=1\n`;
    assert.equal((await write(server, "/write", usual)).status, 204);
    const long = `cpu,${tags},note=${"x".repeat(255)} usage_idle=98.1`;
    const response = await write(server, "/write", `${usual}${long}\n${usual}`);
    const { error } = await response.json();
    assert.equal(response.status, 400);
    assert.match(error, /^partial write: .+: line 3: .+ at most 255 characters dropped=1$/);
    assert.equal((await server.get("/ticks")).length, 6);
  });

  test("A batch without a good line changes nothing and does not use its key", async () => {
    const server = serve();
    const key = { "idempotency-key": "k" };
    const first = await write(server, "/write", "# c\ncpu\ncpu x=oops", key);
    const words = "unable to parse 'cpu': line 2: the fields are missing";
    assert.deepEqual([first.status, await first.json()], [400, { error: words }]);
    assert.equal(first.headers.get("tickwire-position"), null);
    const second = await write(server, "/api/v2/write", "\ncpu", key);
    assert.deepEqual(await second.json(), { code: "invalid", message: words, line: 2 });
    assert.deepEqual(await server.get("/ticks"), []);
    assert.equal((await write(server, "/write", POINT, key)).status, 204);
    assert.equal((await server.get("/ticks")).length, 1);
  });

  test("A key makes the retry of a partial write safe, with the same answer", async () => {
    const server = serve();
    const key = { "idempotency-key": "k" };
    const told: unknown[] = [];
    for (let round = 0; round < 2; round++) {
      const response = await write(server, "/write", `${POINT}cpu\n`, key);
      told.push([
        response.status,
        response.headers.get("tickwire-position"),
        await response.json(),
      ]);
    }
    assert.deepEqual(told[0], told[1]);
    assert.equal((await server.get("/ticks")).length, 1);
  });

  test("A symbol that begins like a formula is a bad line", async () => {
    const server = serve();
    const response = await write(server, "/write", `=cmd x=1\n${POINT}`);
    const { error } = await response.json();
    assert.match(error, /'=cmd x=1': line 1: .+ does not begin with = - or @ dropped=1$/);
    assert.equal((await server.get("/ticks")).length, 1);
  });

  test("A bad line of 1 MiB is quoted in part, and the lines around it are taken", async () => {
    const server = serve();
    const response = await write(server, "/write", `${POINT}${"x".repeat(2 ** 20)}\n${POINT}`);
    const { error } = await response.json();
    assert.equal(response.status, 400);
    assert.match(error, /^partial write: unable to parse 'x{100}…': line 2: .+ dropped=1$/);
    assert.ok(error.length < 250);
    assert.equal((await server.get("/ticks")).length, 2);
  });

  test("A body that is too large is 413 in the form of version 2", async () => {
    const server = serve("--body-max", "10");
    const response = await write(server, "/api/v2/write", POINT);
    assert.equal(response.status, 413);
    assert.equal((await response.json()).code, "request too large");
  });

  test("/ping and /health answer as InfluxDB clients expect", async () => {
    const server = serve();
    for (const method of ["GET", "HEAD"]) {
      const ping = await server.request("/ping", { method });
      assert.equal(ping.status, 204);
      assert.match(ping.headers.get("x-influxdb-version")!, /^1\.8/);
    }
    assert.equal((await server.get<{ status: string }>("/health")).status, "pass");
  });
});
