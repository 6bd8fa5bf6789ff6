import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { trusting } from "../../src/runtime/trust.ts";
import { Authority, type Leaf, NO_OPENSSL } from "../helpers/authority.ts";
import { Client } from "../helpers/client.ts";
import { runProgram } from "../helpers/command.ts";
import { freePort } from "../helpers/free_port.mjs";
import { send, startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url).href);
const text = (path: string) => readFileSync(at(path), "utf8");
const lacks = (program: string, ...args: string[]) =>
  NO_OPENSSL || (spawnSync(program, args).error === undefined ? false : `needs ${program}`);
const NO_CADDY = lacks("caddy", "version");
const NO_NGINX = lacks("nginx", "-v");
const NO_PROMTOOL = lacks("promtool", "--version");
const NO_SYSTEMD = lacks("systemd-analyze", "--version");

/** nginx workers run as another user, who must not read the test's folders. */
const AS_ROOT = process.getuid?.() === 0 ? "user root; " : "";

/** The configurations of one kind in docs/deploy.md. */
function examples(kind: string): string[] {
  const blocks = text("docs/deploy.md").matchAll(
    new RegExp(`^\`\`\`${kind}\\n([^]*?)^\`\`\``, "gm"),
  );
  return [...blocks].map(([, block]) => block!);
}

describe("Behind a proxy", { skip: NO_OPENSSL }, () => {
  const folder = mkdtempSync(join(tmpdir(), "tickwire-deploy-"));
  let authority: Authority;
  let leaf: Leaf;
  let server: TestServer;
  const running: ChildProcess[] = [];

  before(async () => {
    authority = new Authority();
    leaf = authority.leaf("DNS:localhost,DNS:ticks.example.com");
    server = await startServer("--feed", "none", "--public-url", "https://ticks.example.com");
    await send(server, [{ symbol: "A", price: 1 }]);
  });
  after(async () => {
    for (const child of running) child.kill("SIGTERM");
    await server?.stop();
    authority?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const file = (name: string, content: string) => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };

  async function caddy(example: string): Promise<string> {
    const [port, http] = [await freePort(), await freePort()];
    const sites = ["localhost", "ticks.example.com"].map((name) => `https://${name}:${port}`);
    const own = example.replace(/^\S+ \{/, `${sites.join(", ")} {\n\ttls ${leaf.cert} ${leaf.key}`)
      .replaceAll("127.0.0.1:5050", `127.0.0.1:${server.port}`);
    const path = file(`Caddyfile.${port}`, `{\n\tadmin off\n\thttp_port ${http}\n}\n${own}`);
    const env = { ...process.env, HOME: folder, XDG_DATA_HOME: folder, XDG_CONFIG_HOME: folder };
    const args = ["run", "--adapter", "caddyfile", "--config", path];
    running.push(spawn("caddy", args, { env, stdio: "ignore" }));
    return `https://localhost:${port}`;
  }

  async function nginx(example: string): Promise<string> {
    const port = await freePort();
    const own = example.replace("listen 443 ssl", `listen 127.0.0.1:${port} ssl`)
      .replaceAll("127.0.0.1:5050", `127.0.0.1:${server.port}`)
      .replace(/ssl_certificate \S+;/, `ssl_certificate ${leaf.cert};`)
      .replace(/ssl_certificate_key \S+;/, `ssl_certificate_key ${leaf.key};`);
    const temp = join(folder, `nginx.${port}`);
    mkdirSync(temp);
    const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${temp}/${name};`).join(" ");
    const path = file(
      `nginx.${port}.conf`,
      `${AS_ROOT}daemon off; pid ${temp}/pid; error_log ${temp}/error.log; events {}\n` +
        `http { access_log off; ${places}\n${own} }`,
    );
    running.push(spawn("nginx", ["-c", path, "-p", temp], { stdio: "ignore" }));
    return `https://localhost:${port}`;
  }

  /** Checks what a client needs of a proxy. */
  async function serves(base: string): Promise<void> {
    const reach = trusting(authority.ca);
    const isUp = async () => (await reach.fetch(`${base}/healthz`)).ok;
    await until("the proxy is up", isUp);
    const page = await reach.fetch(`${base}/`);
    const script = /src="([^":]+\.js)"/.exec(await page.text())![1]!;
    assert.equal((await reach.fetch(new URL(script, `${base}/`))).status, 200, script);
    const client = await Client.connect(`${base.replace("http", "ws")}/ws`, reach.WebSocket);
    client.send({ op: "subscribe", symbols: ["A"] });
    assert.equal((await client.next()).op, "subscribed");
    const events = await reach.fetch(`${base}/stream?symbol=A`);
    const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
    let heard = "";
    const hears = async (what: RegExp) => {
      while (!what.test(heard)) heard += (await reader.read()).value ?? assert.fail("it ended");
    };
    await hears(/"op":"subscribed"/);
    await send(server, [{ symbol: "A", price: 2 }]);
    // The proxy does not hold it back until more comes.
    await hears(/"op":"data".*"price":2\b/);
    assert.equal((await client.next()).rows[0].price, 2);
    await client.close();
    await reader.cancel();
    const ticks = Array.from(
      { length: 40_000 },
      (_, n) => ({ symbol: "BATCH", time: n + 1e12, price: n }),
    );
    const body = JSON.stringify(ticks);
    assert.ok(body.length > 1_900_000);
    const headers = { "content-type": "application/json" };
    const posted = await reach.fetch(`${base}/ticks`, { method: "POST", headers, body });
    assert.equal((await posted.json()).accepted, ticks.length);
    // By the public name, and from a page of that name.
    const port = new URL(base).port;
    const { output } = await runProgram("curl", [
      ...["-sS", "--cacert", authority.ca, "-D", "-", "-o", "-"],
      ...["--resolve", `ticks.example.com:${port}:127.0.0.1`],
      ...[
        "-H",
        `Origin: https://ticks.example.com:${port}`,
        "-H",
        "content-type: application/json",
      ],
      ...[
        "-d",
        '{"symbol":"A","price":3}',
        base.replace("localhost", "ticks.example.com") + "/ticks",
      ],
    ]);
    if (!base.endsWith("/live")) assert.match(output, /"accepted":1/);
  }

  it("Caddy, at a host name of its own", { skip: NO_CADDY }, async () => {
    await serves(await caddy(examples("caddyfile")[0]!));
  });

  it("Caddy, at a path of its own", { skip: NO_CADDY }, async () => {
    await serves(`${await caddy(examples("caddyfile")[1]!)}/live`);
  });

  it("nginx, at a host name of its own", { skip: NO_NGINX }, async () => {
    await serves(await nginx(examples("nginx")[0]!));
  });

  it("nginx, at a path of its own", { skip: NO_NGINX }, async () => {
    const example = examples("nginx")[0]!.replace("location / {", "location /live/ {")
      .replace(/proxy_pass (\S+);/, "proxy_pass $1/;");
    await serves(`${await nginx(example)}/live`);
  });
});

describe("What is given along for operators", () => {
  /** Names of a server's metrics, without the suffixes of histograms. */
  async function told(): Promise<Set<string>> {
    const folder = mkdtempSync(join(tmpdir(), "tickwire-deploy-"));
    const tape = ["--tape", `sqlite:${folder}/tape.db`, "--backup-dir", `${folder}/backups`];
    const server = await startServer("--feed", "none", ...tape);
    const metrics = await (await fetch(`${server.http}/metrics`)).text();
    await server.stop();
    rmSync(folder, { recursive: true });
    // A server with a shared log has more metrics.
    const shared = [...text("src/http/metric_registry.ts").matchAll(/"(log_\w+)"/g)];
    const own = [...metrics.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name!);
    return new Set([...own, ...shared.map(([, name]) => `tickwire_${name}`)]);
  }
  const named = (queries: string) =>
    [...queries.matchAll(/\btickwire_\w+/g)].map(([name]) => name.replace(/_bucket$/, ""));

  it("Alerts and dashboards use existing metrics", async () => {
    const names = await told();
    for (const path of ["deploy/prometheus-rules.yml", "deploy/grafana-dashboard.json"]) {
      const asked = named(text(path));
      assert.ok(asked.length > 5);
      assert.deepEqual(asked.filter((name) => !names.has(name)), [], path);
    }
    const { panels } = JSON.parse(text("deploy/grafana-dashboard.json"));
    assert.equal(new Set(panels.map(({ id }: { id: number }) => id)).size, panels.length);
  });

  it("docs/operate.md describes exactly the alerts", () => {
    const alarms = [...text("deploy/prometheus-rules.yml").matchAll(/alert: (\w+)/g)];
    const rows = [...text("docs/operate.md").matchAll(/^\| `(Tickwire\w+)`/gm)];
    const nameOf = ([, name]: RegExpMatchArray) => name;
    assert.deepEqual(rows.map(nameOf), alarms.map(nameOf));
  });

  it("Tests named in the documents exist", () => {
    for (const path of ["docs/operate.md", "docs/deploy.md", "SECURITY.md"]) {
      const tests = [...text(path).matchAll(/`(tests\/[\w/.]+)`/g)];
      assert.ok(tests.length > 0);
      for (const [, name] of tests) assert.ok(text(name!).length > 0, name!);
    }
  });

  it("Prometheus accepts the rules and dashboard queries", { skip: NO_PROMTOOL }, async () => {
    const { code, output, complaint } = await runProgram("promtool", [
      ...["check", "rules", at("deploy/prometheus-rules.yml")],
    ]);
    assert.equal(code, 0, output + complaint);
    const folder = mkdtempSync(join(tmpdir(), "tickwire-deploy-"));
    const { panels } = JSON.parse(text("deploy/grafana-dashboard.json"));
    const queries: string[] = panels.flatMap(({ targets }: { targets: { expr: string }[] }) =>
      targets.map(({ expr }) => expr.replaceAll("$__rate_interval", "1m"))
    );
    const rules = queries.map((expr, n) => ({ record: `query_${n}`, expr }));
    const path = join(folder, "queries.yml");
    writeFileSync(path, JSON.stringify({ groups: [{ name: "queries", rules }] }));
    const checked = await runProgram("promtool", ["check", "rules", path]);
    assert.equal(checked.code, 0, checked.output + checked.complaint);
    rmSync(folder, { recursive: true });
  });

  it("systemd accepts the unit, and rates its exposure as low", { skip: NO_SYSTEMD }, async () => {
    const folder = mkdtempSync(join(tmpdir(), "tickwire-deploy-"));
    const path = join(folder, "tickwire.service");
    // The program does not have to be installed.
    writeFileSync(
      path,
      text("deploy/tickwire.service").replace("/usr/local/bin/tickwire", "/bin/true"),
    );
    const verified = await runProgram("systemd-analyze", ["verify", path]);
    assert.deepEqual([verified.code, verified.complaint], [0, ""]);
    const args = ["security", "--offline=true", "--threshold=20", path];
    const { code, output } = await runProgram("systemd-analyze", args);
    assert.equal(code, 0, output.slice(-200));
    rmSync(folder, { recursive: true });
  });
});
