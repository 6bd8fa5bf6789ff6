import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import process from "node:process";
import { it } from "node:test";
import { fileURLToPath } from "node:url";
import { eventually, feedOf } from "../helpers/feeds.ts";

const MAIN = fileURLToPath(new URL("../../src/main.ts", import.meta.url).href);

it(
  "A program writes ticks to a server, which goes on when the program ends",
  { timeout: 60_000 },
  async () => {
    const runtime = process.versions["deno"] === undefined ? [] : ["run", "-A", "--quiet"];
    const flags = ["--port", "0", "--tape", "memory", "--drain", "0", "--feed", "stdin"];
    const child = spawn(process.execPath, [...runtime, MAIN, ...flags], {
      stdio: ["pipe", "ignore", "pipe"],
    });
    let log = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => void (log += text));
    const exited = new Promise((resolve) => child.on("close", resolve));
    try {
      const port = await eventually(
        () => /serves on http:\/\/[^\s:]+:(\d+)/.exec(log)?.[1],
        (found) => found !== undefined,
      );
      const server = { http: `http://127.0.0.1:${port}` };
      child.stdin.write('{"symbol":"A","price":1}\n{"symbol":"A","pri');
      await eventually(() => feedOf(server), ({ ticks }) => ticks === 1);
      child.stdin.write('ce":2}\nbroken\n');
      await eventually(() => feedOf(server), ({ ticks, leftOut }) => ticks === 2 && leftOut === 1);
      const many = Array.from(
        { length: 50_000 },
        (_, index) => `{"symbol":"B","price":${index}}\n`,
      );
      child.stdin.end(many.join(""));
      const { ticks } = await eventually(() => feedOf(server), ({ state }) => state === "ended");
      assert.equal(ticks, 50_002);
      const newest = await (await fetch(`${server.http}/ticks?symbol=B&limit=1`)).json();
      assert.equal(newest[0].price, 49_999);
      await eventually(
        () => log,
        (text) => text.includes("Feed stdin has come to its end; the server goes on"),
      );
      assert.match(log, /Cannot read standard input: line 3: not JSON/);
    } finally {
      child.kill("SIGTERM");
      await exited;
    }
  },
);
