// Opens the page in a browser with a private CA: `node chromium.mjs ORIGIN FINGERPRINT SYMBOL`.

import process from "node:process";
import { Complaints, newPage, startBrowser } from "../../browser/harness.mjs";
import { isDrawn, line } from "../../browser/probes.mjs";

const [origin = "", fingerprint = "", symbol = ""] = process.argv.slice(2);
const browser = await startBrowser([`--ignore-certificate-errors-spki-list=${fingerprint}`]);
try {
  const complaints = new Complaints();
  const page = await newPage(browser, complaints);
  /** @type {string[]} */
  const sockets = [];
  page.on("websocket", (socket) => sockets.push(socket.url()));
  await page.goto(`${origin}/?symbol=${symbol}`);
  await line(page, symbol).waitFor();
  await isDrawn(page);
  const isSecure = await page.evaluate("isSecureContext");
  const { messages } = complaints;
  process.stdout.write(JSON.stringify({ isSecure, sockets, messages }));
} finally {
  await browser.close();
}
