import assert from "node:assert/strict";
import { test } from "node:test";
import { COMMANDS, FILE_ONLY, isToggle, readConfig } from "../../src/config.ts";
import { helpText } from "../../src/config/help.ts";

const rowOf = (text: string, name: string) =>
  text.split("\n").find((line) => line.startsWith(`  --${name} `));

test("helpText lists every setting with its default, every command and the version", () => {
  const text = helpText("9.8.7");
  assert.match(text, /tickwire 9\.8\.7/);
  for (const name of Object.keys(COMMANDS.serve.settings.shape)) {
    if (FILE_ONLY.includes(name)) continue;
    const row = isToggle(name) ? /^ +--[a-z-]+ +\S.*\w$/ : /^ +--[a-z-]+ +\S.* \([^()]+\)$/;
    assert.match(rowOf(text, name) ?? name, row);
  }
  const defaults = { port: "5050", retention: "7d", "retention-size": "8GB", "read-key": "none" };
  for (const [name, shown] of Object.entries(defaults)) {
    assert.ok(rowOf(text, name)!.endsWith(` (${shown})`), name);
  }
  for (const words of ["--config", "--check", "--help", "--version", "TICKWIRE_", "instruments"]) {
    assert.ok(text.includes(words), words);
  }
  for (const name of Object.keys(COMMANDS)) {
    assert.match(text, new RegExp(`^tickwire \\[?${name}`, "m"));
  }
  for (const kind of ["synthetic", "replay", "none"]) {
    assert.ok(text.includes(`      ${kind}`), kind);
  }
});

test("helpText groups settings that belong together", () => {
  const groups = helpText("1").split("\n\n").map((part) => part.split("\n"));
  const group = (title: string) => groups.find(([first]) => first === `${title}:`)!.join("\n");
  assert.match(group("Server"), /--host .*\n.*--port /);
  assert.match(
    group("Access"),
    /--origin .*\n.*--allowed-host .*\n.*--read-key .*\n.*--write-key /,
  );
  assert.match(group("Feeds"), /--feed .*\n {6}synthetic:/);
  assert.match(group("Limits"), /--rooms-max /);
});

test("helpText of a command describes only that command", () => {
  const text = helpText("1", "health");
  assert.ok(rowOf(text, "port") !== undefined);
  assert.equal(rowOf(text, "feed"), undefined);
  assert.doesNotMatch(text, /\[serve\]|--check|instruments|--feed/);
  assert.match(text, /Examples:\n {2}tickwire health /);
});

test("helpText has lines that fit a terminal, and examples that can be run", () => {
  for (const command of [undefined, ...Object.keys(COMMANDS)]) {
    const text = helpText("1", command as keyof typeof COMMANDS | undefined);
    for (const line of text.split("\n")) assert.ok(line.length <= 100, line);
    for (const [, line] of text.matchAll(/^ {2}tickwire (.*)$/gm)) {
      // The part after > or | belongs to the shell.
      const args = line!.replace(/ [>|] .*/, "").split(" ").map((word) =>
        word.replace(/^'(.*)'$/, "$1")
      );
      readConfig({ args, env: {}, readFile: (path) => path === "my.json" ? "{}" : undefined });
    }
  }
});
