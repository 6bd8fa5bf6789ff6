// The board: rows that move, and what somebody does with them.

import assert from "node:assert/strict";
import { sleep, until } from "./harness.mjs";
import { ingest, line, priceMoves, priceOf, shoot, stateIs } from "./probes.mjs";

/** @import { Page } from "playwright-core" */
/** @import { Desk } from "./page.mjs" */

/** @param {Page} page */
function symbolsOf(page) {
  return page.evaluate(() => {
    /** @type {NodeListOf<HTMLElement>} */
    const rows = document.querySelectorAll("#grid .row");
    return [...rows].sort((a, b) => Number(a.ariaRowIndex) - Number(b.ariaRowIndex))
      .map((row) => row.dataset["symbol"] ?? "");
  });
}

/** @param {Desk} desk */
export async function gridChecks({ origin, check, open }) {
  const page = await open();
  await check("Rows are shown within 5 s of opening, in the order of the server", async () => {
    await page.goto(origin);
    await line(page, "ETH/USD").waitFor({ timeout: 5_000 });
    const known = await (await fetch(`${origin}/symbols`)).json();
    const names = known.map((/** @type {{ symbol: string }} */ { symbol }) => symbol);
    assert.deepEqual(await symbolsOf(page), names);
    await stateIs(page, "live");
  });

  await check("A price changes, and its cell flashes up or down", async () => {
    await priceMoves(page, "AAPL");
    await page.waitForSelector(
      '[data-symbol="AAPL"] .last.flash:is(.up, .down)',
    );
  });

  await check("Prices have the decimals of their instrument", async () => {
    const settled = async () => /^\d\.\d{5}$/.test(await priceOf(page, "EUR/USD"));
    await until("EUR/USD has five decimals", settled);
    assert.match(await priceOf(page, "AAPL"), /^\d+\.\d\d$/);
  });

  await check("The last hour of each row is drawn", async () => {
    const colors = () =>
      page.locator("#grid .strip").evaluate((canvas) => {
        const { width, height } = /** @type {HTMLCanvasElement} */ (canvas);
        const context = /** @type {HTMLCanvasElement} */ (canvas).getContext("2d");
        const { data } = /** @type {CanvasRenderingContext2D} */ (context)
          .getImageData(0, 0, width, height);
        return new Set(new Uint32Array(data.buffer)).size;
      });
    await until("there is a curve", async () => await colors() > 5);
  });

  await check("A click chooses another symbol, and the address keeps it", async () => {
    await line(page, "GOOGL").click();
    await until("it is GOOGL", async () => await page.locator("#symbol").innerText() === "GOOGL");
    await until("the address says so", () => page.url().includes("symbol=GOOGL"));
    assert.equal(await line(page, "GOOGL").getAttribute("aria-selected"), "true");
    assert.equal(await line(page, "AAPL").getAttribute("aria-selected"), "false");
    assert.match(await page.title(), /^GOOGL \d+\.\d\d – tickwire$/);
  });

  await check("The arrow keys and Enter choose a symbol", async () => {
    await page.locator("#grid").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await until("it is MSFT", async () => await page.locator("#symbol").innerText() === "MSFT");
    await page.keyboard.press("End");
    const active = await page.locator("#grid").getAttribute("aria-activedescendant");
    assert.equal(await page.locator(`#${active}`).getAttribute("data-symbol"), "ETH/USD");
  });

  await check("A slash searches symbols and names, and Enter chooses what is found", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("tesla");
    await until("only TSLA is left", async () => (await symbolsOf(page)).join() === "TSLA");
    await page.keyboard.press("Enter");
    await until("it is TSLA", async () => await page.locator("#symbol").innerText() === "TSLA");
    await page.keyboard.press("/");
    await page.keyboard.type("nothing like it");
    await page.locator("#nothing").waitFor();
    await page.keyboard.press("Escape");
    await until("all are back", async () => (await symbolsOf(page)).length === 8);
  });

  await check("A column sorts down, up, and not at all", async () => {
    const sortBy = () => page.locator("#grid .head .last button").click();
    await sortBy();
    await until("BTC/USD is first", async () => (await symbolsOf(page))[0] === "BTC/USD");
    assert.equal(await page.locator("#grid .head .last").getAttribute("aria-sort"), "descending");
    await sortBy();
    await until("EUR/USD is first", async () => (await symbolsOf(page))[0] === "EUR/USD");
    await sortBy();
    await until("AAPL is first", async () => (await symbolsOf(page))[0] === "AAPL");
  });

  await check("A symbol that comes by ingest appears at the end, with its decimals", async () => {
    await ingest(origin, { symbol: "NEW.SYMBOL-1", price: 1.2345 });
    await line(page, "NEW.SYMBOL-1").waitFor();
    assert.equal(await priceOf(page, "NEW.SYMBOL-1"), "1.2345");
    assert.equal((await symbolsOf(page)).at(-1), "NEW.SYMBOL-1");
  });

  await check("The board is saved as CSV", async () => {
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.locator("#board-csv").click(),
    ]);
    assert.equal(download.suggestedFilename(), "board.csv");
  });

  await check(
    "A thousand symbols have no more rows in the document than are in sight",
    async () => {
      const ticks = Array.from(
        { length: 1_000 },
        (_, index) => ({ symbol: `T${index}`, price: 1 }),
      );
      await ingest(origin, ticks);
      await until("they are counted", async () => Number(await page.innerText("#count")) > 1_000);
      assert.ok((await symbolsOf(page)).length < 60);
      await page.locator("#grid").focus();
      await page.keyboard.press("End");
      await line(page, "T999").waitFor();
      await page.locator("#grid").evaluate((grid) => grid.scrollTop = 16_000);
      await line(page, "T500").waitFor();
      await sleep(300);
      await shoot(page, "thousand");
    },
  );
  await page.close();
}
