// Pages that only listen, from another server or opened as a file:
// `node tests/browser/listeners.mjs [bun|deno|dist/tickwire]`. SHOTS=folder keeps pictures.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { isDeepStrictEqual } from "node:util";
import { Checks } from "../helpers/checks.mjs";
import { freePort } from "../helpers/free_port.mjs";
import { until } from "../helpers/until.mjs";
import { Complaints, newPage, startBrowser, startServer } from "./harness.mjs";
import { pageFile, startPages } from "./page_host.mjs";
import { ingest, shoot } from "./probes.mjs";

/** @import { Page } from "playwright-core" */

const kind = process.argv[2] ?? "bun";
const VALUES = 250;
const valueOf = (/** @type {number} */ index) =>
  Math.round((0.5 + 0.4 * Math.sin(index / 40)) * 1e6 + index) / 1e7;
const indexOf = new Map(Array.from({ length: VALUES }, (_, index) => [valueOf(index), index]));
assert.equal(indexOf.size, VALUES);

const folder = await mkdtemp(join(tmpdir(), "tickwire-"));
const file = join(folder, "metrics.json");
const start = 1_566_453_600_000;
await writeFile(
  file,
  JSON.stringify(
    [...indexOf].map(([value, index]) => ({ timestamp: start + index * 60_000, value })),
  ),
);

const pages = await startPages(await freePort());
const server = await startServer(kind, {
  feed: `replay:${file}?symbol=cpu&map=time:timestamp,price:value&speed=2400&rebase&loop`,
  more: ["--origin", pages.origin, "--origin", "null"],
});
const sockets = server.origin.replace("http", "ws");
const browser = await startBrowser();
const complaints = new Complaints();
const checks = new Checks();
const check = checks.check.bind(checks);

/** @param {string} name @param {string} socket */
async function open(name, socket, base = `${pages.origin}/${name}`) {
  const page = await newPage(browser, complaints);
  await page.goto(`${base}?socket=${encodeURIComponent(`${sockets}${socket}`)}`);
  return page;
}

/**
 * Values that a page shows, as numbers of the file.
 * @param {Page} page
 * @returns {Promise<number[]>}
 */
async function shown(page) {
  const values = /** @type {number[]} */ (await page.evaluate("points.map(({ y }) => y)"));
  return values.map((value) => {
    const index = indexOf.get(value);
    assert.ok(index !== undefined, `${value} is not in the file`);
    return index;
  });
}

const first = await open("values.html", "/ws?symbol=cpu&format=value");
await until("it shows some", () => shown(first), ({ length }) => length > 30);
const second = await open("values.html", "/ws?symbol=cpu&format=value");
const local = await open("values.html", "/ws?symbol=cpu&format=value", pageFile("values.html"));

await check(
  "A page that draws values gets all of the file in order, and the next pass",
  async () => {
    const seen = await until(
      "it shows as many as it can",
      () => shown(first),
      ({ length }) => length === 200,
    );
    for (const [at, index] of seen.slice(1).entries()) {
      assert.equal(index, (seen[at] ?? 0) + 1 === VALUES ? 0 : (seen[at] ?? 0) + 1);
    }
    await shoot(first, "values");
  },
);

await check("Pages opened later, from another origin or as a file, see the same run", async () => {
  for (const page of [second, local]) {
    const seen = await until("it shows some", () => shown(page), ({ length }) => length > 20);
    for (const [at, index] of seen.slice(1).entries()) {
      assert.equal(index, ((seen[at] ?? 0) + 1) % VALUES);
    }
  }
});

await check("A page with two symbols gets the reason in the close frame only", async () => {
  const page = await newPage(browser, complaints);
  await page.goto(
    `${pages.origin}/list.html?socket=${encodeURIComponent(`${sockets}/ws?format=list`)}`,
  );
  const closed = await page.evaluate((url) =>
    new Promise((done) => {
      const socket = new WebSocket(url);
      socket.onmessage = ({ data }) => done(data);
      socket.onclose = ({ code, reason }) => done(`${code} ${reason}`);
    }), `${sockets}/ws?symbol=a,b&format=value`);
  assert.equal(closed, "4400 Cannot stream values: name one symbol, as in symbol=AAPL");
  await page.close();
});

await check(
  "A ticker page shows the whole list at once, by symbol, and then at intervals",
  async () => {
    await ingest(server.origin, [{ symbol: "TSLA", price: 248.4 }, {
      symbol: "AAPL",
      price: 150.12,
    }]);
    const lists = async (/** @type {Page} */ page, /** @type {string[]} */ ...wanted) => {
      const items = () => page.locator("#stock-list li").allInnerTexts();
      await until(`the list is ${wanted}`, items, (texts) => isDeepStrictEqual(texts, wanted));
    };
    // Its second list would come too late for this test.
    const once = await open("list.html", "/ws?format=list&every=10m&symbol=AAPL,TSLA");
    await lists(once, "AAPL: $150.12", "TSLA: $248.4");
    await once.close();
    const page = await open("list.html", "/ws?format=list&every=1s&symbol=AAPL,TSLA");
    await until("four have come", () => page.evaluate("messages >= 4"));
    await lists(page, "AAPL: $150.12", "TSLA: $248.4");
    await ingest(server.origin, { symbol: "AAPL", price: 151 });
    await lists(page, "AAPL: $151", "TSLA: $248.4");
    await shoot(page, "list");
    await page.close();
  },
);

await check("A ticker page opened as a file works as well", async () => {
  const page = await open("list.html", "/ws?format=list&every=1s", pageFile("list.html"));
  const items = () => page.locator("#stock-list li").allInnerTexts();
  const texts = await until("there is a list", items, ({ length }) => length === 3);
  assert.match(texts[2] ?? "", /^cpu: \$0\.\d+$/);
  await page.close();
});

await check(
  "The console has no complaints",
  () => assert.deepEqual(complaints.messages, []),
);

await browser.close();
await server.stop();
await pages.stop();
await rm(folder, { recursive: true });
process.exitCode = checks.end();
