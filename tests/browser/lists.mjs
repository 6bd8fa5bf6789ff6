// The board's options: own lists, columns, density and tiles.

import assert from "node:assert/strict";
import { until } from "../helpers/until.mjs";
import { faultsOf } from "./access.mjs";
import { startServer } from "./harness.mjs";
import { ingest, line, saysSo, shoot } from "./probes.mjs";

/** @import { Page } from "playwright-core" */
/** @import { Desk } from "./page.mjs" */

/** @param {Page} page @param {string} wanted */
function rowsAre(page, wanted) {
  const rows = () =>
    page.evaluate(() =>
      /** @type {HTMLElement[]} */ ([...document.querySelectorAll("#grid .row")])
        .sort((a, b) => Number(a.ariaRowIndex) - Number(b.ariaRowIndex))
        .map((row) => row.dataset["symbol"]).join()
    );
  return until(`the rows are ${wanted}`, rows, (symbols) => symbols === wanted);
}

/** @param {Page} page */
function titlesOf(page) {
  return page.locator("#grid .head .cell:visible").allInnerTexts();
}

/** @param {Desk} desk */
export async function listChecks({ kind, origin, check, open, complaints }) {
  const page = await open();
  await page.goto(`${origin}/?symbol=AAPL`);
  await line(page, "AAPL").waitFor();

  await check("A list is made, filled and kept", async () => {
    await page.locator("#board-menu").click();
    await page.getByLabel("Name of a new list").fill("Tech");
    await page.keyboard.press("Enter");
    for (const symbol of ["msft", "TSLA", "GOOGL"]) {
      await page.getByLabel("Add a symbol to Tech").fill(symbol);
      await page.keyboard.press("Enter");
    }
    await page.getByRole("button", { name: "Add AAPL" }).click();
    assert.deepEqual(await faultsOf(page), []);
    await page.keyboard.press("Escape");
    await rowsAre(page, "MSFT,TSLA,GOOGL,AAPL");
    await saysSo(page.locator("#count"), "Tech · 4");
    await page.reload();
    await rowsAre(page, "MSFT,TSLA,GOOGL,AAPL");
  });

  await check("Dragging moves a row, and does not choose it", async () => {
    const box = await line(page, "AAPL").boundingBox();
    const first = await line(page, "MSFT").boundingBox();
    assert.ok(box && first);
    await page.mouse.move(box.x + 60, box.y + 15);
    await page.mouse.down();
    await page.mouse.move(box.x + 60, first.y + 4, { steps: 6 });
    await page.mouse.up();
    await rowsAre(page, "AAPL,MSFT,TSLA,GOOGL");
    await line(page, "TSLA").click();
    await saysSo(page.locator("#symbol"), "TSLA");
  });

  await check("Keys move and remove a row, and its cross removes it", async () => {
    await page.locator("#grid").focus();
    await page.keyboard.press("Alt+ArrowUp");
    await rowsAre(page, "AAPL,TSLA,MSFT,GOOGL");
    await page.keyboard.press("Alt+ArrowDown");
    await page.keyboard.press("Alt+ArrowDown");
    await rowsAre(page, "AAPL,MSFT,GOOGL,TSLA");
    await page.keyboard.press("Delete");
    await rowsAre(page, "AAPL,MSFT,GOOGL");
    await line(page, "MSFT").hover();
    await page.getByLabel("Remove MSFT from the list").click();
    await rowsAre(page, "AAPL,GOOGL");
  });

  await check("Columns and density are chosen, and any column sorts", async () => {
    await page.locator("#board-menu").click();
    const pick = (/** @type {string} */ text) =>
      page.locator(".menu .check").filter({ hasText: new RegExp(`^${text}$`) }).click();
    for (const title of ["Name", "Change", "Bid", "Ask", "Volume"]) await pick(title);
    for (const title of ["1 h %", "24 h %", "Spread", "High", "Low", "Size", "Time"]) {
      await pick(title);
    }
    await page.locator('.menu label:has-text("Dense")').click();
    await page.keyboard.press("Escape");
    const wanted = "Symbol,Last hour,Last,Change %,1 h %,24 h %,Spread,High,Low,Size,Time";
    await until("these are shown", () => titlesOf(page), (titles) => titles.join() === wanted);
    await saysSo(line(page, "AAPL").locator(".size"), /\d/);
    await saysSo(line(page, "AAPL").locator(".spread"), /^\d+\.\d\d$/);
    await saysSo(line(page, "AAPL").locator(".time"), /^\d\d:\d\d:\d\d$/);
    assert.equal((await line(page, "AAPL").boundingBox())?.height, 24);
    await page.locator("#grid .head .high button").click();
    await rowsAre(page, "GOOGL,AAPL");
    assert.equal(await page.locator("#grid .head .high").getAttribute("aria-sort"), "descending");
    await shoot(page, "lists");
    await page.reload();
    await until("they are kept", () => titlesOf(page), (titles) => titles.join() === wanted);
  });

  await check("Few symbols have tiles below, which show and choose them", async () => {
    const tile = page.locator('.tile[data-symbol="GOOGL"]');
    await saysSo(tile.locator(".value"), /^\d+\.\d\d$/);
    await tile.click();
    await saysSo(page.locator("#symbol"), "GOOGL");
    await page.locator("#board-menu").click();
    await page.locator('.menu label:has-text("Tiles")').click();
    await tile.waitFor({ state: "detached" });
    await page.getByRole("button", { name: "Delete this list" }).click();
    await page.keyboard.press("Escape");
    await until("all are back", () => page.innerText("#count"), (count) => Number(count) >= 8);
    await page.evaluate(() => localStorage.clear());
  });

  await page.close();

  await check("Ten thousand symbols can be searched, and leave no room for tiles", async () => {
    const other = await startServer(kind, { feed: "none" });
    for (let start = 0; start < 10_000; start += 1_000) {
      const symbols = Array.from({ length: 1_000 }, (_, index) => `MANY.${start + index}`);
      await ingest(other.origin, symbols.map((symbol, index) => ({ symbol, price: index + 1 })));
    }
    const many = await open();
    await many.goto(other.origin);
    await until("all are there", () => many.innerText("#count"), (count) => count === "10000");
    assert.equal(await many.locator(".tile").count(), 0);
    assert.ok(await many.locator("#grid .row").count() < 60);
    await many.keyboard.press("Control+k");
    await many.locator("#palette-panel").waitFor();
    await many.keyboard.type("MANY.9999");
    await many.keyboard.press("Enter");
    await saysSo(many.locator("#symbol"), "MANY.9999");
    await many.close();
    await other.stop();
    complaints.hosts.delete(new URL(other.origin).host);
  });
}
