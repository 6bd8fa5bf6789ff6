import assert from "node:assert/strict";
import { chmodSync, copyFileSync, existsSync, writeFileSync } from "node:fs";
import { connect as connectTls } from "node:tls";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { trusting } from "../../src/runtime/trust.ts";
import { loadClient } from "../../src/feeds/client_module.ts";
import { exportHistory } from "../../src/terminal/export.ts";
import { send as sendFile } from "../../src/terminal/send.ts";
import { watch } from "../../src/terminal/watch.ts";
import { CHROMIUM } from "../helpers/chromium.mjs";
import { Authority, type Leaf, NO_OPENSSL, tlsFlags } from "../helpers/authority.ts";
import { Client } from "../helpers/client.ts";
import { runProgram } from "../helpers/command.ts";
import { ServerProcess } from "../helpers/process.ts";
import { startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";
import { FakeTerminal } from "../terminal/fake_terminal.ts";

const ON_BUN = process.versions["bun"] !== undefined;
const PATIENCE = { timeout: 120_000, skip: NO_OPENSSL };
const NO_CHROMIUM = existsSync(CHROMIUM) ? false : "needs Chromium";
const CONNECTIONS = 200;
const json = { "content-type": "application/json" };

const program = (name: string) => fileURLToPath(new URL(`tls/${name}`, import.meta.url).href);
const tick = (price: number) => JSON.stringify({ symbol: "BTC/USD", price });

describe("TLS", { skip: NO_OPENSSL }, () => {
  let authority: Authority;
  let leaf: Leaf;
  let server: TestServer;
  let reach: ReturnType<typeof trusting>;

  const start = (pair: Leaf, ...flags: string[]) =>
    startServer("--feed", "none", ...tlsFlags(pair), ...flags);
  const post = (price: number, to = server) =>
    reach.fetch(`${to.http}/ticks`, { method: "POST", headers: json, body: tick(price) });

  before(async () => {
    authority = new Authority();
    leaf = authority.leaf();
    reach = trusting(authority.ca);
    server = await start(leaf, "--allowed-host", "ticks.example", "--redirect-port", "0");
    assert.equal((await post(64_000)).status, 200);
  });
  after(async () => {
    await ServerProcess.endAll();
    await server?.stop();
    authority?.remove();
  });

  it("is accepted in its modern versions, and no other", PATIENCE, async () => {
    const ask = async (version: string) => {
      const { output, complaint } = await runProgram("openssl", [
        ...["s_client", "-connect", `127.0.0.1:${server.port}`, "-servername", "localhost"],
        ...["-CAfile", authority.ca, "-verify_return_error", version],
        ...["-cipher", "ALL:@SECLEVEL=0"],
      ]);
      return /^New, (TLSv[\d.]+), Cipher is /m.exec(output)?.[1] ??
        /alert [\w ]+/.exec(complaint)?.[0];
    };
    assert.equal(await ask("-tls1_3"), "TLSv1.3");
    assert.equal(await ask("-tls1_2"), "TLSv1.2");
    for (const old of ["-tls1", "-tls1_1"]) assert.match(await ask(old) ?? "", /^alert /);
  });

  it("works for requests and WebSockets of this runtime", PATIENCE, async () => {
    const response = await reach.fetch(`${server.http}/snapshot`);
    assert.equal((await response.json())[0].price, 64_000);
    const client = await Client.connect(`${server.ws}/ws?symbol=BTC/USD`, reach.WebSocket);
    assert.equal((await client.next()).op, "subscribed");
    await client.close();
  });

  it("is trusted by Python's ssl with that authority, and not without", PATIENCE, async () => {
    const args = [program("client.py"), "localhost", String(server.port)];
    const { output, complaint } = await runProgram("python3", [...args, authority.ca]);
    assert.deepEqual(JSON.parse(output || complaint), {
      version: "TLSv1.3",
      status: 200,
      name: "leaf1",
    });
    const stranger = new Authority();
    const refused = await runProgram("python3", [...args, stranger.ca]);
    stranger.remove();
    assert.match(refused.complaint, /CERTIFICATE_VERIFY_FAILED/);
  });

  it("works with ccxt over https and wss", PATIENCE, async () => {
    const env = { NODE_EXTRA_CA_CERTS: authority.ca };
    const running = runProgram("node", [program("ccxt.mjs"), server.http], { env });
    const { output, complaint } = await running;
    assert.deepEqual(JSON.parse(output || complaint), { last: 64_000, watched: 64_000 });
  });

  it("shows the page in Chromium with a private authority", {
    ...PATIENCE,
    skip: NO_OPENSSL || NO_CHROMIUM,
  }, async () => {
    const whole = await start(authority.chain(leaf));
    assert.equal((await post(64_000, whole)).status, 200);
    const origin = whole.http.replace("127.0.0.1", "localhost");
    const args = [program("chromium.mjs"), origin, authority.fingerprint, "BTC/USD"];
    const { output, complaint } = await runProgram("node", args);
    assert.notEqual(output, "", complaint);
    const { isSecure, sockets, messages } = JSON.parse(output);
    assert.deepEqual([isSecure, messages], [true, []]);
    assert.match(sockets[0], /^wss:/);
    await whole.stop();
  });

  it("tells browsers to use only TLS, under the public host names", PATIENCE, async () => {
    const hsts = async (host: string, path = "/healthz") => {
      const options = { host: "127.0.0.1", port: server.port, rejectUnauthorized: false };
      const socket = connectTls(options);
      let text = "";
      socket.setEncoding("utf8").on("data", (part: string) => text += part);
      const upgrade = path === "/healthz" ? "" : "Connection: Upgrade\r\nUpgrade: websocket\r\n";
      socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${upgrade}\r\n`);
      await until("it answers", () => text.includes("\r\n\r\n"));
      socket.destroy();
      return /^strict-transport-security: (.+?)\r?$/im.exec(text)?.[1];
    };
    assert.equal(await hsts("ticks.example"), "max-age=31536000");
    assert.equal(await hsts("ticks.example:443", "/nowhere"), "max-age=31536000");
    for (const own of ["localhost:1", "127.0.0.1", "[::1]"]) {
      assert.equal(await hsts(own), undefined);
    }
  });

  it("is the target of redirects of plain requests for this server", PATIENCE, async () => {
    const at = `http://127.0.0.1:${server.redirectPort}`;
    const options = { redirect: "manual", method: "POST", body: "x" } as const;
    const response = await fetch(`${at}/ticks?a=b%20c`, options);
    assert.equal(response.status, 308);
    const location = response.headers.get("location");
    assert.equal(location, `https://127.0.0.1:${server.port}/ticks?a=b%20c`);
    const { output } = await runProgram("python3", [
      "-c",
      [
        "import http.client, sys",
        "c = http.client.HTTPConnection('127.0.0.1', int(sys.argv[1]))",
        "c.request('GET', '/', headers={'Host': 'evil.example'})",
        "r = c.getresponse(); print(r.status, r.getheader('location'))",
      ].join("\n"),
      String(server.redirectPort),
    ]);
    assert.equal(output.trim(), "403 None");
  });

  it("works for watch, send, export and a relay, with --ca", PATIENCE, async () => {
    const known = { url: server.http, ca: authority.ca };
    const file = authority.path("ticks.ndjson");
    writeFileSync(file, `${tick(1)}\n${tick(2)}\n`);
    await sendFile(new FakeTerminal(), { ...known, file, batch: 10 });
    const exported = new FakeTerminal();
    await exportHistory(exported, { ...known, format: "ndjson" });
    assert.match(exported.output || new TextDecoder().decode(exported.bytes[0]), /"price":2\b/);
    const watching = new FakeTerminal();
    const options = { symbols: [], once: false, json: true, every: 50 };
    const watched = watch(watching, { ...known, ...options });
    await until("it is shown", () => watching.output.includes('"price":2,'));
    watching.interrupt();
    await watched;
    const relay = await startServer("--feed", `tickwire:${server.ws}/ws?ca=${authority.ca}`);
    const relayed = async () => (await (await fetch(`${relay.http}/snapshot`)).json())[0]?.price;
    await until("it has come over", relayed, (price) => price === 2);
    await relay.stop();
    await post(64_000);
  });

  it("reports what is wrong with a certificate", PATIENCE, async () => {
    const said = async (url: string, ca?: string) => {
      const once = { symbols: [], once: true, json: false, every: 50 };
      const error = await watch(new FakeTerminal(), { url, ca, ...once }).catch((error) => error);
      return error.message as string;
    };
    assert.match(await said(server.http), /no known authority has signed it.*--ca$/);
    const elsewhere = await start(authority.leaf("DNS:elsewhere.example"));
    assert.match(await said(elsewhere.http, authority.ca), /it is for another host$/);
    assert.match(await said(server.http.replace("https", "http")), /^Cannot reach http:/);
    const plain = await startServer("--feed", "none");
    assert.match(await said(plain.http.replace("http", "https")), /does not speak TLS/);
    const relay = await startServer("--feed", `tickwire:${server.ws}/ws`);
    const log = () => relay.log.join("\n");
    await until("it is told", log, (log) => /no known authority has signed it/.test(log));
    for (const each of [relay, plain, elsewhere]) await each.stop();
    assert.match(await said(server.http, authority.path("none.pem")), /there is no such file$/);
    assert.match(await said(server.http, leaf.key), /there is no certificate in it$/);
  });

  it("does not start with unusable files", PATIENCE, async () => {
    const other = authority.leaf();
    const copy = authority.path("unreadable.key");
    copyFileSync(leaf.key, copy);
    chmodSync(copy, 0);
    const refused: [Leaf, RegExp][] = [
      [{ ...leaf, key: other.key }, /leaf\d+\.key: it is not the key of the certificate in/],
      [authority.leaf("DNS:localhost", -1), /it expired on \d{4}-/],
      [{ ...leaf, cert: authority.path("gone.pem") }, /gone\.pem: there is no such file/],
      [{ ...leaf, key: leaf.cert }, /there is no private key in it/],
      [{ ...leaf, cert: leaf.key }, /there is no certificate in it/],
    ];
    // As root, file permissions have no effect.
    if (process.getuid?.() !== 0) refused.push([{ ...leaf, key: copy }, /no right to read it/]);
    for (const [pair, words] of refused) {
      await assert.rejects(start(pair), words);
    }
    const flags = ["--tape", "memory", "--feed", "none"];
    const { exit, log } = await ServerProcess.refused(...flags, "--tls-cert", leaf.cert);
    assert.deepEqual([exit.code, log.trim()], [
      1,
      "Cannot use --tls-cert: it needs --tls-key as well",
    ]);
  });

  it("keeps its certificate when the new one is unusable", PATIENCE, async () => {
    const [cert, key] = [authority.path("kept.pem"), authority.path("kept.key")];
    copyFileSync(leaf.cert, cert);
    copyFileSync(leaf.key, key);
    const kept = await start({ cert, key });
    copyFileSync(authority.leaf().cert, cert);
    await kept.renew();
    await kept.renew();
    assert.equal(kept.log.filter((line) => /valid only until \d{4}-/.test(line)).length, 1);
    assert.match(
      kept.log.join("\n"),
      /is not the key of the certificate .*the old certificate stays/,
    );
    assert.equal((await reach.fetch(`${kept.http}/healthz`)).status, 200);
    await kept.stop();
  });

  for (const how of ON_BUN ? ["by itself", "on SIGHUP"] : ["on SIGHUP"]) {
    it(
      `loads a renewed certificate ${how} with ${CONNECTIONS} connections`,
      PATIENCE,
      async () => {
        const [cert, key] = [authority.path("live.pem"), authority.path("live.key")];
        const put = ({ cert: from, key: fromKey }: Leaf) => {
          copyFileSync(from, cert);
          copyFileSync(fromKey, key);
        };
        put(leaf);
        const child = await ServerProcess.start("--tape", "memory", "--feed", "none", ...[
          ...tlsFlags({ cert, key }),
        ]);
        const { connect } = await loadClient();
        const states: string[] = [];
        const prices = Array.from({ length: CONNECTIONS }, () => [] as unknown[]);
        let replies = 0;
        const clients = prices.map((seen) => {
          const told = {
            ...reach,
            onState: ({ kind }: { kind: string }) => void states.push(kind),
          };
          const client = connect(`${child.ws}/ws`, told);
          client.subscribe({ symbols: ["*"] }, {
            onReply: () => replies++,
            onRows: (rows) => seen.push(...rows.map(({ price }) => price)),
          });
          return client;
        });
        const send = (price: number) =>
          reach.fetch(`${child.http}/ticks`, { method: "POST", headers: json, body: tick(price) });
        const all = (expected: number[]) =>
          until(
            "everybody has seen them",
            () => prices,
            (prices) => prices.every((seen) => seen.join() === expected.join()),
          );
        await until("all are subscribed", () => replies === CONNECTIONS);
        await send(1);
        await all([1]);
        const renewed = authority.leaf();
        put(renewed);
        if (how === "on SIGHUP") process.kill(child.pid, "SIGHUP");
        const served = () => nameOf(child.http);
        await until(
          "the new one is served",
          served,
          (name) => renewed.cert.includes(`${name}.pem`),
        );
        await send(2);
        await all([1, 2]);
        // On Bun no client was disturbed; on Deno clients have reconnected, and missed nothing.
        if (ON_BUN) assert.ok(!states.includes("waiting"));
        for (const client of clients) client.close();
        await child.end("SIGTERM");
      },
    );
  }
});

/** The name in a server's certificate. */
function nameOf(http: string): Promise<string> {
  const { hostname: host, port } = new URL(http);
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port: Number(port), rejectUnauthorized: false }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    }).on("error", reject);
  });
}
