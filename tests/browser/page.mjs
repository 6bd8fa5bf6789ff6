// Drives the page in a real browser: `node tests/browser/page.mjs [bun|deno|dist/tickwire] [TOPIC…] [PART/PARTS]`.
// SHOTS=folder keeps pictures, CHROMIUM=path names the browser.

import assert from "node:assert/strict";
import process from "node:process";
import { Checks } from "../helpers/checks.mjs";
import { until } from "../helpers/until.mjs";
import { accessChecks } from "./access.mjs";
import { brokenChecks } from "./broken.mjs";
import { chartChecks } from "./chart.mjs";
import { correctionChecks } from "./corrections.mjs";
import { embedChecks } from "./embed.mjs";
import { extraChecks } from "./extras.mjs";
import { gridChecks } from "./grid.mjs";
import { Complaints, newPage, startBrowser, startServer } from "./harness.mjs";
import { hostileChecks } from "./hostile.mjs";
import { indicatorChecks } from "./indicators.mjs";
import { layoutChecks } from "./layouts.mjs";
import { listChecks } from "./lists.mjs";
import { looksChecks } from "./looks.mjs";
import { recorderChecks } from "./recorder.mjs";
import { roomChecks } from "./room.mjs";
import { stateChecks } from "./states.mjs";

/** @import { BrowserContextOptions, Page } from "playwright-core" */

/**
 * What a topic has to do with.
 * @typedef {object} Desk
 * @property {string} kind of server
 * @property {string} feed
 * @property {string} origin of a server with that feed
 * @property {Complaints} complaints
 * @property {Checks["check"]} check
 * @property {(options?: BrowserContextOptions) => Promise<Page>} open
 */

const TOPICS = {
  grid: gridChecks,
  chart: chartChecks,
  recorder: recorderChecks,
  corrections: correctionChecks,
  room: roomChecks,
  embed: embedChecks,
  looks: looksChecks,
  access: accessChecks,
  extras: extraChecks,
  indicators: indicatorChecks,
  layouts: layoutChecks,
  hostile: hostileChecks,
  broken: brokenChecks,
  lists: listChecks,
  states: stateChecks,
};

const given = process.argv.slice(2);
const isTopic = (/** @type {string} */ name) => Object.hasOwn(TOPICS, name);
const isPart = (/** @type {string} */ name) => /^[1-9]\/[1-9]$/.test(name);
const names = given.filter(isTopic);
const [kind = "bun", ...unknown] = given.filter((name) => !isTopic(name) && !isPart(name));
if (unknown.length > 0) throw new Error(`Cannot check ${unknown.join(", ")}: it is not a topic`);
const [part = 1, parts = 1] = given.find(isPart)?.split("/").map(Number) ?? [];
const feed = "synthetic:?rate=20&seed=7&history=20m";
const server = await startServer(kind, { feed });
const { origin } = server;
const browser = await startBrowser();
const complaints = new Complaints();
const checks = new Checks();
const check = checks.check.bind(checks);
const open = (/** @type {BrowserContextOptions} */ options = {}) =>
  newPage(browser, complaints, options);

for (const [index, [name, run]] of Object.entries(TOPICS).entries()) {
  if (index % parts !== part - 1) continue;
  if (names.length > 0 && !names.includes(name)) continue;
  await run({ kind, feed, origin, complaints, check, open });
}

await check("Nothing is complained about in the console", async () => {
  // What is complained about last is the proof that nothing else was on its way.
  const page = await open();
  await page.goto(origin);
  await page.evaluate("console.error('the end')");
  await until("it is heard", () => complaints.messages.includes("the end"));
  assert.deepEqual(complaints.messages, ["the end"]);
});

await check(
  "Nobody else is talked to",
  () => assert.deepEqual([...complaints.hosts], [new URL(origin).host]),
);

await browser.close();
await server.stop();
process.exitCode = checks.end();
