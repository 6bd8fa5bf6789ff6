// Appearance: themes, and screens from small to large.

import assert from "node:assert/strict";
import { until } from "../helpers/until.mjs";
import {
  addressSays,
  colorOf,
  frames,
  hasHistory,
  isDrawn,
  LIGHT_TEXT,
  line,
  priceMoves,
  shoot,
} from "./probes.mjs";

/** @import { Desk } from "./page.mjs" */

/** @param {Desk} desk */
export async function looksChecks({ origin, check, open }) {
  const page = await open({ viewport: { width: 1440, height: 860 } });
  await page.goto(`${origin}/?symbol=BTC/USD`);
  await isDrawn(page);
  await shoot(page, "dark");

  await check("One click chooses the light theme, and the address keeps it", async () => {
    await page.locator("#theme").click();
    await until("it is light", () => colorOf(page), (color) => color === LIGHT_TEXT);
    await addressSays(page, "theme=light");
    await shoot(page, "light");
  });

  await check("The theme follows the system or the address", async () => {
    const light = await open({ colorScheme: "light" });
    await light.goto(origin);
    assert.equal(await colorOf(light), LIGHT_TEXT);
    await light.goto(`${origin}/?theme=dark`);
    assert.notEqual(await colorOf(light), LIGHT_TEXT);
    await light.close();
  });

  await check("The layout does not shift while the page fills", async () => {
    const other = await open();
    await other.addInitScript(() => {
      const shifts = /** @type {number[]} */ ([]);
      Object.assign(globalThis, { shifts });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) {
          const { value, hadRecentInput } =
            /** @type {PerformanceEntry & { value: number, hadRecentInput: boolean }} */ (entry);
          if (!hadRecentInput) shifts.push(value);
        }
      }).observe({ type: "layout-shift", buffered: true });
    });
    await other.goto(origin);
    await isDrawn(other);
    await hasHistory(other);
    for (let move = 0; move < 5; move++) await priceMoves(other, "AAPL");
    await frames(other, 10);
    const shifts = await other.evaluate(() =>
      /** @type {{ shifts: number[] }} */ (/** @type {unknown} */ (globalThis)).shifts
    );
    assert.ok(shifts.reduce((a, b) => a + b, 0) < 0.01, String(shifts));
    await other.close();
  });

  for (const [width, height] of [[360, 740], [820, 1180], [3840, 2160]]) {
    await check(`A screen of ${width} pixels shows everything without scrolling`, async () => {
      const other = await open({ viewport: { width: width ?? 0, height: height ?? 0 } });
      await other.goto(`${origin}/?symbol=AAPL`);
      await isDrawn(other);
      const beyond = await other.evaluate(() => {
        const { scrollWidth, scrollHeight, clientWidth, clientHeight } = document.documentElement;
        return [scrollWidth - clientWidth, scrollHeight - clientHeight];
      });
      assert.deepEqual(beyond, [0, 0]);
      for (const part of [".recorder", "#state", "#theme"]) {
        const box = await other.locator(part).boundingBox();
        assert.ok(box && box.x >= 0 && box.x + box.width <= (width ?? 0), part);
      }
      await shoot(other, `${width}`);
      await other.close();
    });
  }

  await check("A phone has two views, and a choice on the board leads to the chart", async () => {
    const phone = await open({ viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 });
    await phone.goto(origin);
    await line(phone, "TSLA").waitFor();
    assert.equal(await phone.locator(".chart").isVisible(), false);
    await shoot(phone, "phone-board");
    await line(phone, "TSLA").click();
    await phone.locator(".chart").waitFor();
    assert.equal(await phone.locator(".board").isVisible(), false);
    await isDrawn(phone);
    await shoot(phone, "phone");
    await phone.locator("#view-board").click();
    await line(phone, "TSLA").waitFor();
    await phone.close();
  });
  await page.close();
}
