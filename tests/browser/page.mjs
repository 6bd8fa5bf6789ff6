// Drives the page in a real browser: `node tests/browser/page.mjs [bun|deno|dist/tickwire]`.
// SHOTS=folder keeps pictures, CHROMIUM=path names the browser.

import assert from "node:assert/strict";
import process from "node:process";
import {
  Checks,
  Complaints,
  freePort,
  newPage,
  sleep,
  startBrowser,
  startServer,
  until,
} from "./harness.mjs";
import {
  barsAgree,
  canvasOf,
  chooseInterval,
  colorOf,
  hasHistory,
  ingest,
  line,
  priceMoves,
  priceOf,
  shoot,
  stateIs,
  ticksAgree,
} from "./probes.mjs";
import { resumeAfterKill } from "./resume.mjs";

/** @import { BrowserContextOptions } from "playwright-core" */

const FEED = "synthetic:?rate=60&seed=7&history=20m";
/** Colour of the text in the light theme. */
const LIGHT_TEXT = "rgb(26, 31, 38)";
const kind = process.argv[2] ?? "bun";

const port = await freePort();
let server = await startServer(kind, { port, feed: FEED });
const { origin } = server;
const browser = await startBrowser();
const complaints = new Complaints();
const checks = new Checks();
const check = checks.check.bind(checks);
const open = (/** @type {BrowserContextOptions} */ options = {}) =>
  newPage(browser, complaints, options);

const page = await open();
await check("Rows are shown within 5 s of opening", async () => {
  await page.goto(origin);
  await page.waitForSelector("#grid tbody tr:nth-child(8)", { timeout: 5_000 });
  const symbols = await page.locator("#grid tbody td.symbol").allInnerTexts();
  const known = await (await fetch(`${origin}/symbols`)).json();
  assert.deepEqual(symbols, known.map((/** @type {{ symbol: string }} */ { symbol }) => symbol));
  await stateIs(page, "live");
});

await check("A price changes, and its cell flashes up or down", async () => {
  await priceMoves(page, "AAPL");
  await page.waitForSelector('tr[data-symbol="AAPL"] td.last.flash:is(.up, .down):is(.odd, .even)');
});

await check("Prices have the decimals of their instrument", async () => {
  const settled = async () => /^\d\.\d{5}$/.test(await priceOf(page, "EUR/USD"));
  await until("EUR/USD has five decimals", settled);
  assert.match(await priceOf(page, "AAPL"), /^\d+\.\d\d$/);
});

await check("The line is drawn and moves", async () => {
  const before = await canvasOf(page);
  assert.ok(before.colors > 10, `${before.colors} colours`);
  await sleep(1_000);
  assert.notEqual((await canvasOf(page)).picture, before.picture);
  await shoot(page, "dark");
});

await check("The line has every tick of history and stream once", () => ticksAgree(page, origin));

await check("The title shows symbol and price", async () => {
  assert.match(await page.title(), /^AAPL \d+\.\d\d – tickwire$/);
});

await check("A click chooses another symbol, and the address keeps it", async () => {
  await line(page, "GOOGL").click();
  await until(
    "the chart is that of GOOGL",
    async () => await page.locator("#symbol").innerText() === "GOOGL",
  );
  assert.equal(new URL(page.url()).searchParams.get("symbol"), "GOOGL");
  assert.equal(await line(page, "GOOGL").getAttribute("aria-selected"), "true");
  assert.equal(await line(page, "AAPL").getAttribute("aria-selected"), "false");
});

for (const interval of ["1s", "1m"]) {
  await check(`Candles of ${interval} are drawn, move and equal /bars`, async () => {
    await chooseInterval(page, interval);
    assert.equal(new URL(page.url()).searchParams.get("interval"), interval);
    await until("history is there", () => hasHistory(page));
    const before = await canvasOf(page);
    assert.ok(before.colors > 5, `${before.colors} colours`);
    await barsAgree(page, origin, interval);
    await sleep(2_000);
    assert.notEqual((await canvasOf(page)).picture, before.picture);
    await shoot(page, `candles-${interval}`);
  });
}

await check("The arrow keys and Enter choose a symbol", async () => {
  await line(page, "GOOGL").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#symbol").innerText(), "MSFT");
});

await check("The values under the pointer are told", async () => {
  const box = await page.locator("#plot").boundingBox();
  assert.ok(box);
  const newest = await page.locator("#readout").innerText();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await until(
    "the readout changes",
    async () => (await page.locator("#readout").innerText()).slice(0, 20) !== newest.slice(0, 20),
  );
  assert.match(await page.locator("#readout").innerText(), /O .* H .* L .* C .* V /);
});

await check("A symbol that comes by ingest appears at the end, with its decimals", async () => {
  await ingest(origin, { symbol: "NEW.SYMBOL-1", price: 1.2345 });
  await line(page, "NEW.SYMBOL-1").waitFor();
  assert.equal(await priceOf(page, "NEW.SYMBOL-1"), "1.2345");
  const symbols = await page.locator("#grid tbody td.symbol").allInnerTexts();
  assert.equal(symbols.at(-1), "NEW.SYMBOL-1");
});

await check("A chart of a single tick is drawn", async () => {
  await line(page, "NEW.SYMBOL-1").click();
  for (const interval of ["tick", "1d"]) {
    await chooseInterval(page, interval);
    await until("it is drawn", async () => (await canvasOf(page)).colors > 3);
  }
});

await check("The light theme is one click away and kept in the address", async () => {
  await line(page, "BTC/USD").click();
  await chooseInterval(page, "1m");
  await page.locator("#theme").click();
  assert.equal(await colorOf(page), LIGHT_TEXT);
  assert.equal(new URL(page.url()).searchParams.get("theme"), "light");
  await sleep(1_000);
  await shoot(page, "light");
});

await check("The bare chart shows only the chart", async () => {
  const chart = await open({ viewport: { width: 700, height: 400 } });
  await chart.goto(`${origin}/chart?symbol=TSLA&interval=1m&theme=light`);
  await until("it is drawn", async () => (await canvasOf(chart)).colors > 5);
  assert.equal(await chart.locator("#symbol").innerText(), "TSLA");
  assert.ok(await chart.locator(".chart").isVisible());
  await stateIs(chart, "live");
  for (const other of [".board", ".top", ".status", ".empty"]) {
    assert.equal(await chart.locator(other).isVisible(), false, other);
  }
  assert.equal(await colorOf(chart), LIGHT_TEXT);
  await sleep(500);
  await shoot(chart, "bare");
  await chart.close();
});

await check("A phone of 360 pixels shows all without scrolling sideways", async () => {
  const phone = await open({ viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 });
  await phone.goto(origin);
  await until("it is drawn", async () => (await canvasOf(phone)).colors > 5);
  const width = () => phone.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(await width() <= 360, `${await width()} pixels`);
  const board = await phone.evaluate(() => {
    const { scrollWidth, clientWidth } = /** @type {Element} */ (document.querySelector(".board"));
    return scrollWidth - clientWidth;
  });
  assert.ok(board <= 0, `the board is ${board} pixels too wide`);
  await sleep(1_000);
  await shoot(phone, "phone");
  await phone.close();
});

await check("What is no symbol is refused in words", async () => {
  const wrong = await open();
  await wrong.goto(`${origin}/?symbol=${encodeURIComponent("<img src=x onerror=alert(1)>")}`);
  await until(
    "the notice says so",
    async () => (await wrong.locator("#notice").innerText()).startsWith("Cannot subscribe"),
  );
  assert.equal(await wrong.locator("img").count(), 0);
  await wrong.close();
});

await check("Hostile names are shown as text", async () => {
  const hostile = `"><img src=x onerror="document.title='hacked'">`;
  const victim = await open();
  await victim.routeWebSocket(/\/ws$/, (socket) => {
    socket.onMessage((text) => {
      const { id, channel } = JSON.parse(String(text));
      if (channel !== "quote") return;
      const snapshot = [{ symbol: hostile, name: hostile, price: 1, change: 1, change_percent: 1 }];
      const columns = ["symbol", "name", "price"];
      const reply = { op: "subscribed", id, sub: "q1", position: `${hostile}:1`, columns };
      socket.send(JSON.stringify({ ...reply, symbols: [hostile], snapshot }));
    });
  });
  await victim.goto(origin);
  await victim.waitForSelector("#grid tbody tr");
  assert.equal(await victim.locator("td.name").innerText(), hostile);
  assert.equal(await victim.locator("img").count(), 0);
  assert.ok(!(await victim.title()).startsWith("hacked"));
  await victim.close();
});

await check("A refused connection says why and does not come back", async () => {
  const refused = await open();
  let attempts = 0;
  await refused.routeWebSocket(/\/ws$/, (socket) => {
    attempts++;
    void socket.close({ code: 4401, reason: "Send a key" });
  });
  await refused.goto(origin);
  await stateIs(refused, "refused");
  assert.equal(await refused.locator("#state").innerText(), "Refused: Send a key");
  await sleep(1_500);
  assert.equal(attempts, 1);
  await refused.close();
});

await check("A server that is killed is waited for", async () => {
  complaints.isServerGone = true;
  await server.stop("SIGKILL");
  // Between two waits, which may be short, it tries to connect.
  await until("it says so", async () => /^Offline: /.test(await page.innerText("#state")));
  await until(
    "the seconds are counted",
    async () => /^next try in \d+ s$/.test(await page.innerText("#countdown")),
  );
  await shoot(page, "offline");
});

await check("A server that is back is found by itself, and all goes on", async () => {
  server = await startServer(kind, { port, feed: FEED });
  await stateIs(page, "live");
  complaints.isServerGone = false;
  await priceMoves(page, "AAPL");
  assert.equal(await line(page, "NEW.SYMBOL-1").count(), 0);
  await line(page, "GOOGL").click();
  await until("history is there", () => hasHistory(page));
  await barsAgree(page, origin, "1m");
});

await check("A planned restart is survived as well", async () => {
  complaints.isServerGone = true;
  await line(page, "AAPL").click();
  await chooseInterval(page, "tick");
  await server.stop("SIGTERM");
  server = await startServer(kind, { port, feed: FEED });
  await stateIs(page, "live");
  complaints.isServerGone = false;
  await priceMoves(page, "MSFT");
  await ticksAgree(page, origin);
});

await check("After a kill the chart goes on without a gap", async () => {
  await resumeAfterKill(kind, await open(), complaints);
});

await check("A server without symbols tells how to feed it", async () => {
  const other = await startServer(kind, { port: await freePort(), feed: "none" });
  const empty = await open();
  await empty.goto(other.origin);
  await empty.locator(".empty").waitFor();
  const command = await empty.locator("#command").innerText();
  assert.ok(command.startsWith("curl ") && command.endsWith(`${other.origin}/ticks`), command);
  await shoot(empty, "empty");
  await ingest(other.origin, { symbol: "DEMO", price: 1.5 });
  await line(empty, "DEMO").waitFor();
  assert.equal(await empty.locator("#symbol").innerText(), "DEMO");
  await empty.close();
  await other.stop();
  complaints.hosts.delete(new URL(other.origin).host);
});

await check("Nothing is complained about in the console", async () => {
  await sleep(500);
  assert.deepEqual(complaints.messages, []);
});

await check("Nobody else is talked to", async () => {
  await page.close();
  assert.deepEqual([...complaints.hosts], [new URL(origin).host]);
});

await browser.close();
await server.stop();
process.exitCode = checks.end();
