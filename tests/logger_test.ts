import assert from "node:assert/strict";
import { test } from "node:test";
import { createLog } from "../src/logger.ts";

test("The log writes one line of text per event, without keys", () => {
  const lines: string[] = [];
  const log = createLog(() => 0, (line) => lines.push(line));
  log.info("Serves");
  log.warn("Feed tickwire:wss://h/ws?key=hidden&symbols=A waits");
  log.error("Cannot serve", new Error("Cannot GET http://u:hidden@h/x?key=hidden"));
  assert.equal(lines[0], "1970-01-01T00:00:00.000Z info  Serves");
  assert.match(lines[1]!, /ws\?key=\*{4}&symbols=A waits$/);
  assert.match(lines[2]!, /^1970\S+ error Cannot serve: Error: Cannot GET [^]*\n +at /);
  assert.doesNotMatch(lines.join(""), /hidden/);
});
