import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { play } from "../helpers/conversation.ts";

/** Makes a test of each conversation, named by the first line of its file. */
export function playGolden(...names: string[]): void {
  for (const name of names) {
    const path = fileURLToPath(new URL(`golden/${name}.txt`, import.meta.url).href);
    const text = readFileSync(path, "utf8");
    const title = text.slice(0, text.indexOf("\n")).replace(/^# |\.$/g, "");
    test(`${title} (${name}.txt)`, () => play(text));
  }
}
