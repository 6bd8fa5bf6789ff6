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
  /** What the document calls the file that the block is, as in ` ```csv prices.csv `. */
  readonly file: string | undefined;
  readonly text: string;
}

/** One command of a document, with its goes-on lines joined. */
export interface Command {
  readonly at: string;
  readonly line: string;
  /** What the document says that it prints. */
  readonly output: string | undefined;
}

/** Every document of the project, from its root. */
export const PAGES: readonly string[] = [
  ...readdirSync(ROOT).filter((name) => name.endsWith(".md")),
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md")).map((name) => `docs/${name.replaceAll("\\", "/")}`),
  "bench/README.md",
].sort();

export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** A fence may be indented, in a list. */
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

/** The page without its blocks of code. */
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
 * Splits a line as a shell does: words of each command, without what stands behind a `>`.
 * @param env what `$NAME` in double quotes stands for
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

/** How the documents write the program. */
const PROGRAM = /^(?:dist\/)?tickwire$/;
const RUNTIMES = [["bun", "src/main.ts"], ["deno", "run", "-A", "src/main.ts"]];

/** A command without what a shell reads before it. */
function bareOf(words: readonly string[]): string[] {
  const begin = words.findIndex((word) => !/^[A-Z_]+=|^(?:do|done|then)$/.test(word));
  return begin < 0 ? [] : words.slice(begin);
}

export function programOf(words: readonly string[]): string | undefined {
  return bareOf(words)[0];
}

/** What is given to tickwire by a command, `undefined` when it is another program's. */
export function argumentsOf(words: readonly string[]): string[] | undefined {
  const rest = bareOf(words);
  if (PROGRAM.test(rest[0] ?? "")) return rest.slice(1);
  const runtime = RUNTIMES.find((names) => names.every((name, index) => rest[index] === name));
  return runtime === undefined ? undefined : rest.slice(runtime.length);
}

/** Whether these arguments start a server, and do not end by themselves. */
export function serves(args: readonly string[]): boolean {
  const ends = ["--help", "--version", "--check"].some((flag) => args.includes(flag));
  return !ends && (args[0] === undefined || args[0].startsWith("-"));
}

const RECORDS = [
  "Ticker,timestamp,close",
  "EUR,2012-02-06 09:30:00,1.31",
  "EUR,2012-02-06 09:31:00,1.32",
].join("\n");

/** Makes the folder in which a page's commands are run, with the files that the page shows. */
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
