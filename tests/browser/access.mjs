// Accessibility: the faults that axe finds, announcements, and reduced motion.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { until } from "../helpers/until.mjs";
import { hasHistory, isDrawn, line, priceMoves } from "./probes.mjs";

/** @import { Page } from "playwright-core" */
/** @import { Desk } from "./page.mjs" */

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Faults that axe finds. @param {Page} page @returns {Promise<string[]>} */
export async function faultsOf(page) {
  // Not as a script of the page: its content security policy would forbid that.
  await page.evaluate(AXE);
  return await page.evaluate(async () => {
    /** @typedef {{ id: string, impact: string, nodes: { html: string }[] }} Violation */
    /** @typedef {{ run(): Promise<{ violations: Violation[] }> }} Axe */
    const { axe } = /** @type {{ axe: Axe }} */ (/** @type {unknown} */ (globalThis));
    const { violations } = await axe.run();
    return violations.map(({ id, impact, nodes }) => `${impact} ${id}: ${nodes[0]?.html}`);
  });
}

/** @param {Desk} desk */
export async function accessChecks({ origin, check, open }) {
  for (const theme of ["dark", "light"]) {
    for (const path of ["/", "/chart"]) {
      await check(`axe finds nothing wrong on ${path} in the ${theme} theme`, async () => {
        const page = await open();
        await page.goto(`${origin}${path}?symbol=AAPL&compare=MSFT,TSLA&theme=${theme}`);
        await isDrawn(page);
        await hasHistory(page);
        assert.deepEqual(await faultsOf(page), []);
        await page.close();
      });
    }
  }

  await check("axe finds nothing wrong in a replay, nor on a phone", async () => {
    const page = await open({ viewport: { width: 360, height: 740 } });
    const time = new Date(Date.now() - 300_000).toISOString();
    await page.goto(`${origin}/?symbol=AAPL&time=${time}`);
    await isDrawn(page);
    await hasHistory(page);
    assert.deepEqual(await faultsOf(page), []);
    await page.locator("#view-board").click();
    await line(page, "AAPL").waitFor();
    assert.deepEqual(await faultsOf(page), []);
    await page.close();
  });

  await check("The tab key reaches every control, in order", async () => {
    const page = await open();
    await page.goto(`${origin}/?symbol=AAPL`);
    await line(page, "AAPL").waitFor();
    await hasHistory(page);
    const seen = [];
    for (let step = 0; step < 60 && seen.at(-1) !== "timeline"; step++) {
      await page.keyboard.press("Tab");
      seen.push(await page.evaluate(() => document.activeElement?.id ?? ""));
    }
    const wanted = [
      "commands",
      "layouts",
      "help",
      "settings",
      "theme",
      "search",
      "board-menu",
      "grid",
      "indicators",
      "chart-menu",
      "compare",
      "png",
      "plot",
      "play",
      "live",
      "timeline",
    ];
    assert.deepEqual(seen.filter((id) => wanted.includes(id)), wanted);
    await page.close();
  });

  await check("An announcement is not repeated", async () => {
    const page = await open();
    await page.goto(`${origin}/?symbol=AAPL&interval=1s&layout=4&indicators=sma-5,rsi`);
    await line(page, "AAPL").waitFor();
    await hasHistory(page);
    await page.evaluate(() => {
      const said = /** @type {string[]} */ ([]);
      Object.assign(globalThis, { said });
      const ear = new MutationObserver((changes) => {
        for (const { target } of changes) said.push(target.textContent ?? "");
      });
      for (
        const region of document.querySelectorAll('[role="status"], [role="alert"], [aria-live]')
      ) {
        ear.observe(region, { subtree: true, childList: true, characterData: true });
      }
    });
    for (let move = 0; move < 8; move++) await priceMoves(page, "AAPL");
    const said = await page.evaluate(() =>
      /** @type {{ said: string[] }} */ (/** @type {unknown} */ (globalThis)).said
    );
    assert.deepEqual(said, []);
    await page.close();
  });

  await check("Reduced motion stops all motion, and changes stay visible", async () => {
    const page = await open({ reducedMotion: "reduce" });
    await page.goto(origin);
    // In the same turn of the event loop, because the cell flashes only briefly.
    const flash = () =>
      page.evaluate(() => {
        const cell = document.querySelector(".flash");
        if (cell === null) return undefined;
        const { backgroundColor, color } = getComputedStyle(cell);
        return { backgroundColor, color, quiet: getComputedStyle(document.body).color };
      });
    const { backgroundColor, color, quiet } = await until("a cell flashes", flash);
    assert.equal(backgroundColor, "rgba(0, 0, 0, 0)");
    assert.notEqual(color, quiet);
    await page.close();
  });
}
