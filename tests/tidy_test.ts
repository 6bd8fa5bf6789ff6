// The rules that no compiler and no linter knows: one test a rule, and every failure says where.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const UNTRACKED = new Set([".git", "node_modules", "dist", "data", "coverage"]);
const FILE_LINES_MAX = 320;
const FUNCTION_LINES_MAX = 75;

/** From left to right: a file imports from its own layer and from those to its left. */
const LAYERS = ["core", "tape", "hub", "wire", "feeds", "runtime", "http", "app.ts", "main.ts"];
/** What each file outside the layers may import of ours. Only app.ts and main.ts import them. */
const OUTSIDE = new Map<string, string[]>([
  ["src/config.ts", ["src/core/duration.ts"]],
  ["src/log.ts", []],
  ["src/pulse.ts", []],
]);
/** Tests of the whole; all others mirror the file that they test. */
const WHOLE = /^tests\/(?:conformance|simulation|browser)\/|^tests\/tidy_test\.ts$/;

interface Source {
  readonly path: string;
  readonly text: string;
  /** Without comments. */
  readonly code: string;
  /** Without comments, and without what stands in strings and regular expressions. */
  readonly words: string;
}

interface Import {
  readonly specifier: string;
  /** The imported file from the root of the project, or `undefined` when it is a package. */
  readonly target: string | undefined;
  readonly isText: boolean;
  readonly at: string;
}

const paths = list("").sort();
const src = paths.filter((path) => /^src\/.*\.ts$/.test(path)).map(source);
const page = paths.filter((path) => /^static\/.*\.js$/.test(path)).map(source);
const tests = paths.filter((path) => /^tests\/.*\.(?:ts|mjs)$/.test(path)).map(source);
const imports = new Map(src.map((file) => [file.path, importsOf(file)]));

test("A file imports from its own layer or from those to its left", () => {
  const wrong = [];
  for (const [path, found] of imports) {
    for (const { target, at } of found) {
      if (target?.startsWith("src/") && !mayImport(path, target)) wrong.push(`${at}: ${target}`);
    }
  }
  none(wrong);
});

test("Imports of ours name a file that exists", () => {
  const targets = [...imports.values()].flat().filter(({ target }) => target !== undefined);
  none(targets.filter(({ target = "" }) => !paths.includes(target)).map(({ at }) => at));
});

test("No imports go in a circle, type-only ones included", () => {
  none(circles());
});

test("Only http imports static files and texts", () => {
  const wrong = [];
  for (const [path, found] of imports) {
    if (path.startsWith("src/http/")) continue;
    for (const { target, isText, at } of found) {
      if (isText || (target !== undefined && !target.startsWith("src/"))) wrong.push(at);
    }
  }
  none(wrong);
});

test("Every file in src is imported by another one", () => {
  const targets = new Set(
    [...imports].flatMap(([path, found]) =>
      found.map(({ target }) => target).filter((target) => target !== path)
    ),
  );
  none(src.map(({ path }) => path).filter((path) => path !== "src/main.ts" && !targets.has(path)));
});

const edge = ["src/app.ts", "src/main.ts"];
const places: [rule: string, words: RegExp, allowed: string[]][] = [
  ["Only runtime names Deno and Bun", /(?<!\.)\b(?:Deno|Bun)\b|["'](?:bun|bun:\w+)["']/g, [
    "src/runtime/",
  ]],
  ["Only log.ts and main.ts print", /\bconsole\b/g, ["src/log.ts", "src/main.ts"]],
  [
    "Only app.ts, main.ts and log.ts read the clock",
    /\bDate\.now\b|\bnew Date(?:\(\s*\)|(?!\w|\())|(?<!new )\bDate\(|\bperformance\.now\b|\bhrtime\b/g,
    [...edge, "src/log.ts"],
  ],
  [
    "Only pulse.ts, app.ts and main.ts set timers",
    /\b(?:setTimeout|setInterval|setImmediate)\b|["'](?:node:)?timers(?:\/promises)?["']/g,
    [...edge, "src/pulse.ts"],
  ],
  [
    "Only app.ts and main.ts use chance",
    /\bMath\.random\b|\b(?:getRandomValues|randomUUID|randomBytes|randomInt)\b/g,
    edge,
  ],
  ["Only app.ts and main.ts name the process", /\bprocess\b|["'](?:node:)?process["']/g, edge],
];
for (const [rule, words, allowed] of places) {
  test(rule, () => {
    const files = src.filter(({ path }) => !allowed.some((place) => path.startsWith(place)));
    none(files.flatMap((file) => matches(file, file.words, words)));
  });
}
