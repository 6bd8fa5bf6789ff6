// Names and values that attack the page, or look like an attack.

import assert from "node:assert/strict";
import { until } from "../helpers/until.mjs";
import {
  addressSays,
  chooseInterval,
  ingest,
  isDrawn,
  line,
  priceMoves,
  saysSo,
  shoot,
  stateIs,
} from "./probes.mjs";

/** @import { Page } from "playwright-core" */
/** @import { Desk } from "./page.mjs" */

const NAMES = [
  `"><img src=x onerror="document.title='hacked'">`,
  "\u202Egnol\u202C\u2066",
  "W".repeat(255),
  "𒐫﷽".repeat(16),
  "__proto__",
];

/**
 * Answers the page's subscriptions instead of the server.
 * @param {Page} page
 * @param {object[]} snapshot
 */
async function pretend(page, snapshot) {
  await page.routeWebSocket(/\/ws$/, (socket) => {
    socket.onMessage((text) => {
      const { id, channel } = JSON.parse(String(text));
      const symbols = snapshot.map((row) => /** @type {{ symbol: string }} */ (row).symbol);
      const reply = { op: "subscribed", id, position: "e:1", recovered: true, unknown: [] };
      const columns = ["symbol", "price"];
      const [sub, rows] = channel === "quote" ? ["q1", snapshot] : ["b1", []];
      socket.send(JSON.stringify({ ...reply, sub, columns, symbols, snapshot: rows }));
    });
  });
}

/** @param {Desk} desk */
export async function hostileChecks({ origin, check, open }) {
  await check("A malformed symbol is refused in words", async () => {
    const page = await open();
    await page.goto(`${origin}/?symbol=${encodeURIComponent("<img src=x onerror=alert(1)>")}`);
    await saysSo(page.locator("#notice"), /^Cannot subscribe/);
    assert.equal(await page.locator("img").count(), 0);
    await page.close();
  });

  await check("Hostile names are shown as text, and change nothing else on the page", async () => {
    const page = await open();
    const empty = { time: null, price: null, change: null, change_percent: null, volume: null };
    const rest = { bid: null, ask: null, open: null, high: null, low: null, prev_close: null };
    const rows = NAMES.map((name) => ({ symbol: name, name, ...empty, ...rest }));
    await pretend(page, rows);
    await page.route(/\/(?:bars|symbols|ticks)\?/, (route) => route.fulfill({ json: [] }));
    await page.goto(origin);
    const shown = () => page.locator("#grid .row .cell.symbol").allTextContents();
    const names = String(NAMES.toSorted());
    await until("all are shown", shown, (texts) => String(texts.toSorted()) === names);
    for (const row of await page.locator("#grid .row").all()) await row.click();
    assert.equal(await page.locator("img").count(), 0);
    assert.ok(!(await page.title()).startsWith("hacked"));
    const { width } = page.viewportSize() ?? { width: 0 };
    assert.ok(await page.evaluate(() => document.documentElement.scrollWidth) <= width);
    await shoot(page, "hostile");
    await page.close();
  });

  await check(
    "Symbols of 255 characters are cut to fit, and shown in full on request",
    async () => {
      const symbol = `cpu.usage_idle:${"datacenter=frankfurt-2:host=server01:".repeat(7)}`.slice(
        0,
        255,
      );
      const wide = "W".repeat(255);
      await ingest(
        origin,
        [symbol, wide].flatMap((each) => [
          { symbol: each, price: 1, size: 1 },
          { symbol: each, price: 2, size: 1 },
        ]),
      );
      for (const [width, height] of [[390, 844], [1280, 800], [2300, 900]]) {
        const page = await open({ viewport: { width: width ?? 0, height: height ?? 0 } });
        await page.goto(`${origin}/?symbol=${symbol}&compare=${wide}`);
        await isDrawn(page, 3);
        await until("the readout has both", async () => {
          return await page.locator("#readout .part").count() === 2;
        });
        assert.equal(await page.locator("#symbol").getAttribute("title"), symbol);
        assert.equal(await page.locator("#compared button").getAttribute("title"), wide);
        const beyond = await page.evaluate(() =>
          [...document.querySelectorAll(
            "#symbol, #readout .part, .quote, #grid .cell",
          )]
            .filter((element) => {
              const section = element.closest("section")?.getBoundingClientRect();
              const { right } = element.getBoundingClientRect();
              return section !== undefined && right > section.right + 1;
            }).map(({ className, id }) => id || className)
        );
        assert.deepEqual(beyond, [], `at ${width}`);
        const scrolled = await page.evaluate(() => document.documentElement.scrollWidth);
        assert.ok(scrolled <= (width ?? 0), `at ${width}`);
        if (width !== 390) {
          // The document has only the visible rows of a long list.
          await page.locator("#search").fill(symbol);
          const cell = line(page, symbol).locator(".symbol");
          assert.equal(await cell.getAttribute("title"), symbol);
        }
        await shoot(page, `long-${width}`);
        await page.close();
      }
    },
  );

  await check("Values beyond all limits and values below zero are drawn", async () => {
    const page = await open();
    const prices = [1e308, -1e308, 1.7e308, -1.7e308, 0, -0.00000001, 5e-324];
    await ingest(origin, prices.map((price) => ({ symbol: "WILD", price, size: 1e308 })));
    await page.goto(`${origin}/?symbol=WILD&interval=tick`);
    for (const interval of ["tick", "1s", "1d"]) {
      await chooseInterval(page, interval);
      await addressSays(page, `interval=${interval}`);
      await isDrawn(page, 3);
    }
    await page.locator("#search").fill("WILD");
    await line(page, "WILD").waitFor();
    // The volume is beyond all numbers, so it is unknown.
    assert.equal(await line(page, "WILD").locator(".volume").innerText(), "–");
    await until("it is said", async () => (await page.innerText("#readout")).endsWith("V –"));
    await page.locator("#compare").fill("AAPL");
    await page.keyboard.press("Enter");
    await addressSays(page, "compare=AAPL");
    await isDrawn(page, 3);
    await stateIs(page, "live");
    assert.doesNotMatch(await page.innerText("body"), /NaN|Infinity/);
    await page.close();
  });

  await check("A corrupt frame is reported, and the page recovers", async () => {
    const page = await open();
    let isBroken = false;
    await page.routeWebSocket(/\/ws$/, (socket) => {
      const server = socket.connectToServer();
      server.onMessage((message) => {
        if (isBroken || !String(message).includes('"op":"data"')) return socket.send(message);
        isBroken = true;
        socket.send('{"op":"data","rows":[[1,');
      });
    });
    await page.goto(`${origin}/?symbol=AAPL`);
    await saysSo(page.locator("#fault"), /does not speak tickwire's protocol/);
    await stateIs(page, "live");
    await priceMoves(page, "AAPL");
    await page.close();
  });
}
