// Rules of the project that no compiler or linter checks: one test per rule.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url).href);
const UNTRACKED = new Set([".git", "node_modules", "dist", "data", "coverage"]);
const FILE_LINES_MAX = 320;
const FUNCTION_LINES_MAX = 75;

/** From left to right: a file imports only from its own layer and layers to its left. */
const LAYERS = [
  "core",
  "store",
  "log",
  "tape",
  "hub",
  "replica",
  "workers",
  "wire",
  "records",
  "feeds",
  "runtime",
  "http",
  "terminal",
  "open_tape.ts",
  "router.ts",
  "app.ts",
  "serve.ts",
  "main.ts",
];
/** Our files that each file outside the layers may import. Only app.ts, serve.ts and main.ts import it. */
const OUTSIDE = new Map<string, string[]>([
  ["src/config.ts", [
    "src/config/care_settings.ts",
    "src/config/client_settings.ts",
    "src/core/mask.ts",
    "src/config/flags.ts",
    "src/config/setting_kinds.ts",
    "src/config/settings_file.ts",
  ]],
  ["src/config/care_settings.ts", ["src/config/setting_kinds.ts"]],
  ["src/config/client_settings.ts", [
    "src/core/interval.ts",
    "src/records/form_options.ts",
    "src/config/setting_kinds.ts",
  ]],
  ["src/config/flags.ts", ["src/core/nearest.ts"]],
  ["src/config/help.ts", ["src/config.ts", "src/records/form_options.ts"]],
  ["src/logger.ts", ["src/core/mask.ts"]],
  ["src/flush_pacer.ts", []],
  ["src/scheduler.ts", ["src/flush_pacer.ts"]],
  ["src/config/setting_kinds.ts", [
    "src/core/duration.ts",
    "src/core/instrument.ts",
    "src/core/tick.ts",
  ]],
  ["src/config/settings_file.ts", ["src/config/flags.ts"]],
]);
/** Feeds and the terminal can be clients by the client module. */
const CLIENT = [
  "static/client.js",
  "static/frames.js",
  "static/refusal.js",
  "static/streams.js",
];
/** Comments, strings, templates and regular expressions. */
const TOKENS = new RegExp(
  [
    /\/\/[^\n]*|\/\*[^]*?\*\//,
    /"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[^]|[^`\\])*`/,
    /(?<=[=(,:[!&|?{};+>]\s*|\breturn\s+)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/*\\\n])+\/[a-z]*/,
  ].map(({ source }) => source).join("|"),
  "g",
);
/** Tests of the whole project or of a document; all other tests mirror the file that they test. */
const WHOLE =
  /^tests\/(?:(?:conformance|documents|simulation|browser|helpers)\/|tidy_test|wire\/protocol_test)/;

interface Source {
  readonly path: string;
  readonly text: string;
  /** Without comments. */
  readonly code: string;
  /** Without comments, and with the contents of strings and regular expressions blanked. */
  readonly words: string;
}

interface Import {
  readonly specifier: string;
  /** Path of the imported file from the root of the project; `undefined` for a package. */
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
  none(flagImports((path, { target }) => target?.startsWith("src/") && !mayImport(path, target)));
});

test("No imports form a cycle, including type-only imports", () => {
  none(circle());
});

test("Only http imports static files and texts, except the client module", () => {
  none(
    flagImports((path, { target, isText }) =>
      !path.startsWith("src/http/") && (isText || target?.startsWith("static/")) &&
      !(path === "src/feeds/client_module.ts" && CLIENT.includes(target ?? ""))
    ),
  );
});

test("Every file in src is imported by another one", () => {
  const targets = new Set([...imports.values()].flat().map(({ target }) => target));
  none(src.map(({ path }) => path).filter((path) => path !== "src/main.ts" && !targets.has(path)));
});

/** Where the program meets its process, the clock and chance. */
const edge = ["src/app.ts", "src/serve.ts", "src/main.ts", "src/terminal/terminal.ts"];
const places: { rule: string; words: RegExp; packages?: RegExp; allowed: string[] }[] = [
  {
    rule: "Only runtime names Deno and Bun",
    words: /(?<!\.)\b(?:Deno|Bun)\b/g,
    packages: /^bun(?::|$)/,
    allowed: ["src/runtime/"],
  },
  {
    rule: "Only logger.ts and main.ts print",
    words: /\bconsole\b/g,
    packages: /^(?:node:)?console$/,
    allowed: ["src/logger.ts", "src/main.ts"],
  },
  {
    rule: "Only app.ts, serve.ts, main.ts, terminal.ts and logger.ts read the clock",
    words: /\bDate\.now\b|\bnew Date\(\s*\)|\bperformance\.now\b|\bhrtime\b/g,
    allowed: [...edge, "src/logger.ts"],
  },
  {
    rule: "Only scheduler.ts, app.ts, serve.ts, main.ts and terminal.ts set timers",
    words: /\b(?:setTimeout|setInterval|setImmediate)\b/g,
    packages: /^(?:node:)?timers(?:\/|$)/,
    allowed: [...edge, "src/scheduler.ts"],
  },
  {
    rule: "Only app.ts, serve.ts, main.ts and terminal.ts use chance",
    words: /\b(?:Math\.random|getRandomValues|randomUUID|randomBytes|randomInt)\b/g,
    allowed: edge,
  },
  {
    rule: "Only app.ts, serve.ts, main.ts and terminal.ts name the process",
    words: /\bprocess\b/g,
    packages: /^(?:node:)?process$/,
    allowed: edge,
  },
];
for (const { rule, words, packages, allowed } of places) {
  test(rule, () => {
    const isAllowed = (path: string) => allowed.some((place) => path.startsWith(place));
    none([
      ...src.filter(({ path }) => !isAllowed(path)).flatMap((file) => find(file, "words", words)),
      ...flagImports((path, { specifier }) => !isAllowed(path) && packages?.test(specifier)),
    ]);
  });
}

test(`A file has at most ${FILE_LINES_MAX} lines`, () => {
  const tooLong = [...src, ...page].filter(({ text }) => lines(text) - 1 > FILE_LINES_MAX);
  none(tooLong.map(({ path, text }) => `${path}:${lines(text) - 1}`));
});

test(`A function has at most ${FUNCTION_LINES_MAX} lines`, () => {
  none([...src, ...page].flatMap(longFunctions));
});

test("File names are in snake_case and describe the content", () => {
  const bin = /(?:^|\/)(?:utils?|common|helpers?|types?|misc)(?:\.ts|\/)/;
  const wrong = src.filter(({ path }) => bin.test(path) || !/^[a-z0-9_/]+\.ts$/.test(path));
  none(wrong.map(({ path }) => path));
});

test("A test file mirrors the file that it tests", () => {
  const mirrored = tests.map(({ path }) => path)
    .filter((path) => path.endsWith("_test.ts") && !WHOLE.test(path));
  none(mirrored.filter((path) => {
    const name = path.slice("tests/".length, -"_test.ts".length);
    return !paths.includes(`src/${name}.ts`) && !paths.includes(`${name}.js`);
  }));
});

test("Tests wait with until, and set no timers", () => {
  // Fake clients and clocks, and the pace of a test, may set timers.
  const allowed = [
    "tests/helpers/",
    "tests/run.mjs",
    "tests/scheduler_test.ts",
    "tests/terminal/fake_terminal.ts",
    "tests/http/native/history_test.ts",
    "tests/conformance/openbb_test.ts",
    "tests/browser/openbb.mjs",
    "tests/browser/probes.mjs",
  ];
  const timers = /\b(?:setTimeout|setInterval)\b/g;
  none(
    tests.filter(({ path }) => !allowed.some((place) => path.startsWith(place)))
      .flatMap((file) => find(file, "words", timers)),
  );
});

test("No type is any in src and static", () => {
  const files = [...src, ...page];
  none([
    ...files.flatMap((file) => find(file, "words", /(?:[:<|&]|\bas)\s*any\b|\bany\[\]/g)),
    ...files.flatMap((file) => find(file, "text", /@\w+ \{[^}\n]*\bany\b[^}\n]*\}/g)),
  ]);
});

test("No type error is silenced", () => {
  none([...src, ...page, ...tests].flatMap((f) => find(f, "text", /@ts-(?:ignore|nocheck)/g)));
});

test("The page never makes HTML from text", () => {
  const words = /\b(?:innerHTML|outerHTML|insertAdjacentHTML|document\.write)\b/g;
  none(page.flatMap((file) => find(file, "words", words)));
});

test("No file contains a path of a developer's machine", () => {
  const pattern = /(?<![\w.:~}-])\/(?:home|Users|root|work)\/[\w.]/g;
  none(paths.map(source).flatMap((file) => find(file, "text", pattern)));
});

test("No file contains the host of a package registry", () => {
  const inLock = /\bregistry\.|"resolved": *"https?:/g;
  const elsewhere = /\/\/[\w.-]*(?:registry(?!\.npmjs\.org)|artifactory|nexus|verdaccio)[\w.-]*/g;
  const isLock = (path: string) => /(?:^|[/.-])lock(?:\.json|b)?$/.test(path);
  none(
    paths.map(source).flatMap((file) => find(file, "text", isLock(file.path) ? inLock : elsewhere)),
  );
});

test("The Dockerfile builds as the build task does", () => {
  const command = source("deno.json").text.match(/"build": *"[^"]*\b(bun build [^"]+)"/)?.[1];
  assert.ok(command, "deno.json has no build task");
  assert.ok(source("Dockerfile").text.includes(command), `Dockerfile: not found: ${command}`);
});

function none(wrong: string[]): void {
  assert.equal(wrong.length, 0, `\n  ${wrong.join("\n  ")}`);
}

function list(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (UNTRACKED.has(entry.name)) return [];
    if (entry.isDirectory()) return list(path);
    return entry.isFile() && !/\.(?:log|png|ico|woff2|db)$/.test(path) ? [path] : [];
  });
}

function source(path: string): Source {
  const text = readFileSync(join(ROOT, path), "utf8");
  const code = text.replace(TOKENS, (token) => /^\/[/*]/.test(token) ? blank(token) : token);
  const words = text.replace(TOKENS, (token) => {
    if (!token.startsWith("`")) return blank(token);
    // An expression in a template is code.
    return token.replace(/\$\{[^`}]*\}|[^]/g, (part) => part.length > 1 ? part : blank(part));
  });
  return { path, text, code, words };
}

/** Keeps the length and the lines, so that positions in the text stay the same. */
function blank(text: string): string {
  return text.replace(/[^\n]/g, " ");
}

function lines(text: string): number {
  return text.split("\n").length;
}

function find(file: Source, part: "text" | "code" | "words", pattern: RegExp): string[] {
  return [...file[part].matchAll(pattern)].map((match) =>
    `${file.path}:${lines(file[part].slice(0, match.index))}: ${match[0].trim()}`
  );
}

function importsOf({ path, code }: Source): Import[] {
  const pattern = /\b(?:from|import)\s*\(?\s*"([\w@./:-]+)"(\s*,?\s*(?:with\s*)?:?\s*\{[^}]*\})?/g;
  return [...code.matchAll(pattern)].map((match) => {
    const specifier = match[1]!;
    return {
      specifier,
      target: specifier.startsWith(".") ? posix.join(posix.dirname(path), specifier) : undefined,
      isText: match[2]?.includes('"text"') ?? false,
      at: `${path}:${lines(code.slice(0, match.index))}: ${specifier}`,
    };
  });
}

function flagImports(isWrong: (path: string, found: Import) => boolean | undefined): string[] {
  return [...imports].flatMap(([path, found]) =>
    found.filter((each) => isWrong(path, each)).map(({ at }) => at)
  );
}

function mayImport(from: string, to: string): boolean {
  const own = OUTSIDE.get(from);
  if (own !== undefined) return own.includes(to);
  if (OUTSIDE.has(to)) return edge.includes(from);
  const [left, right] = [layer(to), layer(from)];
  return left >= 0 && right >= 0 && left <= right;
}

/** @returns the index of a file's layer, from the left; -1 for a file outside the layers */
function layer(path: string): number {
  return LAYERS.indexOf(path.split("/")[1]!);
}

/** Removes files without imports or importers until none is left; the rest forms cycles. */
function circle(): string[] {
  const left = new Map([...imports].map(([path, found]) => [path, found.map((f) => f.target)]));
  for (;;) {
    const imported = new Set([...left.values()].flat());
    const ends = [...left].filter(([path, targets]) =>
      !imported.has(path) || !targets.some((target) => target !== undefined && left.has(target))
    );
    if (ends.length === 0) return [...left.keys()];
    for (const [path] of ends) left.delete(path);
  }
}

/** A body starts with a brace at the end of a line, after `=>` or after a parameter list. */
function longFunctions({ path, words }: Source): string[] {
  const found: string[] = [];
  for (const { index } of words.matchAll(/\{$/gm)) {
    const start = functionStart(words, index);
    if (start === undefined) continue;
    const first = lines(words.slice(0, start));
    const size = lines(words.slice(0, closing(words, index))) - first + 1;
    if (size > FUNCTION_LINES_MAX) found.push(`${path}:${first}: ${size} lines`);
  }
  return found;
}

/** @returns where the function with the body that starts at `brace` begins, if it is a function */
function functionStart(words: string, brace: number): number | undefined {
  const lineStart = words.lastIndexOf("\n", brace - 1) + 1;
  const line = words.slice(lineStart, brace);
  if (/=>\s*$/.test(line)) return lineStart;
  const end = line.search(/\)\s*(?::.*)?$/);
  if (end < 0) return undefined;
  let depth = 0;
  let start = lineStart + end;
  for (; start >= 0; start--) {
    if (words[start] === ")") depth++;
    if (words[start] === "(" && --depth === 0) break;
  }
  const before = words.slice(words.lastIndexOf("\n", start) + 1, start);
  return /\b(?:if|for|while|switch|catch|await)\s*$/.test(before) ? undefined : start;
}

function closing(words: string, brace: number): number {
  let depth = 0;
  for (let index = brace; index < words.length; index++) {
    if (words[index] === "{") depth++;
    if (words[index] === "}" && --depth === 0) return index;
  }
  return words.length;
}
