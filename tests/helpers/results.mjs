// Reads the names of passed and failed tests from the output of test runners.

/** @typedef {{ passed: number, failures: string[] }} Results */

/**
 * Reads the output of `deno test tests/helpers/together.ts`, which indents tests below the name of their group.
 * @param {string} output
 * @returns {Results}
 */
export function denoResults(output) {
  let passed = 0;
  let file = "";
  /** @type {string[]} */
  const failures = [];
  /** @type {{ name: string, hasTests: boolean }[]} */
  const groups = [];
  // Deno writes the note about a slow test into its result line.
  const lines = output.replaceAll(/'.*' has been running for over \(.*\)\n/g, "").split("\n");
  for (const line of lines) {
    if (line === " ERRORS ") break;
    const next = /^tests from (?:\.\/)?(.+) \.\.\. ok(?: \(.*\))?$/.exec(line)?.[1];
    if (next !== undefined) {
      file = next;
      continue;
    }
    if (/^Uncaught error from .+ FAILED$/.test(line)) failures.push(`${file}: uncaught error`);
    const [, indent = "", name = "", verdict, remark = ""] =
      /^( *)(.+) \.\.\.(?: (ok|FAILED|ignored)(?: \((.*)\))?)?$/.exec(line) ?? [];
    if (name === "") continue;
    const depth = indent.length / 2;
    const group = groups[depth];
    const isGroup = group?.name === name && group.hasTests;
    groups.length = Math.min(groups.length, depth);
    const outer = groups.at(-1);
    if (outer !== undefined) outer.hasTests = true;
    if (verdict === undefined) groups.push({ name, hasTests: false });
    if (verdict === "ok" && !isGroup) passed++;
    // A group fails with its tests, which are counted, or in its hooks.
    if (verdict === "FAILED" && !remark.startsWith("due to ")) {
      failures.push(`${file}: ${[...groups, { name }].map(({ name }) => name).join(" > ")}`);
    }
  }
  return { passed, failures };
}

/**
 * Reads the output of `bun test`, which repeats failures at the end.
 * @param {string} output
 * @returns {Results}
 */
export function bunResults(output) {
  let passed = 0;
  let file = "";
  /** @type {string[]} */
  const failures = [];
  for (const line of output.split("\n")) {
    if (/^\d+ tests? failed:$/.test(line)) break;
    file = /^(\S+_test\.ts):$/.exec(line)?.[1] ?? file;
    if (line === "# Unhandled error between tests") failures.push(`${file}: error between tests`);
    const [, verdict, name] = /^\((pass|fail)\) (.+?)(?: \[[\d.]+m?s\])?$/.exec(line) ?? [];
    if (verdict === "pass") passed++;
    if (verdict === "fail") failures.push(`${file}: ${name}`);
  }
  // In some environments Bun prints only failures.
  const [, count = "0"] = /^ *(\d+) pass$/m.exec(output) ?? [];
  return { passed: Math.max(passed, Number(count)), failures };
}

/** Reads the output of test programs. @param {string} output @returns {Results} */
export function checkResults(output) {
  const found = [...output.matchAll(/^(ok|FAILED) +(.+) \(\d+ ms\)$/gm)];
  const failures = found.flatMap(([, verdict, name = ""]) => verdict === "ok" ? [] : [name]);
  return { passed: found.length - failures.length, failures };
}

/** The output of a failed runner without the lines of passed tests. @param {string} output */
export function failedOutput(output) {
  const isPassed =
    /^(\(pass\) .*|ok +.* \(\d+ ms\)| *.+ \.\.\. ok( \(.*\))?|\S+_test\.ts:|running \d+ tests? from .*|)$/;
  return output.split("\n").filter((line) => !isPassed.test(line)).join("\n");
}
