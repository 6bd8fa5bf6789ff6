import { readFileSync } from "node:fs";
import { test } from "node:test";
import { play } from "../helpers/conversation.ts";

/** A test for each conversation, named by the first line of its file. */
export function playGolden(...names: string[]): void {
  for (const name of names) {
    const text = readFileSync(new URL(`golden/${name}.txt`, import.meta.url), "utf8");
    const title = text.slice(0, text.indexOf("\n")).replace(/^# |\.$/g, "");
    test(`${title} (${name}.txt)`, () => play(text));
  }
}
