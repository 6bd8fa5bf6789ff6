// Parts that are loaded on first use: commands, help, hints, settings; by pointer and keyboard.

import assert from "node:assert/strict";
import { until } from "../helpers/until.mjs";
import { faultsOf } from "./access.mjs";
import {
  addressSays,
  colorOf,
  frames,
  hasHistory,
  LIGHT_TEXT,
  line,
  saysSo,
  shoot,
} from "./probes.mjs";

/** @import { Desk } from "./page.mjs" */

/** @param {Desk} desk */
export async function extraChecks({ origin, check, open }) {
  const page = await open();
  await page.goto(`${origin}/?symbol=AAPL`);
  await line(page, "AAPL").waitFor();
  await hasHistory(page);

  await check("A first visit shows four hints, and they never come again", async () => {
    const hints = page.locator(".hints");
    const seen = [];
    for (let hint = 0; hint < 4; hint++) {
      seen.push(await hints.locator("span").innerText());
      await hints.locator(".plain").click();
    }
    assert.equal(new Set(seen).size, 4);
    await hints.waitFor({ state: "detached" });
    await page.reload();
    await line(page, "AAPL").waitFor();
    // Borders are loaded with all other late parts.
    await page.locator(".border").waitFor();
    await frames(page, 10);
    assert.equal(await hints.count(), 0);
  });

  await check("Ctrl K finds symbols, intervals and layouts by keyboard alone", async () => {
    const panel = page.locator("#palette-panel");
    const command = async (/** @type {string} */ text) => {
      await page.keyboard.press("Control+k");
      await panel.waitFor();
      await page.keyboard.type(text);
      await page.keyboard.press("Enter");
      await panel.waitFor({ state: "detached" });
    };
    await command("tesla");
    await saysSo(page.locator("#symbol"), "TSLA");
    await command("5m");
    await addressSays(page, "interval=5m");
    await command("theme light");
    await until("it is light", () => colorOf(page), (color) => color === LIGHT_TEXT);
    await command("theme dark");
    await command("logarithmic");
    await addressSays(page, "scale=log");
    await command("2 charts");
    await page.locator(".chart-cell").nth(1).waitFor();
    await command("1 chart");
    await page.locator(".chart-cell").nth(1).waitFor({ state: "detached" });
    await page.keyboard.press("Control+k");
    await panel.waitFor();
    await page.keyboard.type("nothing like it");
    await saysSo(panel.locator("li"), "No command or symbol matches");
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
  });

  await check("A question mark shows all keys, and Escape leads back", async () => {
    await page.keyboard.press("?");
    const panel = page.locator("#help-panel");
    await saysSo(panel, /Ctrl\s+K/);
    assert.deepEqual(await faultsOf(page), []);
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
    await page.locator("#search").focus();
    await page.keyboard.type("?");
    assert.equal(await page.locator("#search").inputValue(), "?");
    await page.locator("#search").fill("");
    assert.equal(await panel.count(), 0);
  });

  await check("Settings apply at once, and are kept", async () => {
    await page.goto(`${origin}/?symbol=BTC/USD&interval=1m`);
    await hasHistory(page);
    await page.locator("#settings").click();
    const panel = page.locator("#settings-panel");
    assert.deepEqual(await faultsOf(page), []);
    await panel.locator('label:has-text("64000.5")').click();
    await panel.locator('label:has-text("12 h")').click();
    await panel.locator("select").selectOption("Asia/Tokyo");
    await panel.locator('label:has-text("Blue, orange")').click();
    await panel.locator('label:has-text("Cells flash")').click();
    await page.keyboard.press("Escape");
    const isSo = async () => {
      await saysSo(line(page, "BTC/USD").locator(".last"), /^\d{5}\.\d\d$/);
      await saysSo(page.locator("#clock"), /[ap]m$/i);
      const when = page.locator("#readout .when");
      const [text = ""] = await when.allInnerTexts();
      assert.match(text, /(?:00|30):00 [ap]m|\d\d:\d\d:00 [ap]m/i);
      const root = page.locator("html");
      assert.equal(await root.getAttribute("data-colors"), "blue-orange");
      assert.equal(await root.getAttribute("data-flash"), "off");
    };
    await isSo();
    await page.reload();
    await hasHistory(page);
    await isSo();
    await page.evaluate(() => localStorage.clear());
  });

  await check("axe finds no faults in dialogs, in both themes", async () => {
    for (const theme of ["dark", "light"]) {
      await page.goto(
        `${origin}/?symbol=AAPL&theme=${theme}&layout=2&indicators=sma-20,rsi,macd,bollinger`,
      );
      await hasHistory(page);
      await page.locator(".border").first().waitFor();
      assert.deepEqual(await faultsOf(page), [], theme);
      for (const id of ["commands", "layouts", "indicators", "chart-menu", "board-menu"]) {
        await page.locator(`#${id}`).click();
        await page.locator("dialog[open], .menu").waitFor();
        assert.deepEqual(await faultsOf(page), [], `${id}, ${theme}`);
        await shoot(page, `${id}-${theme}`);
        await page.keyboard.press("Escape");
        await page.locator("dialog[open], .menu").waitFor({ state: "detached" });
      }
    }
  });

  await check("Dialogs on a phone fit the screen", async () => {
    const phone = await open({ viewport: { width: 360, height: 640 }, hasTouch: true });
    await phone.goto(`${origin}/?symbol=AAPL&indicators=bollinger`);
    await hasHistory(phone);
    await phone.locator(".hints .icon").click();
    const ids = ["commands", "layouts", "help", "settings", "indicators", "chart-menu"];
    for (const id of ids) {
      await phone.locator(`#${id}`).click();
      const opened = phone.locator("dialog[open], .menu");
      await opened.waitFor();
      const box = await opened.boundingBox();
      assert.ok(box && box.x >= 0 && box.x + box.width <= 360, `${id}: ${JSON.stringify(box)}`);
      assert.ok(box.y >= 0 && box.y + box.height <= 640, `${id}: ${JSON.stringify(box)}`);
      await phone.keyboard.press("Escape");
      await opened.waitFor({ state: "detached" });
    }
    await phone.close();
  });

  await page.close();
}
