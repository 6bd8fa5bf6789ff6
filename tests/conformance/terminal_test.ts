import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, describe, test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { cancel, type CancelOptions } from "../../src/terminal/cancel.ts";
import { exportHistory } from "../../src/terminal/export.ts";
import { importFiles } from "../../src/terminal/import.ts";
import { send, type SendOptions } from "../../src/terminal/send.ts";
import { CommandError } from "../../src/terminal/server.ts";
import { watch, type WatchOptions } from "../../src/terminal/watch.ts";
import { freePort } from "../helpers/free_port.mjs";
import { ServerProcess } from "../helpers/process.ts";
import { send as post, startServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";
import { FakeTerminal } from "../terminal/fake_terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "tickwire-terminal-"));
after(async () => {
  await ServerProcess.endAll();
  rmSync(folder, { recursive: true });
});

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const tickLines = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => `{"symbol":"A","price":${from + index}}\n`).join("");

/** Waits until a terminal shows a text. */
function writes(terminal: FakeTerminal, what: RegExp): Promise<string> {
  return until(`it writes ${what}`, () => terminal.output, (output) => what.test(output));
}

describe("tickwire send", () => {
  const sent = async (url: string, options: Partial<SendOptions>, input = "") => {
    const terminal = new FakeTerminal();
    terminal.input = { stream: Readable.from([input]), isKeyboard: false };
    await send(terminal, { url, batch: 100, ...options });
    return terminal;
  };
  const pricesOf = async (url: string) => {
    const ticks = await (await fetch(`${url}/ticks?limit=100000`)).json();
    return ticks.map(({ price }: { price: number }) => price);
  };

  test("Files in three formats and standard input arrive in order", async () => {
    const server = await startServer("--feed", "none");
    after(() => server.stop());
    const url = server.http;
    await sent(url, { file: file("a.ndjson", tickLines(250)) });
    await sent(url, { file: file("a.csv", "symbol,price\r\nA,250\r\n\r\nA,251\r\n") });
    await sent(url, {
      file: file("a.json", '[{"symbol":"A","price":252},\n{"symbol":"A","price":253}]'),
    });
    const terminal = await sent(url, {}, `\uFEFF${tickLines(150, 254)}`);
    assert.deepEqual(await pricesOf(url), Array.from({ length: 404 }, (_, index) => index));
    assert.match(terminal.complaints.at(-1)!, /^150 ticks {2}[\d,]+\/s/);
    assert.match(terminal.progresses[0]!, /^100 ticks/);
  });

  test("CSV and candles without options are read as by import", async () => {
    const server = await startServer("--feed", "none");
    after(() => server.stop());
    const url = server.http;
    const quoted = file("q.csv", 'symbol,price,note\nQ,1,"two\nlines"\nQ,2,\nQ,3,"a ""b"""\n');
    await sent(url, { file: quoted, batch: 1 });
    await sent(url, {}, "\nsymbol;last\nQ;4\n");
    assert.deepEqual(await pricesOf(url), [1, 2, 3, 4]);
    const candle = (day: number) => ({
      ...{ symbol: "C", time: `2024-05-0${day}`, open: day, high: 9, low: 1, close: 2, volume: 3 },
    });
    const days = [1, 2, 3].map(candle);
    const csv = days.map((each) => Object.values(each).join(",")).join("\n");
    const isBars = (terminal: FakeTerminal) =>
      assert.match(terminal.complaints.at(-1)!, /^(\[#+\] 100 % {2})?3 bars/);
    isBars(
      await sent(url, { file: file("c.csv", `${Object.keys(days[0]!).join(",")}\n${csv}\n`) }),
    );
    isBars(await sent(url, { file: file("c.json", JSON.stringify(days)) }));
    isBars(await sent(url, {}, days.map((each) => `${JSON.stringify(each)}\n`).join("")));
    const bars = await (await fetch(`${url}/bars?symbol=C&interval=1d`)).json();
    assert.deepEqual(bars.map(({ open }: { open: number }) => open), [1, 2, 3]);
    await sent(url, {}, "\n");
    await assert.rejects(sent(url, {}, "<html>\n"), /it is HTML or XML, not JSON or CSV$/);
  });

  test("A broken line is reported by its place in the file, with where to resume", async () => {
    const server = await startServer("--feed", "none");
    after(() => server.stop());
    for (const [name, head] of [["b.ndjson", ""], ["b.csv", "symbol,price\n"]] as const) {
      const line = (price: number | string) =>
        head === "" ? `{"symbol":"B","price":${price}}\n` : `B,${price}\n`;
      const good = Array.from({ length: 150 }, (_, index) => line(index)).join("");
      const path = file(name, `${head}\n${good}${line(head === "" ? '"x"' : "x")}`);
      const number = head === "" ? 152 : 153;
      const failed = await sent(server.http, { file: path }).then(
        () => undefined,
        (error) => error,
      );
      assert.ok(failed instanceof CommandError);
      assert.match(failed.message, new RegExp(`line ${number}: price "x" is not a number`));
      const run = /100 ticks were sent; to continue: --resume (\w+)$/.exec(failed.message)![1]!;
      const before = (await pricesOf(server.http)).length;
      writeFileSync(path, `${head}\n${good}${line(150)}`);
      await sent(server.http, { file: path, resume: run });
      assert.equal((await pricesOf(server.http)).length, before + 51);
    }
  });

  test("A server that is killed and restarted meanwhile has every tick once", async () => {
    const tape = `sqlite:${join(folder, "killed.db")}`;
    const flags = ["--tape", tape, "--feed", "none", "--port", String(await freePort())];
    let server = await ServerProcess.start(...flags);
    const url = server.http;
    const terminal = new FakeTerminal();
    const done = send(terminal, { url, batch: 50, file: file("c.ndjson", tickLines(5_000)) });
    await until("some is sent", () => terminal.progresses.length > 10);
    await server.end("SIGKILL");
    server = await ServerProcess.start(...flags);
    await done;
    assert.deepEqual(await pricesOf(url), Array.from({ length: 5_000 }, (_, index) => index));
  });

  test("Options describe other forms of files, and reading ends at an unreadable line", async () => {
    const server = await startServer("--feed", "none");
    after(() => server.stop());
    const url = server.http;
    const path = file("d.csv", 'Kurs;Notiz\n1,5;"zwei\nZeilen"\n2,5;\n');
    await sent(url, { file: path, form: { symbol: "D", map: "price:Kurs" } });
    assert.deepEqual(await pricesOf(url), [1.5, 2.5]);
    const bad = file("e.csv", "Kurs\n1,5\nx\n");
    await assert.rejects(
      sent(url, { file: bad, form: { symbol: "D", map: "price:Kurs" } }),
      /^Error: Cannot read .*e.csv: line 3: price "x" is not a number$/,
    );
  });

  test("Failures are one line: no server, no file, no URL", async () => {
    const server = await startServer("--feed", "none");
    after(() => server.stop());
    const said = (url: string, path: string) =>
      send(new FakeTerminal(), { url, batch: 10, file: path }).then(
        () => assert.fail("it was sent"),
        (error: Error) => error.message,
      );
    assert.match(await said("localhost:1", "x.csv"), /^Cannot reach http:\/\/localhost:1: nothing/);
    assert.match(await said("ftp://x", "x.csv"), /^Cannot use --url ftp:\/\/x: expected one such/);
    assert.equal(
      await said(server.http, "nope.csv"),
      "Cannot read nope.csv: there is no such file",
    );
    assert.equal(await said(server.http, "tests"), "Cannot read tests: it is a folder");
  });
});

describe("tickwire import", () => {
  test("Files arrive complete and once when the server is killed meanwhile, without broken lines", async () => {
    const tape = `sqlite:${join(folder, "imported.db")}`;
    const flags = ["--tape", tape, "--feed", "none", "--port", String(await freePort())];
    let server = await ServerProcess.start(...flags);
    const time = (index: number) => new Date(Date.UTC(2024, 0, 2) + index).toISOString();
    const lines = Array.from({ length: 5_000 }, (_, index) => `${time(index)};${index}`);
    const files = [
      file("f.csv", `time;price\n${lines.slice(0, 3_000).join("\n")}\nx;1\n`),
      file("g.csv", `time;price\n${lines.slice(3_000).reverse().join("\n")}\n`),
    ];
    const terminal = new FakeTerminal();
    const options = { url: server.http, batch: 50, files, form: { symbol: "F" } };
    const done = importFiles(terminal, options);
    await until("some is sent", () => terminal.progresses.length > 10);
    await server.end("SIGKILL");
    server = await ServerProcess.start(...flags);
    await done;
    const ticks = await (await fetch(`${server.http}/ticks?from=0&limit=100000`)).json();
    assert.deepEqual(
      ticks.map(({ price }: { price: number }) => price),
      Array.from({ length: 5_000 }, (_, index) => index),
    );
    assert.match(terminal.output, /f\.csv: ticks\n[^]*g\.csv: ticks, the newest first\n/);
    assert.ok(terminal.complaints.some((line) => /f\.csv: line 3002: time "x"/.test(line)));
    assert.match(terminal.complaints.at(-1)!, /^\[#+\] 100 % {2}5,000 ticks {2}/);
  });
});

describe("tickwire watch", () => {
  const options: WatchOptions = { url: "", symbols: [], once: false, json: false, every: 50 };

  test("The grid is drawn, moves, sorts, and restores the screen", async () => {
    const server = await startServer("--feed", "none");
    after(() => server.stop());
    await post(server, [{ symbol: "B", price: 2 }, { symbol: "A", price: 1 }]);
    const terminal = new FakeTerminal();
    terminal.isScreen = true;
    const done = watch(terminal, { ...options, url: server.http });
    await writes(terminal, / · live · 2 symbols[^]*A +1\.00[^]*B +2\.00/);
    await post(server, [{ symbol: "A", price: 1.25, size: 7 }]);
    await writes(terminal, /A +1\.25/);
    terminal.press("s");
    terminal.press("s");
    await writes(terminal, /sort by volume/);
    terminal.columns = 30;
    terminal.output = "";
    await writes(terminal, /SYMBOL/);
    for (const line of terminal.output.split("\r\n")) {
      assert.ok(stripVTControlCharacters(line).length <= 30, line);
    }
    terminal.press("q");
    await done;
    assert.ok(terminal.output.endsWith("\x1b[?1049l"));
    assert.ok(!terminal.listens);
  });

  test("The grid shows that the server is down, and the time of the next attempt", async () => {
    const server = await startServer("--feed", "none");
    await post(server, [{ symbol: "A", price: 1 }]);
    const terminal = new FakeTerminal();
    terminal.isScreen = true;
    const done = watch(terminal, { ...options, url: server.http });
    await writes(terminal, /live/);
    await server.stop();
    await writes(terminal, /offline, again in \d+ s/);
    terminal.interrupt();
    await done;
  });

  test("--once prints a table or JSON, --json a line per row, and a pipe gets no grid", async () => {
    const server = await startServer("--feed", "none");
    after(() => server.stop());
    const url = server.http;
    await post(server, [{ symbol: "A", price: 1 }, { symbol: "B", price: 2 }]);
    const table = new FakeTerminal();
    await watch(table, { ...options, url, once: true });
    assert.match(table.output, /^SYMBOL.*\nA +1\.00.*\nB +2\.00.*\n$/);
    const rows = new FakeTerminal();
    await watch(rows, { ...options, url, once: true, json: true, symbols: ["B"] });
    assert.deepEqual(JSON.parse(rows.output).map(({ price }: { price: number }) => price), [2]);
    const stream = new FakeTerminal();
    const done = watch(stream, { ...options, url, json: true, symbols: ["B"] });
    await writes(stream, /"price":2/);
    await post(server, [{ symbol: "B", price: 3 }]);
    await writes(stream, /"price":3/);
    stream.interrupt();
    await done;
    assert.deepEqual(
      stream.output.trimEnd().split("\n").map((line) => JSON.parse(line).price),
      [2, 3],
    );
    await assert.rejects(watch(new FakeTerminal(), { ...options, url }), /add --once or --json/);
  });

  test("An unknown key is refused in words", async () => {
    const server = await startServer("--feed", "none", "--read-key", "secret");
    after(() => server.stop());
    const url = server.http;
    for (const key of [undefined, "wrong"]) {
      await assert.rejects(
        watch(new FakeTerminal(), { ...options, url, key, once: true }),
        (error: Error) => error instanceof CommandError && /--key/.test(error.message),
      );
    }
    const terminal = new FakeTerminal();
    await watch(terminal, { ...options, url, key: "secret", once: true });
    assert.match(terminal.output, /^SYMBOL/);
  });
});

describe("tickwire export", () => {
  test("History comes in each format, and a limit shortens it", async () => {
    const server = await startServer("--feed", "none");
    after(() => server.stop());
    const url = server.http;
    await post(server, Array.from({ length: 500 }, (_, price) => ({ symbol: "A", price })));
    const exported = async (options: object) => {
      const terminal = new FakeTerminal();
      await exportHistory(terminal, { url, format: "csv", ...options });
      return terminal;
    };
    const csv = await exported({});
    assert.equal(csv.output.split("\r\n").length, 502);
    assert.match(csv.complaints[0]!, /^500 ticks /);
    const ndjson = await exported({ format: "ndjson", limit: 3, symbol: "A" });
    assert.deepEqual(
      ndjson.output.trimEnd().split("\n").map((line) => JSON.parse(line).price),
      [0, 1, 2],
    );
    assert.equal(
      JSON.parse((await exported({ format: "json", interval: "1d", symbol: "A" })).output).length,
      1,
    );
    const arrow = await exported({ format: "arrow" });
    const whole = await (await fetch(`${url}/ticks?format=arrow&limit=1000&from=0`)).arrayBuffer();
    assert.equal(arrow.bytes.reduce((sum, { length }) => sum + length, 0), whole.byteLength);
    assert.doesNotMatch(arrow.complaints[0]!, /ticks/);
    await assert.rejects(exported({ from: "yesterday" }), /Cannot use from "yesterday"/);
  });

  test("Arrow is not written to a terminal", async () => {
    const terminal = new FakeTerminal();
    terminal.isScreen = true;
    await assert.rejects(
      exportHistory(terminal, { url: "localhost:1", format: "arrow" }),
      /redirect it/,
    );
  });
});

describe("tickwire cancel", () => {
  const ran = async (options: Partial<CancelOptions>, reply?: string) => {
    const terminal = new FakeTerminal();
    if (reply !== undefined) {
      terminal.input = { stream: Readable.from([reply]), isKeyboard: true };
    }
    const asked = { url: "", symbol: "A", all: false, yes: false, isDry: false, ...options };
    const error = await cancel(terminal, asked).catch((error) => error);
    if (error !== undefined) assert.ok(error instanceof CommandError, error);
    return { said: error?.message ?? terminal.output, complaints: terminal.complaints };
  };

  test("Ticks and whole symbols are removed after a confirmation", async () => {
    const server = await startServer("--feed", "none");
    after(() => server.stop());
    const url = server.http;
    await post(server, [1, 2, 3].map((price) => ({ symbol: "A", price })));
    await post(server, [{ symbol: "B/C", price: 4 }]);
    const dry = await ran({ url, seq: "1,2", isDry: true });
    assert.equal(dry.said, "2 ticks of A would be cancelled\n");
    for (const reply of ["n\n", "\n", "", "yess\n"]) {
      const { said, complaints } = await ran({ url, seq: "1" }, reply);
      assert.deepEqual([said, complaints], ["Nothing was cancelled", [
        "Cancel 1 tick of A? [y/N]",
      ]]);
    }
    assert.equal((await ran({ url, seq: "1" }, "Y\n")).said, "1 tick of A cancelled\n");
    assert.equal(
      (await ran({ url, from: "0", yes: true }, "n\n")).said,
      "2 ticks of A cancelled\n",
    );
    // A script is not asked.
    assert.equal((await ran({ url, symbol: "B/C", all: true })).said, "B/C is gone, with 1 tick\n");
    assert.deepEqual(await (await fetch(`${url}/ticks`)).json(), []);
    const refusals: [Partial<CancelOptions>, RegExp][] = [
      [{ symbol: undefined }, /without a symbol/],
      [{}, /name them by --seq, by --from and --to, or all by --all/],
      [{ all: true, seq: "1" }, /name them by/],
      [{ symbol: "NOPE", seq: "1" }, /Cannot find symbol NOPE/],
      [{ seq: "x" }, /it is no seq/],
    ];
    for (const [options, reason] of refusals) {
      assert.match((await ran({ url, ...options })).said, reason);
    }
  });
});
