import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { COMMANDS, FILE_ONLY } from "../../src/config.ts";
import { helpText } from "../../src/config/help.ts";
import { startServer } from "../helpers/server.ts";
import { textOf } from "../helpers/documents.ts";

const settings = textOf("docs/settings.md");

/** The row of a flag in the tables of docs/settings.md, as cells. */
function rowOf(flag: string): string[] | undefined {
  const row = settings.split("\n").find((line) =>
    line.startsWith("|") && line.split("|")[1]!.includes(`\`${flag}\``)
  );
  return row?.split("|").slice(1, -1).map((cell) => cell.trim());
}

describe("The reference in docs/", () => {
  it("docs/settings.md has every flag of every command", () => {
    const flags = Object.values(COMMANDS).flatMap(({ settings }) => Object.keys(settings.shape))
      .filter((name) => !FILE_ONLY.includes(name)).map((name) => `--${name}`);
    const lacking = [...flags, "--config", "--help", "--version"].filter((flag) => !rowOf(flag));
    assert.deepEqual([...new Set(lacking)], []);
  });

  it("docs/settings.md has the defaults of --help, and only existing flags", () => {
    const shown = helpText("1").matchAll(/^ {2}(--[\w-]+) .*\(([^()\s]+)\)$/gm);
    for (const [, flag, value] of shown) {
      if (value === "none") continue;
      assert.ok(rowOf(flag!)![1]!.includes(`\`${value}\``), `${flag}: ${value}`);
    }
    const known = Object.keys(COMMANDS).map((name) => helpText("1", name as "serve")).join("\n");
    for (const [, flag] of settings.matchAll(/`(--[\w-]+)/g)) {
      assert.match(known, new RegExp(`${flag}(?![\\w-])`));
    }
  });

  it("docs/operate.md has every metric, and no other", async () => {
    const server = await startServer("--feed", "synthetic:?history=10s");
    const metrics = await (await fetch(`${server.http}/metrics`)).text();
    await server.stop();
    const own = [...metrics.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name!);
    // These metrics depend on settings: backups, a shared log, and workers.
    const others = [
      ...textOf("src/http/metric_registry.ts").matchAll(/"(backup_\w+|log_\w+|workers)"/g),
    ]
      .map(([, name]) => `tickwire_${name}`);
    const [table] = /^## All metrics$[^]*?^## /m.exec(textOf("docs/operate.md"))!;
    const told = [...table.matchAll(/`(tickwire_\w+)`/g)].map(([, name]) => name!);
    assert.deepEqual(told.sort(), [...new Set([...own, ...others])].sort());
  });

  it("docs/clients/README.md has every route", async () => {
    const server = await startServer("--feed", "none");
    const { paths } = await (await fetch(`${server.http}/openapi.json`)).json();
    await server.stop();
    const page = textOf("docs/clients/README.md");
    const first = new Set(Object.keys(paths).map((path) => path.split("/")[1]!));
    const lacking = [...first].filter((name) =>
      !["static", "favicon.ico"].includes(name) && !page.includes(`/${name}`)
    );
    assert.deepEqual(lacking, []);
  });

  it("docs/feeds.md has every kind of feed in --help", () => {
    const feeds = textOf("docs/feeds.md");
    const kinds = [...helpText("1").matchAll(/^ {6}([a-z]+):/gm)].map(([, kind]) => kind!);
    assert.ok(kinds.length >= 11);
    assert.deepEqual(kinds.filter((kind) => !feeds.includes(`--feed ${kind}`)), []);
  });

  it("docs/clients/javascript.md has every file of the client module", () => {
    const files = new Set(["client.js"]);
    for (const file of files) {
      const imports = textOf(`static/${file}`).matchAll(/^(?:import|export) .*from "\.\/(.*)";$/gm);
      for (const [, name] of imports) files.add(name!);
    }
    const [, told] = /copy ((?:`[\w.]+`,?\s+(?:and\s+)?)+)from `static\/`/
      .exec(textOf("docs/clients/javascript.md"))!;
    assert.deepEqual(told!.match(/\w+\.js/g)!.sort(), [...files].sort());
  });

  it("The glossary of CONTRIBUTING.md has only names in the code", () => {
    const root = fileURLToPath(new URL("../../src", import.meta.url).href);
    const code = readdirSync(root, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => readFileSync(join(root, name), "utf8")).join("\n");
    const [table] = /^## Glossary$[^]*/m.exec(textOf("CONTRIBUTING.md"))!;
    const names = [...table.matchAll(/^\| (`[^|]*`)/gm)]
      .flatMap(([, cell]) => [...cell!.matchAll(/`(\w+)`/g)].map(([, name]) => name!));
    assert.ok(names.length > 15);
    const isThere = (name: string) =>
      new RegExp(`\\b(?:class|interface|type|const) ${name}\\b`).test(code);
    assert.deepEqual(names.filter((name) => !isThere(name)), []);
  });

  it("The version is the same in package, lock, changelog and deployment", () => {
    const { version } = JSON.parse(textOf("package.json"));
    const lock = JSON.parse(textOf("package-lock.json"));
    assert.equal(lock.version, version);
    assert.equal(lock.packages[""].version, version);
    const [, newest] = /^## \[?(\d+\.\d+\.\d+)\]?/m.exec(textOf("CHANGELOG.md"))!;
    assert.equal(newest, version);
    assert.match(textOf("deploy/kubernetes/tickwire.yaml"), new RegExp(`tickwire:${version}\\b`));
  });

  it(".editorconfig has the line width of deno.json", () => {
    const { fmt } = JSON.parse(textOf("deno.json"));
    assert.match(textOf(".editorconfig"), new RegExp(`^max_line_length = ${fmt.lineWidth}$`, "m"));
  });
});
