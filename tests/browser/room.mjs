// Two pages in one room.

import assert from "node:assert/strict";
import { until } from "../helpers/until.mjs";
import { chooseInterval, frames, line, rangeOf, saysSo, shoot, stateIs } from "./probes.mjs";

/** @import { Page } from "playwright-core" */
/** @import { Desk } from "./page.mjs" */

/** @param {Page} page @param {string} symbol */
function shows(page, symbol) {
  return saysSo(page.locator("#symbol"), symbol);
}

/**
 * Changes the name of one page and waits for it on the other, so that all earlier messages have
 * come.
 * @param {Page} one
 * @param {Page} other
 * @param {string} name
 */
async function isHeard(one, other, name) {
  const field = one.getByLabel("Your name");
  await field.fill(name);
  await field.press("Enter");
  await other.locator(".people li", { hasText: name }).waitFor();
  await frames(other, 2);
}

/** @param {Desk} desk */
export async function roomChecks({ origin, check, open }) {
  /** How often the room was moved when each page did it last. */
  const moves = new Map();
  const enter = async () => {
    const page = await open();
    page.on("websocket", (socket) =>
      socket.on("framesent", ({ payload }) => {
        const { id, by, moved } = JSON.parse(String(payload));
        if (by !== undefined && id === by) moves.set(page, moved);
      }));
    await page.goto(`${origin}/?room=desk&symbol=AAPL`);
    await line(page, "AAPL").waitFor();
    return page;
  };
  const [one, two] = [await enter(), await enter()];

  await check("Two pages in a room see each other", async () => {
    for (const page of [one, two]) {
      await page.locator(".people li").first().waitFor();
    }
  });

  await check("A choice on one page shows on the other, with the name of the leader", async () => {
    await line(one, "TSLA").click();
    await shows(two, "TSLA");
    await two.locator(".people li.leads", { hasText: "leads" }).waitFor();
    await one.locator(".people li.leads", { hasText: "You" }).waitFor();
    // Two who move at the same moment would have to agree first.
    for (const interval of /** @type {const} */ (["5m", "1m"])) {
      await chooseInterval(two, interval);
      const isShown = () => one.locator(`[value="${interval}"]`).isChecked();
      await until("it goes the other way too", isShown);
    }
  });

  await check("A choice moves the room once", async () => {
    // A name comes after all earlier messages.
    await isHeard(two, one, "Bo");
    const before = moves.get(two);
    for (const interval of /** @type {const} */ (["5m", "1m"])) {
      await chooseInterval(two, interval);
      const isShown = () => one.locator(`[value="${interval}"]`).isChecked();
      await until("the other page shows it", isShown);
    }
    await isHeard(two, one, "Cy");
    assert.equal(moves.get(two), before + 2);
  });

  await check("The other page follows the range and the moment", async () => {
    await one.locator("#plot").focus();
    // The chart moves only after its bars have come.
    await until("it has left the present", async () => {
      await one.keyboard.press("ArrowLeft");
      return await one.locator("#follow").isVisible();
    });
    for (const page of [one, two]) await page.locator("#follow").waitFor();
    const ends = async () => [(await rangeOf(one)).to, (await rangeOf(two)).to];
    await until("the ranges agree", ends, ([mine = 0, theirs = 0]) => Math.abs(mine - theirs) < 2);
    const box = await one.locator("#timeline").boundingBox();
    assert.ok(box);
    await one.mouse.click(box.x + box.width / 2, box.y + 10);
    for (const page of [one, two]) await stateIs(page, "replay");
    const clocks = () => Promise.all([one, two].map((page) => page.locator("#clock").innerText()));
    await until("the clocks agree", clocks, ([mine, theirs]) => mine === theirs);
    await one.locator(".people li.leads", { hasText: "You" }).waitFor();
    await two.locator(".people li.leads", { hasText: "leads" }).waitFor();
    await shoot(two, "room");
    await one.locator("#live").click();
    for (const page of [one, two]) await stateIs(page, "live");
  });

  await check("A page that joins later shows the same", async () => {
    const three = await enter();
    await shows(three, "TSLA");
    await three.close();
  });

  await check("A page that does not follow moves alone, until it follows again", async () => {
    await two.locator("#follow-room").click();
    await line(one, "MSFT").click();
    await shows(one, "MSFT");
    await isHeard(one, two, "Ada");
    assert.equal(await two.innerText("#symbol"), "TSLA");
    await line(two, "GOOGL").click();
    await shows(two, "GOOGL");
    await isHeard(two, one, "Bob");
    assert.equal(await one.innerText("#symbol"), "MSFT");
    await two.locator("#follow-room").click();
    await shows(two, "MSFT");
  });
  await one.close();
  await two.close();
}
