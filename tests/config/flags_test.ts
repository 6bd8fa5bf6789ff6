import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, readFlags, suggest } from "../../src/config/flags.ts";

const NAMES = { valued: ["url", "symbol"], switches: ["json", "help", "version"] };

const read = (...args: string[]) => {
  const { flags, words } = readFlags(args, NAMES);
  return { flags: Object.fromEntries(flags), words };
};

test("readFlags separates values, switches and words, and keeps their order", () => {
  assert.deepEqual(read("watch", "--url", "u", "A", "--json", "--symbol=x", "--symbol=y=z", "B"), {
    flags: { url: ["u"], json: [""], symbol: ["x", "y=z"] },
    words: ["watch", "A", "B"],
  });
  assert.deepEqual(read("-h", "-v").flags, { help: [""], version: [""] });
  assert.deepEqual(read("--", "--url"), { flags: {}, words: ["--url"] });
  assert.deepEqual(read("--url="), { flags: { url: [""] }, words: [] });
});

test("readFlags refuses an unknown flag, a missing value and an unexpected value", () => {
  const wrong: [args: string[], message: RegExp][] = [
    [["--ulr", "x"], /^Cannot use --ulr: there is no such flag \(did you mean url\?\)/],
    [["--url"], /^Cannot use --url: it needs a value$/],
    [["--url", "--json"], /^Cannot use --url: it needs a value$/],
    [["--json=1"], /^Cannot use --json: it takes no value$/],
    [["-x"], /^Cannot use -x: there is no such flag/],
  ];
  for (const [args, message] of wrong) {
    assert.throws(() => read(...args), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, message);
      return true;
    });
  }
});

test("suggest returns the name that was probably meant, or nothing", () => {
  assert.equal(suggest("symbl", NAMES.valued), " (did you mean symbol?)");
  assert.equal(suggest("zzz", NAMES.valued), "");
});
