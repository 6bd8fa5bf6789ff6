// How it looks: themes, and screens from small to large.

import assert from "node:assert/strict";
import { sleep, until } from "./harness.mjs";
import { canvasOf, colorOf, LIGHT_TEXT, line, shoot } from "./probes.mjs";

/** @import { Desk } from "./page.mjs" */

/** @param {Desk} desk */
export async function looksChecks({ origin, check, open }) {
  const page = await open({ viewport: { width: 1440, height: 860 } });
  await page.goto(`${origin}/?symbol=BTC/USD`);
  await until("it is drawn", async () => (await canvasOf(page)).colors > 5);
  await sleep(800);
  await shoot(page, "dark");

  await check("The light theme is one click away, and kept in the address", async () => {
    await page.locator("#theme").click();
    assert.equal(await colorOf(page), LIGHT_TEXT);
    await until("the address says so", () => page.url().includes("theme=light"));
    await sleep(800);
    await shoot(page, "light");
  });

  await check("The theme is that of the system, or that of the address", async () => {
    const light = await open({ colorScheme: "light" });
    await light.goto(origin);
    assert.equal(await colorOf(light), LIGHT_TEXT);
    await light.goto(`${origin}/?theme=dark`);
    assert.notEqual(await colorOf(light), LIGHT_TEXT);
    await light.close();
  });

  await check("Nothing moves while the page fills", async () => {
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
    await until("it is drawn", async () => (await canvasOf(other)).colors > 5);
    await sleep(1_500);
    const shifts = await other.evaluate(() =>
      /** @type {{ shifts: number[] }} */ (/** @type {unknown} */ (globalThis)).shifts
    );
    assert.ok(shifts.reduce((a, b) => a + b, 0) < 0.01, String(shifts));
    await other.close();
  });

  for (const [width, height] of [[360, 740], [820, 1180], [3840, 2160]]) {
    await check(`A screen of ${width} pixels shows all without scrolling`, async () => {
      const other = await open({ viewport: { width: width ?? 0, height: height ?? 0 } });
      await other.goto(`${origin}/?symbol=AAPL`);
      await until("it is drawn", async () => (await canvasOf(other)).colors > 5);
      const beyond = await other.evaluate(() => {
        const { scrollWidth, scrollHeight, clientWidth, clientHeight } = document.documentElement;
        return [scrollWidth - clientWidth, scrollHeight - clientHeight];
      });
      assert.deepEqual(beyond, [0, 0]);
      for (const part of [".recorder", "#state", "#theme"]) {
        const box = await other.locator(part).boundingBox();
        assert.ok(box && box.x >= 0 && box.x + box.width <= (width ?? 0), part);
      }
      await sleep(700);
      await shoot(other, `${width}`);
      await other.close();
    });
  }

  await check("A phone has two views, and a choice on the board leads to the chart", async () => {
    const phone = await open({ viewport: { width: 360, height: 740 }, deviceScaleFactor: 2 });
    await phone.goto(origin);
    await line(phone, "TSLA").waitFor();
    assert.equal(await phone.locator(".chart").isVisible(), false);
    await sleep(800);
    await shoot(phone, "phone-board");
    await line(phone, "TSLA").click();
    await phone.locator(".chart").waitFor();
    assert.equal(await phone.locator(".board").isVisible(), false);
    await until("it is drawn", async () => (await canvasOf(phone)).colors > 5);
    await sleep(500);
    await shoot(phone, "phone");
    await phone.locator("#view-board").click();
    await line(phone, "TSLA").waitFor();
    await phone.close();
  });
  await page.close();
}
