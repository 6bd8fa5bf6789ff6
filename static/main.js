// Puts the page together. Only here are the clock, timers, chance and the address read.

import { readView } from "./address.js";
import { Board } from "./board.js";
import { Chart } from "./chart.js";
import { connect } from "./client.js";
import { Controls, showView, writeCommands } from "./controls.js";
import { Decimals } from "./decimals.js";
import { element, onClick, show, write } from "./dom.js";
import { LiveEdge } from "./edge.js";
import { Embed } from "./embed.js";
import { csvOf, download, pictureOf, tableOf } from "./export.js";
import { Freshness } from "./freshness.js";
import { Gestures } from "./gestures.js";
import { Grid } from "./grid.js";
import { marksOf, showNotice, showQuote, showSilence, titleOf } from "./head.js";
import { INTERVALS, isInterval } from "./interval.js";
import { Player } from "./player.js";
import { Readout, snapTo } from "./readout.js";
import { Recorder } from "./recorder.js";
import { remember, ROOT, Server } from "./server.js";
import { Sharing } from "./sharing.js";
import { Sparks } from "./sparks.js";
import { Status } from "./status.js";
import { Timeline } from "./timeline.js";
import { Tracks } from "./tracks.js";
import { Viewport } from "./viewport.js";

/** @import { View } from "./address.js" */
/** @import { Moment } from "./moment.js" */
/** @import { Shared } from "./room.js" */

const DECIMALS_LATER_MS = 300;
const HEALTH_MS = 5_000;
const ACTIVITY_MS = 15_000;
const SETTLED_MS = 300;
/** What a board that is live has seen within so long. */
const BOARD_LIVE_MS = 120_000;

const now = () => Date.now();
const query = new URLSearchParams(location.search);
const isBareChart = document.documentElement.dataset["page"] === "chart";
const server = new Server();
const first = readView(query);

const status = new Status();
const client = connect(() => server.socketUrl("ws"), { onState: stateChanged });
const edge = new LiveEdge();
const freshness = new Freshness();
const viewport = new Viewport(first.range);
const board = new Board({
  source: client,
  symbols: isBareChart && first.symbol !== "" ? [first.symbol] : ["*"],
  sawTime(time) {
    if (recorder.isLive) edge.arrived(time, now());
    else recorder.sawTime(time);
  },
  lostMoment: () => recorder.live(),
});
const load = server.load.bind(server);
const tracks = new Tracks({ source: client, load, now });
const sparks = new Sparks({ load, rowOf: (symbol) => board.rows.get(symbol) });
const decimals = new Decimals({
  load: () => load("symbols?limit=100000"),
  later: (action) => setTimeout(action, DECIMALS_LATER_MS),
  changed: () => board.touch(),
});
const recorder = new Recorder({ now, present: () => presentTime(), changed: showMoment });

/** What is shown, without range and moment. */
let view = { ...first, symbol: "" };
/** Without a connection time stands still: what would move on is not known. */
let present = now();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let settleTimer;
let viewportSeen = viewport.version;

function presentTime() {
  return board.rows.size === 0 || edge.at(present) === -Infinity ? present : edge.at(present);
}

/** @param {Partial<Pick<View, "symbol" | "interval" | "look" | "compare">>} wish */
function choose(wish) {
  const before = view;
  view = { ...view, ...wish };
  view.compare = view.compare.filter((symbol) => symbol !== view.symbol);
  const { symbol, interval, compare } = view;
  const isOther = symbol !== before.symbol || interval !== before.interval;
  if (isOther && before.symbol !== "") viewport.set({});
  if (isOther || compare.join() !== before.compare.join()) {
    recorder.rejoin();
    tracks.choose(symbol === "" ? [] : [symbol, ...compare], interval, recorder.moment);
    chart.reset();
    grid.mark(symbol);
  }
  controls.show(view);
  element("plot", HTMLElement).ariaLabel = `Chart of ${[symbol, ...compare].join(", ")}, ${
    interval === "tick" ? "ticks" : `${interval} bars`
  }`;
  quoteShown = "";
  sharing.changed();
}

/** @param {Moment | undefined} moment */
function showMoment(moment) {
  board.show(moment);
  tracks.show(moment);
  freshness.forget();
  document.documentElement.toggleAttribute("data-replay", moment !== undefined);
  status.showState(client.state, moment !== undefined, now());
  clearTimeout(settleTimer);
  settleTimer = setTimeout(() => {
    sparks.show(moment?.time);
    grid.refresh();
  }, SETTLED_MS);
}

/** @returns {Shared} */
function sharedView() {
  const { range } = viewport;
  const { time, speed, moment } = recorder;
  return { ...view, range, time, speed, isPaused: moment?.isPaused ?? true };
}

/** Shows what somebody else has chosen. @param {Shared} shared */
function adopt(shared) {
  const { symbol, interval, look, compare, time, range } = shared;
  choose({ symbol, interval, look, compare });
  viewport.set(range);
  viewportSeen = viewport.version;
  if (time === undefined) recorder.live();
  else {
    recorder.setSpeed(shared.speed);
    recorder.seek(time, shared.isPaused);
  }
}

function stateChanged(/** @type {import("./client.js").State} */ state) {
  status.showState(state, !recorder.isLive, now());
  // A socket that was refused before it was open says nothing of why.
  if (state.kind === "waiting" || state.kind === "refused") void server.ask("symbols?limit=1");
  if (state.kind === "live") lookAround();
}

function extent() {
  const { lead } = tracks;
  const { width } = chart.area;
  const time = shownTime();
  const oldest = lead?.series.at("time", 0) ?? time;
  return { interval: view.interval, oldest, edge: time, width };
}

/** The time at the right end: the moment, or the present of the leading symbol. */
function shownTime() {
  return recorder.time ?? tracks.lead?.edge.at(present) ?? presentTime();
}

let generation = 0;
let quoteShown = "";
function showBoard() {
  const changed = board.takeChanged();
  const isOther = board.generation !== generation;
  for (const symbol of changed) {
    const row = board.rows.get(symbol);
    if (row === undefined) continue;
    decimals.saw(row);
    sparks.saw(row);
    if (isOther) {
      freshness.begin(symbol, row.time, now());
      if (recorder.isLive) {
        edge.start(Math.max(edge.at(now()), row.time ?? 0), now(), BOARD_LIVE_MS);
      }
    } else freshness.saw(symbol, now());
  }
  generation = board.generation;
  if (!isBareChart) grid.draw(board, changed, now());
  write("count", board.rows.size === 0 ? "" : grid.countText);
  const isEmpty = board.isJoined && board.rows.size === 0 && view.symbol === "";
  document.body.classList.toggle("is-empty", isEmpty);
  const [symbol] = board.rows.keys();
  if (view.symbol === "" && symbol !== undefined) choose({ symbol });
  showHead(isOther || changed.has(view.symbol));
}

/** @param {boolean} isChanged */
function showHead(isChanged) {
  const { symbol } = view;
  const row = board.rows.get(symbol);
  const places = decimals.of(symbol);
  if (isChanged || quoteShown !== symbol) {
    showQuote(symbol, row, places);
    quoteShown = symbol;
  }
  const title = titleOf(symbol, row, places, recorder.time);
  if (document.title !== title) document.title = title;
  const isLive = recorder.isLive && client.state.kind === "live";
  showSilence(isLive ? freshness.silenceMs(symbol, now()) : 0);
}

function showChart() {
  const { lead, all } = tracks;
  showNotice(lead, board.failure);
  if (lead === undefined) return;
  const window = viewport.window(extent());
  const { interval, look, symbol } = view;
  const time = shownTime();
  const row = board.rows.get(symbol);
  const scene = {
    parts: all,
    interval,
    look,
    window,
    edge: time,
    decimals: decimals.of(symbol),
    marks: all.length > 1 ? [] : marksOf(row),
  };
  chart.draw(scene);
  readout.show(scene, chart);
  shown = scene;
  show("follow", !viewport.isFollowing);
  show("older", all.some(({ isLoadingOlder }) => isLoadingOlder));
  if (lead.state.kind === "ready") tracks.reach(window.from);
}
/** What the chart shows. @type {import("./scene.js").View | undefined} */
let shown;

function frame() {
  if (client.state.kind === "live") present = now();
  recorder.tick();
  sharing.tick();
  if (viewport.version !== viewportSeen) {
    viewportSeen = viewport.version;
    sharing.changed();
  }
  showBoard();
  showChart();
  const { state, position } = client;
  status.tick(state, now());
  status.showRate(board.updates + tracks.updates, position ?? "", now());
  const isRefused = server.refusal !== "" && state.kind !== "live";
  show("refused", isRefused);
  if (isRefused) write("refusal", server.refusal);
  if (!isBareChart) {
    player.show(recorder.time ?? present);
    const time = recorder.time ?? presentTime();
    timeline.draw(time, presentTime(), recorder.isLive, chart.colors);
  }
  requestAnimationFrame(frame);
}

// The package has its types under a name that a browser cannot resolve.
const { default: uPlot } = /** @type {{ default: typeof import("uplot") }} */ (
  await import(new URL("uplot.js", import.meta.url).href)
);
const plot = element("plot", HTMLElement);
/** @type {Chart} */
const chart = new Chart({
  uPlot,
  host: plot,
  snap: (left) => shown === undefined ? left : snapTo(shown, chart, left),
});
new Gestures({ host: plot, chart, viewport, extent });
const readout = new Readout({
  host: element("readout", HTMLElement),
  plot,
  timeLabel: element("time-label", HTMLElement),
  priceLabel: element("price-label", HTMLElement),
});
const grid = new Grid({
  host: element("grid", HTMLElement),
  sparks,
  decimalsOf: (symbol) => decimals.of(symbol),
  isStale: (symbol) => recorder.isLive && freshness.silenceMs(symbol, now()) > 0,
  colorOf: (direction) =>
    direction > 0 ? chart.colors.up : direction < 0 ? chart.colors.down : chart.colors.muted,
  choose(symbol) {
    choose({ symbol });
    embed?.chose(symbol);
    showView("chart");
  },
});
const controls = new Controls({
  choose,
  symbols: () => board.rows.keys(),
  follow: () => viewport.follow(),
  retry: () => client.retry(),
  setTheme,
  setKey,
  search: (text) => grid.search(text),
  toGrid: () => grid.focus(),
  found: () => grid.order.symbols[0],
});
const player = new Player({
  host: element("recorder", HTMLElement),
  recorder,
  stepMs: () => INTERVALS[view.interval] || 1_000,
  used: () => sharing.changed(),
});
const timeline = new Timeline({
  host: element("timeline", HTMLElement),
  canvas: /** @type {HTMLCanvasElement} */ (document.querySelector("#timeline canvas")),
  seek(time) {
    recorder.seek(time, true);
    sharing.changed();
  },
  live() {
    recorder.live();
    sharing.changed();
  },
});
const sharing = new Sharing({ query, server, view: sharedView, adopt, now, random: Math.random });

/** @param {string} theme */
function setTheme(theme) {
  if (theme !== "dark" && theme !== "light") return;
  document.documentElement.dataset["theme"] = theme;
  remember("theme", theme);
  query.set("theme", theme);
  sharing.changed();
  chart.recolor();
}

/** @param {string} key */
function setKey(key) {
  server.key = key;
  client.retry();
  void checkHealth();
  board.touch();
}

onClick("png", async () => {
  if (chart.canvas === undefined) return;
  const title = `${view.symbol} ${view.interval}`;
  const picture = await pictureOf(chart.canvas, title, chart.colors);
  if (picture !== null) download(picture, `${title}.png`);
});
onClick("csv", () => {
  if (shown === undefined) return;
  const csv = csvOf(tableOf(shown));
  download(new Blob([csv], { type: "text/csv" }), `${view.symbol}-${view.interval}.csv`);
});
onClick("board-csv", () => {
  const rows = grid.order.symbols.flatMap((symbol) => board.rows.get(symbol) ?? []);
  const columns = Object.keys(rows[0] ?? { symbol: "" });
  download(new Blob([csvOf({ columns, rows })], { type: "text/csv" }), "board.csv");
});

async function checkHealth() {
  if (document.hidden || client.state.kind !== "live") return;
  const health = await server.health();
  if (health !== undefined) status.showHealth(health.feeds ?? [], server.roundTripMs);
}

async function loadActivity() {
  if (document.hidden || client.state.kind !== "live" || isBareChart) return;
  const activity = await server.ask("activity");
  if (Array.isArray(activity?.counts)) timeline.activity = activity;
}

function lookAround() {
  void checkHealth();
  void loadActivity();
}

const embed = isBareChart && window.parent !== window
  ? new Embed({
    window,
    intervals: Object.keys(INTERVALS),
    setKey,
    setParams({ symbol, interval = "", theme = "" }) {
      setTheme(theme);
      if (symbol !== undefined) board.watch([symbol]);
      choose({
        ...(symbol !== undefined && { symbol }),
        ...(isInterval(interval) && { interval }),
      });
    },
    rows: () => shown === undefined ? { columns: [], rows: [] } : tableOf(shown),
  })
  : undefined;

matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => chart.recolor());
addEventListener("online", () => client.retry());
setInterval(checkHealth, HEALTH_MS);
setInterval(loadActivity, ACTIVITY_MS);

writeCommands(ROOT.href);
choose({});
if (first.symbol !== "") {
  choose({ symbol: first.symbol, compare: first.compare });
  viewport.set(first.range);
  showView("chart");
}
if (first.time !== undefined) recorder.seek(first.time, true);
embed?.connect(view.symbol, view.interval);
status.showState(client.state, !recorder.isLive, now());
requestAnimationFrame(frame);

// For tests and the curious: what the page knows.
Object.assign(globalThis, {
  tickwire: { client, board, tracks, chart, recorder, viewport, sharing },
});
