import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { LINE_LENGTH_MAX, readLines, readText } from "../../src/records/lines.ts";
import { RecordFault } from "../../src/wire/record_fault.ts";

async function* pieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function linesOf(content: string | Uint8Array, size = 7): Promise<string[]> {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const lines: string[] = [];
  for await (const some of readLines(pieces(bytes, size))) {
    for (const { number, text } of some) {
      lines.push(text instanceof RecordFault ? `${number}! ${text.message}` : `${number} ${text}`);
    }
  }
  return lines;
}

describe("readLines", () => {
  test("readLines numbers lines from 1, without their line ends, for any division into pieces", async () => {
    const text = fc.array(
      fc.string({ unit: "grapheme" }).map((s) => s.replace(/[\r\n\0\uFFFD\uFEFF]/g, "")),
    );
    await fc.assert(fc.asyncProperty(text, fc.integer({ min: 1, max: 9 }), async (lines, size) => {
      const expected = lines.map((line, index) => `${index + 1} ${line}`);
      assert.deepEqual(await linesOf(lines.map((line) => `${line}\r\n`).join(""), size), expected);
    }));
    assert.deepEqual(await linesOf("a\n\nb"), ["1 a", "2 ", "3 b"]);
    assert.deepEqual(await linesOf(""), []);
  });

  test("readLines detects UTF-8 and UTF-16 by the byte order mark", async () => {
    assert.deepEqual(await linesOf("\uFEFFä€\nb", 1), ["1 ä€", "2 b"]);
    const utf16 = Buffer.from("\uFEFFä€\r\nb", "utf16le");
    assert.deepEqual(await linesOf(utf16, 1), ["1 ä€", "2 b"]);
    assert.deepEqual(await linesOf(utf16.swap16(), 3), ["1 ä€", "2 b"]);
  });

  test("readLines says why a line is not text, and goes on", async () => {
    const bytes = Buffer.concat([
      Buffer.from("a\n"),
      Buffer.from([0xe9, 10, 1, 0, 10]),
      Buffer.from("b\n"),
    ]);
    assert.deepEqual(await linesOf(bytes), [
      "1 a",
      "2! not UTF-8 text",
      "3! binary data, not text",
      "4 b",
    ]);
  });

  test("readLines keeps no more of an endless line than its limit", async () => {
    const most = "x".repeat(LINE_LENGTH_MAX);
    assert.deepEqual((await linesOf(`${most}\nb\n`, 65_536)).map((line) => line.length), [
      LINE_LENGTH_MAX + 2,
      3,
    ]);
    const fault = `longer than ${LINE_LENGTH_MAX} characters`;
    assert.deepEqual(await linesOf(`${most}y\nb\n`, 65_536), [`1! ${fault}`, "2 b"]);
    assert.deepEqual(await linesOf(`a\n${most}${most}${most}`, 65_536), ["1 a", `2! ${fault}`]);
  });
});

test("readText decodes characters that are split between pieces", async () => {
  let text = "";
  for await (const part of readText(pieces(new TextEncoder().encode("a€😀"), 1))) text += part;
  assert.equal(text, "a€😀");
});
