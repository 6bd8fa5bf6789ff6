import assert from "node:assert/strict";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { startServer, type TestServer } from "../helpers/server.ts";

const ON_BUN = process.versions["bun"] !== undefined;
const UPGRADE = [
  "Connection: Upgrade",
  "Upgrade: websocket",
  "Sec-WebSocket-Version: 13",
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
];

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
}

/** Sends a raw request with only the given headers. */
function ask(port: number, first: string, headers: readonly string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.on("error", reject).on("data", (bytes) => {
      text += bytes;
      const [, length = "0"] = /^content-length: (\d+)/im.exec(text) ?? [];
      const body = text.split("\r\n\r\n")[1];
      if (body === undefined || body.length < Number(length)) return;
      const [, status] = /^HTTP\/1\.1 (\d+)/.exec(text) ?? [];
      resolve({ status: Number(status), code: /"code":"(\w+)"/.exec(text)?.[1] });
      socket.destroy();
    });
    socket.write([first, ...headers, "\r\n"].join("\r\n"));
  });
}

describe("The host that a request names", () => {
  let server: TestServer;
  const body = '{"symbol":"A","price":1}';
  const post = ["Content-Type: application/json", `Content-Length: ${body.length}`];

  before(async () => {
    server = await startServer("--feed", "none", "--allowed-host", "ticks.example");
  });
  after(() => server.stop());

  /** The results of a plain request and of a request for a WebSocket. */
  const both = async (...hosts: string[]) => {
    const lines = hosts.map((host) => `Host: ${host}`);
    const plain = await ask(server.port, "GET /snapshot HTTP/1.1", lines);
    const socket = await ask(server.port, "GET /ws HTTP/1.1", [...lines, ...UPGRADE]);
    return [plain.code ?? plain.status, socket.code ?? socket.status];
  };

  const own = ["localhost", "LOCALHOST:PORT", "localhost.", "localhost.:PORT", "127.0.0.1:PORT"];
  own.push("[::1]:PORT", "[0:0:0:0:0:0:0:1]", "Ticks.Example", "localhost:9999", "[::1]:1");
  for (const host of own) {
    it(`is accepted as the server's own: ${host}`, async () => {
      assert.deepEqual(await both(host.replace("PORT", String(server.port))), [200, 101]);
    });
  }

  const foreign = ["evil.example", "evil.example:PORT", "EVIL.example.", "[::2]:PORT"];
  foreign.push("localhost.evil.example", "evil.example.localhost", "localhost..", "0.0.0.0:PORT");
  for (const host of foreign) {
    it(`is refused as another one's: ${host}`, async () => {
      const given = host.replace("PORT", String(server.port));
      assert.deepEqual(await both(given), ["bad_host", "bad_host"]);
    });
  }

  const none = ["", " ", "localhost, evil.example", "localhost/evil", "evil@localhost"];
  none.push("localhost?", "localhost:x", "[localhost]", "local host", "ü.example");
  for (const host of none) {
    it(`is malformed: ${JSON.stringify(host)}`, async () => {
      assert.deepEqual(await both(host), ["bad_request", "bad_request"]);
    });
  }

  it("is refused when it is repeated, in any order", async () => {
    for (
      const hosts of [["localhost", "evil.example"], ["evil.example", "localhost"], [
        "localhost",
        "localhost",
      ]]
    ) {
      // Deno's server itself refuses it, without a body.
      assert.deepEqual(await both(...hosts), ON_BUN ? ["bad_request", "bad_request"] : [400, 400]);
    }
  });

  it("is present in every request of a browser: Bun refuses a request without it, Deno reads HTTP/2", async () => {
    const { status } = await ask(server.port, "GET /snapshot HTTP/1.1", []);
    assert.equal(status, ON_BUN ? 400 : 200);
  });

  it("may also be in the first line, and must be the server's own there too", async () => {
    const named = (url: string, host: string) =>
      ask(server.port, `GET ${url}/snapshot HTTP/1.1`, [`Host: ${host}`]);
    assert.equal((await named("http://localhost", "localhost")).status, 200);
    assert.equal((await named("http://localhost", "evil.example")).code, "bad_host");
    // Bun's server does not report the first line.
    const { code } = await named("http://evil.example", "localhost");
    assert.equal(code, ON_BUN ? undefined : "bad_host");
  });

  it("prevents a page of that name from writing, even if origin and host are equal", async () => {
    const evil = `evil.example:${server.port}`;
    const headers = [`Host: ${evil}`, `Origin: http://${evil}`];
    const answer = await ask(server.port, "POST /ticks HTTP/1.1", [...headers, ...post, "", body]);
    assert.deepEqual(answer, { status: 403, code: "bad_host" });
    assert.deepEqual(await (await fetch(`${server.http}/symbols`)).json(), []);
    const room = await ask(server.port, "GET /rooms/desk HTTP/1.1", [...headers, ...UPGRADE]);
    assert.equal(room.code, "bad_host");
  });

  it("may be any host for /healthz", async () => {
    const { status } = await ask(server.port, "GET /healthz HTTP/1.1", ["Host: 10.1.2.3:5050"]);
    assert.equal(status, 200);
  });

  it(
    "is in another header in HTTP/2, where it is answered with 421",
    { skip: ON_BUN },
    async () => {
      const client = connectHttp2(server.http);
      const statusOf = (authority: string) =>
        new Promise<number>((resolve, reject) => {
          client.request({ ":path": "/snapshot", ":authority": authority })
            .on("response", (headers) => resolve(Number(headers[":status"]))).on("error", reject)
            .resume().end();
        });
      assert.equal(await statusOf(`localhost:${server.port}`), 200);
      assert.equal(await statusOf(`evil.example:${server.port}`), 421);
      await new Promise<void>((resolve) => client.close(resolve));
    },
  );

  it("is logged once, with the flag that would allow it", () => {
    const lines = server.log.filter((line) => /for the host evil\.example;/.test(line));
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /--allowed-host evil\.example would allow it$/);
  });
});
