import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { posix } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { blocksOf, PAGES, proseOf, textOf } from "../helpers/documents.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url).href);
const isThere = (path: string) => existsSync(posix.join(ROOT, path));

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, title] of proseOf(page).matchAll(/^#+ (.*)$/gm)) {
    const plain = title!.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const name = plain.replaceAll(/[^\p{L}\p{N}\p{Pc} -]/gu, "").replaceAll(" ", "-");
    let free = name;
    for (let n = 1; anchors.has(free); n++) free = `${name}-${n}`;
    anchors.add(free);
  }
  return anchors;
}

const anchors = new Map(PAGES.map((page) => [page, anchorsOf(page)]));

function faultOf(page: string, link: string): string | undefined {
  const [path, anchor] = link.split("#");
  const target = path === "" ? page : posix.join(posix.dirname(page), path!);
  if (!isThere(target)) return `${link}: there is no ${target}`;
  if (anchor === undefined) return undefined;
  return anchors.get(target)?.has(anchor) ? undefined : `${link}: ${target} has no such heading`;
}

describe("Links of the documents", () => {
  it("They lead to existing files and headings", () => {
    const faults = PAGES.flatMap((page) => {
      const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
      const own = links.filter((link) => !/^(?:https?:|mailto:)/.test(link));
      return own.flatMap((link) => faultOf(page, link) ?? []).map((fault) => `${page}: ${fault}`);
    });
    assert.deepEqual(faults, []);
  });

  it("Every page of docs/ is linked from README.md, directly or indirectly", () => {
    const reached = new Set<string>();
    const visit = (page: string) => {
      if (reached.has(page)) return;
      reached.add(page);
      for (const [, link] of proseOf(page).matchAll(/\]\(([^)\s#]+\.md)/g)) {
        const target = posix.join(posix.dirname(page), link!);
        if (PAGES.includes(target)) visit(target);
      }
    };
    visit("README.md");
    assert.deepEqual(PAGES.filter((page) => !reached.has(page)), []);
  });

  it("Files of the project in the documents exist", () => {
    // Build outputs, and files that the reader writes.
    const others = /^dist\/|NAME/;
    const names = PAGES.filter((page) => page !== "CHANGELOG.md").flatMap((page) => {
      const code = blocksOf(page).map(({ text }) => text).join("\n");
      const named = `${proseOf(page)}\n${code}`.matchAll(
        /(?<![\w/.-])((?:src|tests|deploy|bench|static|docs)\/[\w/.-]*\w)/g,
      );
      return [...named].map(([, name]) => [page, name!] as const);
    });
    assert.ok(names.length > 50);
    const missing = names.filter(([, name]) => !others.test(name) && !isThere(name));
    assert.deepEqual(missing, []);
  });

  it("README.md stays short", () => {
    assert.ok(textOf("README.md").split("\n").length <= 201);
  });
});
