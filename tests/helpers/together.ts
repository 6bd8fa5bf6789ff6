// Runs test files in one isolate, because most files take less time than their modules take to load:
//   deno test tests/helpers/together.ts -- FILE…
import { test } from "node:test";
import { pathToFileURL } from "node:url";

for (const file of Deno.args) {
  // Deno names only this file; the reader of its output finds the others by these lines.
  test(`tests from ${file}`, () => {});
  try {
    await import(pathToFileURL(file).href);
  } catch (error) {
    test("loads", () => Promise.reject(error));
  }
}
