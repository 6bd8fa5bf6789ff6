import assert from "node:assert/strict";
import { copyFileSync, existsSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { spawn } from "node:child_process";
import { DatabaseSync } from "node:sqlite";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { backup } from "../../src/terminal/backup.ts";
import { CommandError } from "../../src/terminal/server.ts";
import { restore } from "../../src/terminal/restore.ts";
import { ServerProcess, wait } from "../helpers/process.ts";
import { startServer } from "../helpers/server.ts";
import { TapeFolder } from "../helpers/tape_file.ts";
import { until } from "../helpers/until.mjs";
import { FakeTerminal } from "../terminal/fake_terminal.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url).href);
const files = new TapeFolder();
const PATIENCE = { timeout: 120_000 };
const BUSY = "synthetic:?symbols=100&rate=5000&history=30s";

after(() => ServerProcess.endAll());

const flags = (path: string, feed = "none") => [
  ...["--tape", `sqlite:${path}`, "--feed", feed, "--drain", "0"],
];

/**
 * Runs a command of the program and kills it when a part of its file exists. If the command was
 * faster, it is run again.
 */
async function killed(whole: string, ...args: string[]): Promise<void> {
  const runtime = process.versions["deno"] === undefined ? [] : ["run", "-A", "--quiet"];
  await until("it is killed in the middle", async () => {
    const command = spawn(process.execPath, [...runtime, MAIN, ...args], { stdio: "ignore" });
    const isOver = () => command.signalCode !== null || command.exitCode !== null;
    while (!existsSync(`${whole}.part`) && !isOver()) await wait(1);
    command.kill("SIGKILL");
    await until("it is gone", isOver);
    if (existsSync(`${whole}.part`) && !existsSync(whole)) return true;
    rmSync(whole, { force: true });
    return false;
  });
}

/** All readable ticks of a server up to a seq, by symbol and as bars of minutes. */
async function contentOf(server: { http: string }, last: number): Promise<unknown> {
  const ticks: { seq: number }[] = [];
  const epoch = (await positionOf(server)).split(":")[0];
  for (;;) {
    const after = `${epoch}:${ticks.at(-1)?.seq ?? 0}`;
    const url = `${server.http}/ticks?after=${after}&limit=100000`;
    const page: { seq: number }[] = await (await fetch(url)).json();
    ticks.push(...page.filter(({ seq }) => seq <= last));
    if (page.length === 0 || page.at(-1)!.seq >= last) return ticks;
  }
}

async function positionOf({ http }: { http: string }): Promise<string> {
  return (await (await fetch(`${http}/readyz`)).json()).position;
}

const seqOf = (position: string) => Number(position.split(":")[1]);

describe("A backup", () => {
  it("of a server that takes 5,000 ticks a second has one moment", PATIENCE, async () => {
    const path = files.fresh();
    const file = join(dirname(path), "backup.db");
    const server = await ServerProcess.start(...flags(path, BUSY.replace("30s", "5s")));
    const before = seqOf(await positionOf(server));
    const terminal = new FakeTerminal();
    await backup(terminal, { url: server.http, file });
    const position = await positionOf(server);
    const [, last] = /the newest at \w+:(\d+), \d+ bytes, all checksums hold$/
      .exec(terminal.complaints.at(-1)!) ?? assert.fail(terminal.complaints.join());
    assert.ok(Number(last) >= before && Number(last) <= seqOf(position));
    const expected = await contentOf(server, Number(last));
    await server.end("SIGTERM");
    const other = files.fresh();
    await restore(new FakeTerminal(), { file, tape: `sqlite:${other}` });
    const restored = await ServerProcess.start(...flags(other));
    const restoredAt = await positionOf(restored);
    assert.equal(seqOf(restoredAt), Number(last));
    assert.notEqual(restoredAt.split(":")[0], position.split(":")[0]);
    assert.deepEqual(await contentOf(restored, Number(last)), expected);
    assert.equal(restored.log.match(/warn/), null, restored.log);
    const gone = await fetch(`${restored.http}/ticks?after=${position}`);
    assert.equal((await gone.json()).code, "gone");
    await restored.end("SIGTERM");
  });

  it("has all that was acknowledged before it, with log and bars", PATIENCE, async () => {
    const path = files.fresh();
    const server = await startServer(...flags(path));
    const headers = { "content-type": "application/json" };
    const ticks = Array.from(
      { length: 5_000 },
      (_, n) => ({ symbol: "A", price: n, time: n * 1e3 + 1e12 }),
    );
    await fetch(`${server.http}/ticks`, { method: "POST", headers, body: JSON.stringify(ticks) });
    await fetch(`${server.http}/symbols/A`, { method: "PUT", headers, body: '{"name":"n"}' });
    const read = async ({ http }: { http: string }) => {
      const paths = ["/bars?symbol=A&interval=1m&from=0", "/symbols/A", "/snapshot"];
      return await Promise.all(paths.map(async (path) => (await fetch(http + path)).json()));
    };
    const file = join(dirname(path), "backup.db");
    await backup(new FakeTerminal(), { url: server.http, file });
    const expected = await read(server);
    await server.stop();
    const other = files.fresh();
    await restore(new FakeTerminal(), { file, tape: `sqlite:${other}` });
    const restored = await startServer(...flags(other));
    assert.deepEqual(await read(restored), expected);
    await restored.stop();
  });

  it("that is killed leaves no complete file, and the server goes on", PATIENCE, async () => {
    const path = files.fresh();
    const file = join(dirname(path), "backup.db");
    const server = await ServerProcess.start(...flags(path, BUSY));
    await killed(file, "backup", file, "--url", server.http);
    // Another backup is possible once the server has noticed the end of the first.
    const again = () => backup(new FakeTerminal(), { url: server.http, file }).then(() => true);
    await until("it can be made", again);
    assert.deepEqual(readdirSync(dirname(file)).filter((name) => name.includes("backup")), [
      "backup.db",
    ]);
    await server.end("SIGTERM");
  });

  it("fails when the server is killed, which keeps all its ticks", PATIENCE, async () => {
    const path = files.fresh();
    const server = await ServerProcess.start(...flags(path, BUSY));
    const response = await fetch(`${server.http}/backup`);
    const reader = response.body!.getReader();
    await reader.read();
    const before = seqOf(await positionOf(server));
    await until(
      "much is written meanwhile",
      async () => seqOf(await positionOf(server)) > before + 5_000,
    );
    const position = await positionOf(server);
    await server.end("SIGKILL");
    const all = async () => {
      for (;;) if ((await reader.read()).done) return;
    };
    await all().catch(() => {});
    const again = await ServerProcess.start(...flags(path));
    const [epoch, seq] = (await positionOf(again)).split(":");
    assert.equal(epoch, position.split(":")[0]);
    assert.ok(Number(seq) >= seqOf(position));
    await again.end("SIGTERM");
  });

  it("is refused in words where it is impossible", PATIENCE, async () => {
    const memory = await startServer("--feed", "none", "--read-key", "r", "--write-key", "w");
    const file = join(dirname(files.fresh()), "backup.db");
    const said = async (options: object) => {
      const error = await backup(new FakeTerminal(), { url: memory.http, file, ...options })
        .catch((error) => error);
      assert.ok(error instanceof CommandError, String(error));
      return error.message;
    };
    assert.match(await said({}), /without a key.*give it with --key$/);
    assert.match(await said({ key: "r" }), /with a key that only reads$/);
    assert.match(await said({ key: "w" }), /it is in memory, see --tape$/);
    writeFileSync(file, "mine");
    assert.match(await said({ key: "w" }), /there is a file already$/);
    await memory.stop();
    assert.match(await said({ file: `${file}.2` }), /nothing answers there/);
    await assert.rejects(
      startServer("--feed", "none", "--backup-dir", dirname(file)),
      /Cannot use --backup-dir: the tape is in memory/,
    );
  });

  it("is made in a folder at intervals, and reported in /metrics", PATIENCE, async () => {
    const path = files.fresh();
    const folder = join(dirname(path), "backups");
    const often = ["--backup-dir", folder, "--backup-every", "1s", "--backup-keep", "2"];
    const server = await startServer(...flags(path, "synthetic:"), ...often);
    const names = () => readdirSync(folder).filter((name) => name.endsWith(".db")).sort();
    const first = (await until("one is there", names, ({ length }) => length > 0))[0]!;
    await until("it has made room", () => !names().includes(first));
    assert.ok(names().length <= 2);
    const text = await (await fetch(`${server.http}/metrics`)).text();
    const [, made] = /^tickwire_backup_timestamp_seconds (\d+)$/m.exec(text) ?? [];
    assert.ok(Math.abs(Number(made) - Date.now() / 1_000) < 60, text);
    await server.stop();
    const other = files.fresh();
    await restore(new FakeTerminal(), {
      file: join(folder, names().at(-1)!),
      tape: `sqlite:${other}`,
    });
    assert.ok(existsSync(other));
  });
});

describe("A restore", () => {
  /** A backup with some ticks. */
  async function made(): Promise<string> {
    const path = files.fresh();
    const file = join(dirname(path), "backup.db");
    const server = await startServer(...flags(path, "synthetic:?symbols=50&rate=100&history=2h"));
    await backup(new FakeTerminal(), { url: server.http, file });
    await server.stop();
    return file;
  }
  const said = async (file: string, path: string) => {
    const error = await restore(new FakeTerminal(), { file, tape: `sqlite:${path}` })
      .then(() => undefined, (error) => error);
    return (error as Error | undefined)?.message;
  };

  it("that is killed leaves no tape, and can be repeated", PATIENCE, async () => {
    const file = await made();
    const path = files.fresh();
    await killed(path, "restore", file, "--tape", `sqlite:${path}`);
    assert.equal(await said(file, path), undefined);
    assert.deepEqual(readdirSync(dirname(path)), ["tape.db"]);
  });

  it("does not change an existing tape, and needs a backup", PATIENCE, async () => {
    const file = await made();
    const path = files.fresh();
    assert.match(await said(`${file}.none`, path) ?? "", /there is no such file$/);
    const other = join(dirname(path), "other.db");
    writeFileSync(other, "this is no database, but it is long enough to look like one ".repeat(20));
    assert.match(await said(other, path) ?? "", /damaged|not a database/);
    copyFileSync(file, other);
    edit(other, "PRAGMA user_version = 99");
    assert.match(await said(other, path) ?? "", /it has version 99, this program knows \d+/);
    copyFileSync(file, other);
    edit(other, "UPDATE chunk SET sum = sum + 1; UPDATE entry SET body = zeroblob(9)");
    assert.match(await said(other, path) ?? "", /it is damaged/);
    assert.ok(!existsSync(path));
    assert.equal(await said(file, path), undefined);
    assert.match(await said(file, path) ?? "", /there is a tape already .*--tape$/);
    renameSync(path, `${path}-wal`);
    assert.match(await said(file, path) ?? "", /there is a tape already/);
    const terminal = new FakeTerminal();
    await assert.rejects(restore(terminal, { file, tape: "memory" }), /it has no file$/);
  });
});

function edit(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA journal_mode = DELETE; ${sql}`);
  db.close();
}
