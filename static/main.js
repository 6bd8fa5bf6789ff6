// Puts the page together. Only here are the clock, timers, chance and the address read.

import { Chart } from "./chart.js";
import { backoff, connect } from "./client.js";
import { changeText, percentText, priceText } from "./format.js";
import { Grid } from "./grid.js";
import { Board, Chosen, Decimals, INTERVALS, isInterval } from "./model.js";

/** @import { State } from "./client.js" */
/** @import { Interval } from "./model.js" */
/** @import { Point } from "./series.js" */

/** The server's address, also where it is served under a path of another one. */
const ROOT = new URL("..", import.meta.url);
const DECIMALS_LATER_MS = 300;
const RATE_MS = 1_000;

const now = () => Date.now();
const address = new URLSearchParams(location.search);
const prefersLight = matchMedia("(prefers-color-scheme: light)");
const isBareChart = /\/chart\/?$/.test(location.pathname);

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
function element(id, type) {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new TypeError(`Cannot build the page: it has no ${type.name} #${id}`);
}

/** Writes only what differs. @param {string} id @param {string} text */
function write(id, text) {
  const target = element(id, HTMLElement);
  if (target.textContent !== text) target.textContent = text;
}

/** Keeps a choice in the address, so that a reload and a copied link show the same. */
function remember(/** @type {string} */ name, /** @type {string} */ value) {
  address.set(name, value);
  // A slash needs no escape in a query, and symbols have many.
  const query = address.toString().replaceAll("%2F", "/");
  history.replaceState(null, "", `${location.pathname}?${query}`);
}

/**
 * Loads JSON and tries until it succeeds or is called off.
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<readonly Point[]>}
 */
async function load(path, signal) {
  for (let attempt = 1; !signal?.aborted; attempt++) {
    const response = await fetch(new URL(path, ROOT), { signal: signal ?? null }).catch(() => null);
    const points = response?.ok ? await response.json().catch(() => null) : null;
    if (points !== null) return points;
    await new Promise((resolve) => setTimeout(resolve, backoff(attempt)));
  }
  return [];
}

const socketUrl = new URL("ws", ROOT);
socketUrl.protocol = socketUrl.protocol.replace("http", "ws");
const client = connect(socketUrl.href, { onState: showState });

const wanted = address.get("symbol") ?? "";
const board = new Board(client, isBareChart && wanted !== "" ? [wanted] : ["*"]);
const chosen = new Chosen({ source: client, load, now });
const decimals = new Decimals({
  load: () => load("symbols?limit=100000"),
  later: (action) => setTimeout(action, DECIMALS_LATER_MS),
  changed: () => board.touch(),
});
const grid = new Grid({
  table: element("grid", HTMLTableElement),
  decimalsOf: (symbol) => decimals.of(symbol),
  choose: (symbol) => choose(symbol, chosen.interval),
});

/**
 * @param {string} symbol
 * @param {Interval} interval
 */
function choose(symbol, interval) {
  if (symbol === chosen.symbol && interval === chosen.interval) return;
  chosen.choose(symbol, interval);
  chart.reset();
  grid.mark(symbol);
  element("plot", HTMLElement).ariaLabel = interval === "tick"
    ? `Line of the ticks of ${symbol}`
    : `Candles of ${symbol}, ${interval} each`;
  remember("symbol", symbol);
  remember("interval", interval);
  showQuote();
}

function buildIntervals() {
  for (const interval of Object.keys(INTERVALS).filter(isInterval)) {
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "radio";
    input.name = "interval";
    input.value = interval;
    input.checked = interval === chosen.interval;
    input.addEventListener("change", () => choose(chosen.symbol, interval));
    label.append(input, interval === "tick" ? "Ticks" : interval);
    element("intervals", HTMLElement).append(label);
  }
}

/** @param {string | null} theme */
function setTheme(theme) {
  if (theme === "light" || theme === "dark") document.documentElement.dataset["theme"] = theme;
}

/** @param {State} state */
function showState(state) {
  document.body.dataset["state"] = state.kind;
  element("retry", HTMLElement).hidden = state.kind === "connecting" || state.kind === "live";
  if (state.kind === "connecting") return write("state", "Connecting");
  if (state.kind === "live") return write("state", "Live");
  if (state.kind === "closed") return write("state", "Closed");
  write("state", `${state.kind === "waiting" ? "Offline" : "Refused"}: ${state.reason}`);
}

/** The chosen symbol in words, in the chart's head and in the title of the window. */
function showQuote() {
  const { symbol } = chosen;
  const row = board.rows.get(symbol);
  const places = decimals.of(symbol);
  write("symbol", symbol);
  write("name", row?.name ?? "");
  write("price", row === undefined ? "" : priceText(row.price, places));
  const change = row?.change ?? null;
  write(
    "change",
    change === null ? "" : `${changeText(change, places)}  ${percentText(row?.change_percent)}`,
  );
  element("change", HTMLElement).className = change === null || change === 0
    ? ""
    : change > 0
    ? "up"
    : "down";
  document.title = row?.price === undefined || row.price === null
    ? `${symbol} – tickwire`
    : `${symbol} ${priceText(row.price, places)} – tickwire`;
}

function showNotice() {
  const { state, symbol, series } = chosen;
  const failure = state.kind === "failed" ? state.message : board.failure;
  const text = failure !== ""
    ? failure
    : state.kind === "loading" && series.length === 0
    ? "Loading…"
    : series.length === 0
    ? `No data for ${symbol} yet`
    : "";
  write("notice", text);
  element("notice", HTMLElement).hidden = text === "";
}

function showBoard() {
  const changed = board.takeChanged();
  for (const symbol of changed) {
    const row = board.rows.get(symbol);
    if (row !== undefined) decimals.saw(row);
  }
  grid.draw(board.rows, changed);
  if (changed.has(chosen.symbol)) showQuote();
  document.body.classList.toggle(
    "is-empty",
    board.isJoined && board.rows.size === 0 && !isChosen(),
  );
  const [first] = board.rows.keys();
  if (!isChosen() && first !== undefined) choose(first, chosen.interval);
}

function isChosen() {
  return chosen.symbol !== "";
}

let rateAt = now();
let rateFrom = 0;
function showStatus() {
  const { state, position } = client;
  const seconds = state.kind === "waiting"
    ? Math.max(0, Math.ceil((state.until - now()) / 1000))
    : 0;
  write("countdown", state.kind === "waiting" ? `next try in ${seconds} s` : "");
  write("position", position ?? "");
  const elapsedMs = now() - rateAt;
  if (elapsedMs < RATE_MS) return;
  const updates = board.updates + chosen.updates;
  write("rate", `${Math.round((updates - rateFrom) * 1000 / elapsedMs)} updates/s`);
  rateAt = now();
  rateFrom = updates;
}

/** Without a connection time stands still: what would move on is not known. */
let present = now();
function frame() {
  if (client.state.kind === "live") present = now();
  showBoard();
  showNotice();
  showStatus();
  const { series, interval, symbol } = chosen;
  chart.draw({ series, interval, edge: chosen.edge.at(present), decimals: decimals.of(symbol) });
  requestAnimationFrame(frame);
}

document.body.dataset["page"] = isBareChart ? "chart" : "board";
setTheme(address.get("theme"));

// The package has its types under a name that a browser cannot resolve.
const { default: uPlot } = /** @type {{ default: typeof import("uplot") }} */ (
  await import(new URL("uplot.js", import.meta.url).href)
);
const chart = new Chart({
  uPlot,
  host: element("plot", HTMLElement),
  readout: element("readout", HTMLElement),
});

const interval = address.get("interval") ?? "";
chosen.interval = isInterval(interval) ? interval : "tick";
buildIntervals();
if (wanted !== "") choose(wanted, chosen.interval);
write(
  "command",
  `curl -H 'content-type: application/json' -d '{"symbol":"DEMO","price":1.5}' ${ROOT.href}ticks`,
);

element("theme", HTMLElement).addEventListener("click", () => {
  const { theme } = document.documentElement.dataset;
  const isLight = theme === undefined ? prefersLight.matches : theme === "light";
  setTheme(isLight ? "dark" : "light");
  remember("theme", isLight ? "dark" : "light");
  chart.recolor();
});
prefersLight.addEventListener("change", () => chart.recolor());
element("retry", HTMLElement).addEventListener("click", () => client.retry());
addEventListener("online", () => client.retry());

showState(client.state);
requestAnimationFrame(frame);

// For tests and the curious: what the page knows.
Object.assign(globalThis, { tickwire: { client, board, chosen, chart } });
