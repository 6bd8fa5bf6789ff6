// The board: rows that move, and actions on them.

import assert from "node:assert/strict";
import { isDeepStrictEqual } from "node:util";
import { until } from "../helpers/until.mjs";
import { addressSays, ingest, line, priceMoves, saysSo, shoot, stateIs } from "./probes.mjs";

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
  /** @param {string} what @param {(symbols: string[]) => boolean} fits */
  const rowsAre = (what, fits) => until(what, () => symbolsOf(page), fits);
  await check("Rows are shown in the order of the server", async () => {
    await page.goto(origin);
    const known = await (await fetch(`${origin}/symbols`)).json();
    const names = known.map((/** @type {{ symbol: string }} */ { symbol }) => symbol);
    await rowsAre(`the rows are ${names}`, (symbols) => isDeepStrictEqual(symbols, names));
    await stateIs(page, "live");
  });

  await check("A price changes, and its cell flashes up or down", async () => {
    await priceMoves(page, "AAPL");
    await page.waitForSelector(
      '[data-symbol="AAPL"] .last.flash:is(.up, .down)',
    );
  });

  await check("Prices have the decimals of their instrument", async () => {
    await saysSo(line(page, "EUR/USD").locator(".last"), /^\d\.\d{5}$/);
    await saysSo(line(page, "AAPL").locator(".last"), /^\d+\.\d\d$/);
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
    await until("there is a curve", colors, (count) => count > 5);
  });

  await check("A click chooses another symbol, and the address keeps it", async () => {
    await line(page, "GOOGL").click();
    await saysSo(page.locator("#symbol"), "GOOGL");
    await addressSays(page, "symbol=GOOGL");
    const selected = () =>
      Promise.all(
        ["GOOGL", "AAPL"].map((symbol) => line(page, symbol).getAttribute("aria-selected")),
      );
    await until("the row is selected", selected, (now) => now.join() === "true,false");
    const isTitle = (/** @type {string} */ title) => /^GOOGL \d+\.\d\d – tickwire$/.test(title);
    await until("the title says so", () => page.title(), isTitle);
  });

  await check("The arrow keys and Enter choose a symbol", async () => {
    await page.locator("#grid").focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await saysSo(page.locator("#symbol"), "MSFT");
    await page.keyboard.press("End");
    const active = () =>
      page.evaluate(() => {
        const id = document.querySelector("#grid")?.getAttribute("aria-activedescendant");
        return document.getElementById(id ?? "")?.dataset["symbol"];
      });
    await until("the last row is active", active, (symbol) => symbol === "ETH/USD");
  });

  await check("A slash searches symbols and names, and Enter chooses the result", async () => {
    await page.keyboard.press("/");
    await page.keyboard.type("tesla");
    await rowsAre("only TSLA is left", (symbols) => symbols.join() === "TSLA");
    await page.keyboard.press("Enter");
    await saysSo(page.locator("#symbol"), "TSLA");
    await page.locator("#search").fill("micro");
    await rowsAre("only MSFT is left", (symbols) => symbols.join() === "MSFT");
    // Who types fast is at Enter before the next frame.
    await page.locator("#search").evaluate((input) => {
      /** @type {HTMLInputElement} */ (input).value = "apple";
      input.dispatchEvent(new InputEvent("input"));
      input.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter" }));
    });
    await saysSo(page.locator("#symbol"), "AAPL");
    await page.locator("#search").fill("nothing like it");
    await page.locator("#nothing").waitFor();
    await page.keyboard.press("Escape");
    await rowsAre("all are back", ({ length }) => length === 8);
  });

  await check("Clicks on a column sort down, up, and not at all", async () => {
    const sortBy = () => page.locator("#grid .head .last button").click();
    await sortBy();
    await rowsAre("BTC/USD is first", ([first]) => first === "BTC/USD");
    assert.equal(await page.locator("#grid .head .last").getAttribute("aria-sort"), "descending");
    await sortBy();
    await rowsAre("EUR/USD is first", ([first]) => first === "EUR/USD");
    await sortBy();
    await rowsAre("AAPL is first", ([first]) => first === "AAPL");
  });

  await check("A new symbol by ingest appears at the end, with its decimals", async () => {
    await ingest(origin, { symbol: "NEW.SYMBOL-1", price: 1.2345 });
    await saysSo(line(page, "NEW.SYMBOL-1").locator(".last"), "1.2345");
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
    "With a thousand symbols, the document has only the visible rows",
    async () => {
      const ticks = Array.from(
        { length: 1_000 },
        (_, index) => ({ symbol: `T${index}`, price: 1 }),
      );
      await ingest(origin, ticks);
      const count = async () => Number(await page.innerText("#count"));
      await until("they are counted", count, (symbols) => symbols > 1_000);
      assert.ok((await symbolsOf(page)).length < 60);
      await page.locator("#grid").focus();
      await page.keyboard.press("End");
      await line(page, "T999").waitFor();
      await page.locator("#grid").evaluate((grid) => grid.scrollTop = 16_000);
      await line(page, "T500").waitFor();
      await shoot(page, "thousand");
    },
  );
  await page.close();
}
