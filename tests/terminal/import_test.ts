import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { after, describe, test } from "node:test";
import { importFiles, type ImportOptions } from "../../src/terminal/import.ts";
import { FakeTerminal } from "./fake_terminal.ts";

const folder = mkdtempSync(join(tmpdir(), "tickwire-import-"));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** The output of a dry run. */
async function dry(options: Partial<ImportOptions>, input = "") {
  const terminal = new FakeTerminal();
  terminal.input = { stream: Readable.from([input]), isKeyboard: false };
  const usual = { url: "localhost:1", batch: 100, files: [], form: {}, isDry: true };
  await importFiles(terminal, { ...usual, ...options });
  return terminal;
}

const failed = (options: Partial<ImportOptions>, input?: string) =>
  dry(options, input).then(
    () => assert.fail("it did not fail"),
    (error: Error) => `${error.constructor.name}: ${error.message}`,
  );

describe("tickwire import --dry-run", () => {
  test("It prints how it reads a file: three ticks, what it leaves out, and the options to copy", async () => {
    const path = file(
      "a.csv",
      "Date;Note;Close\n31.01.2024;x;1,5\n30.01.2024;y;1,6\n29.01.2024;z;1,7\n28.01.2024;z;2\n",
    );
    const { output } = await dry({ files: [path], form: { symbol: "A" } });
    assert.equal(
      output,
      `${path}: ticks, the newest first
  A  2024-01-28T00:00:00.000Z  price 2
  A  2024-01-29T00:00:00.000Z  price 1.7
  A  2024-01-30T00:00:00.000Z  price 1.6
  not taken: Note
  --feed 'replay:${path}?format=csv&delimiter=;&header=first&decimal=,&time-format=D.M.YYYY&symbol=A&map=time:Date,price:Close&speed=0'
`,
    );
  });

  test("It reads standard input, and several files with a symbol each", async () => {
    const { output } = await dry({ form: { symbol: "A" } }, "time,price\n2024-01-02,1\n");
    assert.match(output, /^standard input: ticks\n {2}A {2}2024-01-02T/);
    const files = ["b", "c"].map((name) => file(`${name}.csv`, "time,price\n2024-01-02,1\n"));
    const both = await dry({ files, form: { symbol: "B,C" } });
    assert.match(both.output, / {2}B {2}2024[^]* {2}C {2}2024/);
  });

  test("It shows bars, which can only be sent as prices", async () => {
    const text = "Date,Open,High,Low,Close\n2024-01-02,1,3,0.5,2\n2024-01-03,2,4,1,3\n";
    const files = [file("bars.csv", text)];
    const { output } = await dry({ files, form: { symbol: "A" } });
    assert.match(
      output,
      /: bars of 1d\n {2}A {2}2024-01-02T00:00:00.000Z {2}open 1 {2}high 3 {2}low 0.5 {2}close 2\n/,
    );
    const closes = await dry({ files, form: { symbol: "A", map: "price:Close" } });
    assert.match(closes.output, /: ticks\n {2}A {2}2024-01-02T00:00:00.000Z {2}price 2\n/);
  });

  test("It fails with a reason for a file without records or with an unclear form", async () => {
    const form = { symbol: "A" };
    const wrong: [string, string, RegExp][] = [
      ["", "", /nothing could be taken: it has no records$/],
      [
        "x.csv",
        "time,price\n",
        /Cannot import .*x.csv: nothing could be taken: it has no records$/,
      ],
      ["y.csv", "time,price\n2024-01-02,x\n", /nothing could be taken: line 2: price "x" is not a/],
      ["z.csv", "time,price\n1.2.2024,1\n", /Cannot read .*z.csv: line 2: time "1.2.2024" can be /],
      ["q.csv", "price\n1\n", /there is no column time: name it with map=time:COLUMN; /],
    ];
    for (const [name, text, words] of wrong) {
      const files = name === "" ? [] : [file(name, text)];
      const message = await failed({ files, form }, text);
      assert.match(message, /^CommandError: /);
      assert.match(message, words);
    }
    assert.match(await failed({ files: ["none.csv"] }), /Cannot read none.csv: there is no such /);
    assert.match(await failed({ form: { zone: "X" } }), /Cannot use the options: zone=X does not /);
    assert.match(await failed({ form: { symbol: "A,B" } }), /--symbol: it names 2 for 0 files$/);
  });
});
