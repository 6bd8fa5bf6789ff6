import assert from "node:assert/strict";
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { parseDuration } from "../../src/core/duration.ts";
import { parseStreamSpec } from "../../src/log/stream_spec.ts";
import { Client } from "../helpers/client.ts";
import { runProgram } from "../helpers/command.ts";
import { freePort } from "../helpers/free_port.mjs";
import { natsFault } from "../helpers/nats_server.ts";
import { startServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

// deno-lint-ignore no-explicit-any -- what a file of settings holds
type Document = any;

const at = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url).href);
const text = (path: string) => readFileSync(at(path), "utf8");
const lacks = (program: string, ...args: string[]) =>
  spawnSync(program, args).error === undefined ? false : `needs ${program}`;
const NO_NGINX = lacks("nginx", "-v");
const NO_KUBECTL = lacks("kubectl", "version", "--client");
const folder = mkdtempSync(join(tmpdir(), "tickwire-scale-"));

/** The documents of a YAML file. Bun reads them, because Deno has no YAML reader. */
function yaml(path: string): Document[] {
  const script =
    "process.stdout.write(JSON.stringify(Bun.YAML.parse(await Bun.file(process.argv[1]).text())))";
  const read = execFileSync(at("node_modules/.bin/bun"), ["-e", script, at(path)]);
  return [JSON.parse(String(read))].flat();
}

interface Setting {
  readonly value: Document;
  readonly source: string;
}

/** The output of `tickwire --check` for flags and an environment, which must all be used. */
async function checked(
  flags: readonly string[],
  given: Record<string, string>,
): Promise<Record<string, Setting>> {
  const runtime = process.versions["deno"] === undefined ? [] : ["run", "-A", "--quiet"];
  // Secrets are elsewhere.
  const env = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [name, value.replace(/^\$\{.*\}$/, "secret")]),
  );
  const args = [...runtime, at("src/main.ts"), "--check", ...flags];
  const { code, output, complaint } = await runProgram(process.execPath, args, { env });
  assert.equal(code, 0, complaint);
  const { settings } = JSON.parse(output) as { settings: Record<string, Setting> };
  for (const name of Object.keys(env)) {
    const setting = name.replace("TICKWIRE_", "").toLowerCase().replaceAll("_", "-");
    assert.equal(settings[setting]?.source, "environment", name);
  }
  return settings;
}

/** Settings of the image, which every replica has besides its own. */
function imageEnvironment(): Record<string, string> {
  const [, given] = /^ENV (.+)$/m.exec(text("Dockerfile"))!;
  return Object.fromEntries(given!.split(" ").map((each) => each.split("=") as [string, string]));
}

/** Checks that one document is a part of another. */
function assertContains(found: Document, expected: Document, place: string): void {
  if (typeof expected !== "object") return assert.equal(found, expected, place);
  for (const [name, value] of Object.entries(expected)) {
    assertContains(found?.[name], value, `${place}.${name}`);
  }
}

after(() => rmSync(folder, { recursive: true, force: true }));

describe("deploy/compose.yaml", () => {
  const [compose] = yaml("deploy/compose.yaml");
  const services: Record<string, Document> = compose.services;
  const named = (kind: string) => Object.keys(services).filter((name) => name.startsWith(kind));
  const [replicas, brokers] = [named("tickwire-"), named("nats-")];

  it("tickwire accepts the settings of each replica, and all replicas have the same", async () => {
    assert.deepEqual([replicas.length, brokers.length], [3, 3]);
    const { command, environment, stop_grace_period: grace } = services[replicas[0]!];
    for (const name of replicas) {
      assert.deepEqual([services[name].command, services[name].environment], [
        ...[command, environment],
      ]);
    }
    const settings = await checked(command, { ...imageEnvironment(), ...environment });
    assert.equal(settings["host"]!.value, "0.0.0.0");
    assert.ok(settings["drain"]!.value + 10_000 < parseDuration(grace)!);
    const log = parseStreamSpec(settings["log"]!.value);
    assert.deepEqual(log.servers, brokers.map((name) => `${name}:4222`));
    assert.equal(log.replicas, brokers.length);
  });

  it("Files, volumes, networks and services that it names exist", () => {
    const kept = new Set<string>();
    for (const [name, { volumes = [], networks, depends_on = [] }] of Object.entries(services)) {
      for (const volume of volumes as string[]) {
        const [from] = volume.split(":") as [string];
        if (from.startsWith("./")) assert.ok(existsSync(join(at("deploy"), from)), volume);
        else {
          assert.ok(from in compose.volumes && !kept.has(from), volume);
          kept.add(from);
        }
      }
      for (const network of networks) assert.ok(network in compose.networks, `${name}: ${network}`);
      for (const other of depends_on) assert.ok(other in services, `${name}: ${other}`);
      const mounts = (volumes as string[]).filter((volume) => volume.endsWith(":/data"));
      assert.equal(mounts.length, name === "nginx" ? 0 : 1, name);
    }
    assert.deepEqual([...kept].sort(), Object.keys(compose.volumes).sort());
    assert.equal(dirname(imageEnvironment()["TICKWIRE_TAPE"]!.replace("sqlite:", "")), "/data");
    assert.ok(existsSync(resolve(at("deploy"), services[replicas[0]!].build, "Dockerfile")));
  });

  it("nats-server accepts its settings", { skip: natsFault() ?? false }, async () => {
    const { output, complaint } = await runProgram("nats-server", ["--version"]);
    const isOld = /v2\.[0-9]\./.test(output + complaint);
    const conf = text("deploy/nats.conf");
    for (const name of brokers) {
      assert.ok(conf.includes(`nats://${name}:6222`), name);
      assert.deepEqual(services[name].command.slice(0, 2), ["--config", "/etc/nats/nats.conf"]);
      const path = join(folder, "nats.conf");
      // Before 2.10 this setting did not exist.
      writeFileSync(path, isOld ? conf.replace(/^\s*sync_interval.*\n/m, "") : conf);
      const args = ["-t", "--config", path, ...services[name].command.slice(2)];
      const { code, complaint } = await runProgram("nats-server", args);
      assert.equal(code, 0, complaint);
    }
    assert.equal(conf.match(/nats:\/\/\S+:6222/g)!.length, brokers.length);
  });

  describe("nginx before the replicas", { skip: NO_NGINX }, () => {
    const conf = text("deploy/nginx.conf");
    const running: ChildProcess[] = [];
    after(() => running.forEach((child) => child.kill("SIGTERM")));

    /** The file with other addresses in it. @param ports of the replicas */
    async function started(ports: readonly number[]): Promise<string> {
      const port = await freePort();
      const temp = join(folder, `nginx.${port}`);
      mkdirSync(temp);
      const places = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((name) => `${name}_temp_path ${temp}/${name};`).join(" ");
      const own = replicas.reduce(
        (conf, name, index) => conf.replace(`${name}:5050`, `127.0.0.1:${ports[index]}`),
        conf.replace("http {", `http { ${places}`).replace("listen 8080", `listen ${port}`)
          .replace("worker_processes auto", "worker_processes 1")
          .replace("error_log /dev/stderr", `error_log ${temp}/error.log`),
      );
      assert.doesNotMatch(own, /tickwire-\d/);
      const path = join(temp, "nginx.conf");
      writeFileSync(path, own);
      // Its workers run as another user, who must not read the test's folders.
      const user = process.getuid?.() === 0 ? "user root; " : "";
      const args = ["-c", path, "-p", temp, "-g", `${user}pid ${temp}/pid;`];
      const { code, complaint } = await runProgram("nginx", [...args, "-t"]);
      assert.equal(code, 0, complaint);
      args[args.length - 1] += " daemon off;";
      running.push(spawn("nginx", args, { stdio: "ignore" }));
      return `http://127.0.0.1:${port}`;
    }

    it("Its upstreams are the replicas of compose.yaml", () => {
      const upstreams = [...conf.matchAll(/server (\S+):(\d+) max_fails/g)];
      assert.deepEqual(upstreams.map(([, name]) => name), replicas);
      for (const [, , port] of upstreams) assert.equal(port, "5050");
      assert.match(conf, new RegExp(`listen ${services["nginx"].ports[0].split(":")[1]};`));
    });

    it("One replica serves all requests while another is away and a third is not ready", async () => {
      const unready = createServer((_, response) => response.writeHead(503).end("{}"));
      await new Promise<void>((done) => unready.listen(0, "127.0.0.1", done));
      const server = await startServer("--feed", "none");
      const away = await freePort();
      const base = await started([away, (unready.address() as AddressInfo).port, server.port]);
      const isUp = async () => (await fetch(`${base}/readyz`)).ok;
      await until("nginx is up", () => isUp().catch(() => false));
      for (let count = 0; count < 6; count++) assert.equal(await isUp(), true);
      const headers = { "content-type": "application/json" };
      const send = () =>
        fetch(`${base}/ticks`, { method: "POST", headers, body: '{"symbol":"A","price":1}' });
      // A refused write is not sent to another replica: the sender repeats it.
      await until("a batch is taken", async () => (await send()).ok);
      const client = await Client.connect(`${base.replace("http", "ws")}/ws?symbol=A`);
      assert.equal((await client.next()).op, "subscribed");
      const events = await fetch(`${base}/stream?symbol=A`);
      const reader = events.body!.pipeThrough(new TextDecoderStream()).getReader();
      assert.match((await reader.read()).value ?? "", /"op":"subscribed"/);
      await until("another is taken", async () => (await send()).ok);
      assert.equal((await client.next(({ op }) => op === "data")).rows[0].symbol, "A");
      assert.match((await reader.read()).value ?? "", /"op":"data"/);
      const room = await Client.connect(`${base.replace("http", "ws")}/rooms/a`);
      for (const each of [client, room]) await each.close();
      await reader.cancel();
      await server.stop();
      unready.close();
    });
  });
});

describe("deploy/kubernetes/tickwire.yaml", () => {
  const path = "deploy/kubernetes/tickwire.yaml";
  const documents = yaml(path);
  const kinds = (kind: string) => documents.filter((document) => document.kind === kind);
  const [set] = kinds("StatefulSet");
  const pod = set.spec.template.spec;
  const [container] = pod.containers;

  /** Fields that the API requires in a document, by kind. */
  const REQUIRED: Record<string, readonly string[]> = {
    "v1 Service": ["metadata.name", "spec.selector", "spec.ports.0.port"],
    "policy/v1 PodDisruptionBudget": [
      ...["metadata.name", "spec.selector.matchLabels", "spec.maxUnavailable"],
    ],
    "apps/v1 StatefulSet": [
      ...["metadata.name", "spec.serviceName", "spec.selector.matchLabels"],
      ...["spec.template.metadata.labels", "spec.template.spec.containers.0.name"],
      ...["spec.template.spec.containers.0.image", "spec.volumeClaimTemplates.0.metadata.name"],
      "spec.volumeClaimTemplates.0.spec.accessModes.0",
      "spec.volumeClaimTemplates.0.spec.resources.requests.storage",
    ],
  };

  it("Every document has the fields that the API requires, and they match", () => {
    for (const document of documents) {
      const fields = REQUIRED[`${document.apiVersion} ${document.kind}`];
      assert.ok(fields, `${document.apiVersion} ${document.kind}`);
      for (const field of fields) {
        const value = field.split(".").reduce((part, name) => part?.[name], document);
        assert.ok(value !== undefined && value !== null, `${document.kind} ${field}`);
      }
    }
    const { labels } = set.spec.template.metadata;
    const [budget] = kinds("PodDisruptionBudget");
    const [rule] = pod.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution;
    const selectors = [
      ...[set.spec.selector.matchLabels, budget.spec.selector.matchLabels],
      rule.labelSelector.matchLabels,
      ...kinds("Service").map(({ spec }) => spec.selector),
    ];
    for (const selector of selectors) assert.deepEqual(selector, labels);
    const headless = kinds("Service").find(({ spec }) => spec.clusterIP === "None");
    assert.equal(headless.metadata.name, set.spec.serviceName);
    for (const { spec } of kinds("Service")) {
      assert.deepEqual(spec.ports.map((port: Document) => port.targetPort), [
        container.ports[0].name,
      ]);
    }
    assert.deepEqual(
      container.volumeMounts.map(({ name }: { name: string }) => name),
      set.spec.volumeClaimTemplates.map(({ metadata }: Document) => metadata.name),
    );
    assert.ok(budget.spec.maxUnavailable < set.spec.replicas);
  });

  it("kubectl accepts every field of the set", { skip: NO_KUBECTL }, async () => {
    // kubectl converts the document to its own types, and prints the known fields.
    const args = ["set", "env", "--local", "-o", "json", "-f", at(path), "CHECKED=yes"];
    const { output, complaint } = await runProgram("kubectl", args);
    assert.doesNotMatch(complaint, /decode/);
    assertContains(JSON.parse(output), set, "StatefulSet");
  });

  it("tickwire accepts its flags, and has enough time to end", async () => {
    const own = container.env.map(({ name, value }: Document) => [name, value ?? "${secret}"]);
    const env = { ...imageEnvironment(), ...Object.fromEntries(own) };
    const settings = await checked(container.args, env);
    assert.equal(settings["port"]!.value, container.ports[0].containerPort);
    assert.equal(dirname(settings["tape"]!.value.replace("sqlite:", "")), "/data");
    assert.equal(container.volumeMounts[0].mountPath, "/data");
    const waits = Number(container.lifecycle.preStop.exec.command.at(-1)) * 1_000;
    const needs = waits + settings["drain"]!.value + 10_000;
    assert.ok(needs <= pod.terminationGracePeriodSeconds * 1_000);
    const [, user] = /^USER (\d+):/m.exec(text("Dockerfile"))!;
    const { runAsUser, fsGroup } = pod.securityContext;
    assert.deepEqual([runAsUser, fsGroup], [Number(user), Number(user)]);
    // NATS has the names that its chart gives.
    const [values] = yaml("deploy/nats-values.yaml");
    const { cluster: { replicas }, jetstream } = values.config;
    const log = parseStreamSpec(settings["log"]!.value);
    const names = Array.from({ length: replicas }, (_, n) => `nats-${n}.nats-headless:4222`);
    assert.deepEqual([log.servers, log.replicas], [names, replicas]);
    assert.ok(parseInt(jetstream.fileStore.maxSize) < parseInt(jetstream.fileStore.pvc.size));
  });

  it("A server answers the probes", async () => {
    const server = await startServer("--feed", "none");
    for (const name of ["startupProbe", "livenessProbe", "readinessProbe"]) {
      const { path, port } = container[name].httpGet;
      assert.equal((await fetch(server.http + path)).status, 200, name);
      assert.equal(port, container.ports[0].name, name);
    }
    await server.stop();
  });
});
