import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { play } from "../helpers/conversation.ts";

const document = readFileSync(
  fileURLToPath(new URL("../../PROTOCOL.md", import.meta.url).href),
  "utf8",
);
const conversations = [...document.matchAll(/^### (14\.\d+ .*)\n+```conversation\n([^`]*)```/gm)];

describe("PROTOCOL.md", () => {
  it("has a conversation under every heading of section 14", () => {
    assert.ok(conversations.length >= 7);
    assert.equal(conversations.length, [...document.matchAll(/^### 14\./gm)].length);
  });

  for (const [, heading, text] of conversations) {
    it(`is correct in conversation ${heading}`, () => play(text!));
  }
});
