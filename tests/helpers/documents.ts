import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const ROOT = fileURLToPath(new URL("../..", import.meta.url).href);

/** A block of code in a document. */
export interface Block {
  /** Such as `docs/feeds.md:40`. */
  readonly at: string;
  readonly language: string;
  /** Name of the file in the document, as in ` ```csv prices.csv `. */
  readonly file: string | undefined;
  readonly text: string;
}

/** One command of a document; continued lines are joined. */
export interface Command {
  readonly at: string;
  readonly line: string;
  /** The output in the document. */
  readonly output: string | undefined;
}

/** All documents of the project, relative to its root. */
export const PAGES: readonly string[] = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md")).map((name) => `docs/${name.replaceAll("\\", "/")}`),
  "bench/README.md",
].sort();

export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** A fence may be indented in a list. */
const FENCE = /^( *)```(\w*) ?(.*)\n([^]*?)^\1```$/gm;

export function blocksOf(page: string): Block[] {
  const text = textOf(page);
  return [...text.matchAll(FENCE)].map((
    { index, 1: indent, 2: language, 3: file, 4: content },
  ) => ({
    at: `${page}:${text.slice(0, index).split("\n").length}`,
    language: language!,
    file: file === "" ? undefined : file,
    text: content!.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
  }));
}

/** The page without its code blocks. */
export function proseOf(page: string): string {
  return textOf(page).replaceAll(FENCE, "");
}

export function commandsOf(page: string): Command[] {
  const blocks = blocksOf(page);
  return blocks.flatMap((block, index) => {
    if (block.language !== "sh") return [];
    const next = blocks[index + 1];
    const lines = block.text.replaceAll(/\\\n\s*/g, "").split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    return lines.map((line, n) => ({
      at: block.at,
      line,
      output: next?.language === "output" && n === lines.length - 1 ? next.text : undefined,
    }));
  });
}

/**
 * Splits a line into the words of each command, as a shell does, without redirections.
 * @param env values of `$NAME` in double quotes
 */
export function splitLine(line: string, env: Readonly<Record<string, string>>): string[][] {
  const commands: string[][] = [[]];
  const token =
    /\s*(?:(\|\||&&|[|;])|>>?\s*\S+|(#.*)|((?:'[^']*'|"[^"]*"|[^\s'"|;&>#]|(?<=\S)#|&(?!&))+))/gy;
  for (const [, end, , word] of line.matchAll(token)) {
    if (end !== undefined) commands.push([]);
    if (word === undefined) continue;
    const bare = word.replaceAll(
      /'([^']*)'|"([^"]*)"/g,
      (_, plain, open) =>
        plain ?? open.replaceAll(/\$\{?(\w+)\}?/g, (_: string, name: string) => env[name] ?? ""),
    );
    commands.at(-1)!.push(bare);
  }
  return commands.filter((words) => words.length > 0);
}

/** The program's name in the documents. */
const PROGRAM = /^(?:dist\/)?tickwire$/;
const RUNTIMES = [["bun", "src/main.ts"], ["deno", "run", "-A", "src/main.ts"]];

/** A command without assignments and shell keywords before it. */
function bareOf(words: readonly string[]): string[] {
  const begin = words.findIndex((word) => !/^[A-Z_]+=|^(?:do|done|then)$/.test(word));
  return begin < 0 ? [] : words.slice(begin);
}

export function programOf(words: readonly string[]): string | undefined {
  return bareOf(words)[0];
}

/** The arguments of a tickwire command; `undefined` for other programs. */
export function argumentsOf(words: readonly string[]): string[] | undefined {
  const rest = bareOf(words);
  if (PROGRAM.test(rest[0] ?? "")) return rest.slice(1);
  const runtime = RUNTIMES.find((names) => names.every((name, index) => rest[index] === name));
  return runtime === undefined ? undefined : rest.slice(runtime.length);
}

/** Whether these arguments start a server that does not end by itself. */
export function serves(args: readonly string[]): boolean {
  const ends = ["--help", "--version", "--check"].some((flag) => args.includes(flag));
  return !ends && (args[0] === undefined || args[0].startsWith("-"));
}

const RECORDS = [
  "Ticker,timestamp,close",
  "EUR,2012-02-06 09:30:00,1.31",
  "EUR,2012-02-06 09:31:00,1.32",
].join("\n");

/** Makes a folder for the commands of a page, with the files that the page shows. */
export function layOut(folder: string, page: string): string {
  const place = join(folder, page.replaceAll(/\W/g, "_"));
  mkdirSync(place, { recursive: true });
  for (const name of ["eur", "gbp"]) {
    writeFileSync(join(place, `${name}.csv.gz`), gzipSync(RECORDS));
  }
  for (const { file, text } of blocksOf(page)) {
    if (file !== undefined) writeFileSync(join(place, file), text);
  }
  return place;
}
