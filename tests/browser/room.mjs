// Two pages in one room.

import assert from "node:assert/strict";
import { sleep, until } from "./harness.mjs";
import { chooseInterval, line, rangeOf, shoot } from "./probes.mjs";

/** @import { Page } from "playwright-core" */
/** @import { Desk } from "./page.mjs" */

/** @param {Page} page */
function symbolOf(page) {
  return page.locator("#symbol").innerText();
}

/** @param {Desk} desk */
export async function roomChecks({ origin, check, open }) {
  const enter = async () => {
    const page = await open();
    await page.goto(`${origin}/?room=desk&symbol=AAPL`);
    await line(page, "AAPL").waitFor();
    return page;
  };
  const [one, two] = [await enter(), await enter()];

  await check("Two pages in a room see each other", async () => {
    for (const page of [one, two]) {
      await until("the other is there", async () => await page.locator(".people li").count() > 0);
    }
  });

  await check("What one chooses, the other shows, and who leads is told", async () => {
    await line(one, "TSLA").click();
    await until("the other follows", async () => await symbolOf(two) === "TSLA");
    await two.locator(".people li.leads", { hasText: "leads" }).waitFor();
    await one.locator(".people li.leads", { hasText: "You" }).waitFor();
    await chooseInterval(two, "5m");
    await until("it goes the other way too", () => one.locator('[value="5m"]').isChecked());
    await chooseInterval(two, "1m");
  });

  await check("The range and the moment are followed", async () => {
    await one.locator("#plot").focus();
    await one.keyboard.press("ArrowLeft");
    await until("the ranges agree", async () => {
      const [mine, theirs] = [await rangeOf(one), await rangeOf(two)];
      return Math.abs(mine.to - theirs.to) < 2;
    });
    const box = await one.locator("#timeline").boundingBox();
    assert.ok(box);
    await one.mouse.click(box.x + box.width / 2, box.y + 10);
    const clock = (/** @type {Page} */ page) => page.locator("#clock").innerText();
    await until("the clocks agree", async () => await clock(one) === await clock(two));
    await one.locator(".people li.leads", { hasText: "You" }).waitFor();
    await until(
      "the other one does not lead",
      async () => await two.locator(".people li.leads", { hasText: "You" }).count() === 0,
    );
    await sleep(500);
    await shoot(two, "room");
    await one.locator("#live").click();
    await until(
      "both are live",
      async () => await two.getAttribute("body", "data-state") === "live",
    );
  });

  await check("Who comes later sees the same", async () => {
    const three = await enter();
    await until("it is TSLA", async () => await symbolOf(three) === "TSLA");
    await three.close();
  });

  await check("Who does not follow looks around alone, until he follows again", async () => {
    await two.locator("#follow-room").click();
    await line(one, "MSFT").click();
    await sleep(600);
    assert.equal(await symbolOf(two), "TSLA");
    await line(two, "GOOGL").click();
    await sleep(600);
    assert.equal(await symbolOf(one), "MSFT");
    await two.locator("#follow-room").click();
    await until("it is MSFT again", async () => await symbolOf(two) === "MSFT");
  });
  await one.close();
  await two.close();
}
