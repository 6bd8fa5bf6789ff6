// The bare chart, alone and in a frame of a page with the messages of OpenBB Workspace.

import assert from "node:assert/strict";
import { until } from "../helpers/until.mjs";
import { colorOf, isDrawn, LIGHT_TEXT, saysSo, shoot, stateIs } from "./probes.mjs";

/** @import { Desk } from "./page.mjs" */

const WORKSPACE = `<!doctype html><title>Workspace</title><script>
  heard = [];
  onmessage = ({ data }) => heard.push(data);
</script><iframe src="/chart?symbol=TSLA&interval=1m&theme=light" width="700" height="400"></iframe>`;

/** @param {Desk} desk */
export async function embedChecks({ origin, check, open }) {
  await check("The bare chart shows only the chart", async () => {
    const chart = await open({ viewport: { width: 700, height: 400 } });
    await chart.goto(`${origin}/chart?symbol=TSLA&interval=1m&theme=light`);
    await isDrawn(chart);
    await saysSo(chart.locator("#symbol"), "TSLA");
    await stateIs(chart, "live");
    for (const other of [".board", ".top", ".status", ".empty", ".recorder"]) {
      assert.equal(await chart.locator(other).isVisible(), false, other);
    }
    assert.equal(await colorOf(chart), LIGHT_TEXT);
    await shoot(chart, "bare");
    await chart.close();
  });

  const page = await open();
  await page.route(
    `${origin}/workspace`,
    (route) => route.fulfill({ contentType: "text/html", body: WORKSPACE }),
  );
  await page.goto(`${origin}/workspace`);
  const frame = page.frameLocator("iframe");
  const heard = () =>
    page.evaluate(() =>
      /** @type {{ heard: { type: string }[] }} */ (
        /** @type {unknown} */ (globalThis)
      ).heard
    );
  const say = (/** @type {object} */ message) =>
    page.evaluate((message) => globalThis.frames[0]?.postMessage(message, "*"), message);

  await check("A frame announces itself to Workspace", async () => {
    await until("it has", heard, ([first]) => first?.type === "openbb-connect");
    await saysSo(frame.locator("#symbol"), "TSLA");
  });

  await check("Workspace changes symbol, interval and theme", async () => {
    const params = { symbol: "MSFT", interval: "5m", theme: "dark" };
    await say({ type: "openbb-params-update", params });
    await saysSo(frame.locator("#symbol"), "MSFT");
    await saysSo(frame.locator("#price"), /\d/);
    await until("5m is chosen", () => frame.locator('[value="5m"]').isChecked());
    const color = () => frame.locator("body").evaluate((body) => getComputedStyle(body).color);
    await until("it is dark", color, (now) => now !== LIGHT_TEXT);
  });

  await check(
    "Workspace gets the bars on the chart, and an error for unavailable data",
    async () => {
      const answer =
        async () => /** @type {Record<string, unknown> | undefined} */ ((await heard()).at(-1));
      const rows = async () => {
        await say({ type: "openbb-request", widgetId: "bars" });
        const data =
          /** @type {Record<string, unknown>[] | undefined} */ ((await answer())?.["data"]);
        return data?.[0]?.["symbol"];
      };
      // The bars of the new symbol may not have arrived.
      await until("the bars come", rows, (symbol) => symbol === "MSFT");
      await say({ type: "openbb-request", widgetId: "pie" });
      await until("the error comes", answer, (last) => last?.["type"] === "openbb-error");
    },
  );
  await page.close();
}
