// Puts the page together. Only here are the clock, timers, chance and the address read.

import { readView } from "./address.js";
import { Board } from "./board.js";
import { connect } from "./client.js";
import { Controls, showRefusal, showView, writeCommands } from "./controls.js";
import { Deck } from "./deck.js";
import { Decimals } from "./decimals.js";
import { element, show, write } from "./dom.js";
import { LiveEdge } from "./edge.js";
import { Embed } from "./embed.js";
import { tableOf } from "./export.js";
import { Freshness } from "./freshness.js";
import { Grid } from "./grid.js";
import { Head } from "./head.js";
import { INTERVALS, isInterval } from "./interval.js";
import { Lookout } from "./lookout.js";
import { Recorder } from "./recorder.js";
import { remember, ROOT, Server } from "./server.js";
import { buildSaving } from "./saving.js";
import { Sharing } from "./sharing.js";
import { Sparks } from "./sparks.js";
import { Stage } from "./stage.js";
import { Status } from "./status.js";
import { Tracks } from "./tracks.js";
import { Viewport } from "./viewport.js";

/** @import { View } from "./address.js" */
/** @import { Moment } from "./moment.js" */
/** @import { Shared } from "./room.js" */

/** The close code of a socket that needs a key, or another one. */
const KEY_NEEDED = 4401;
const DECIMALS_LATER_MS = 300;
const SETTLED_MS = 300;
/** What a board that is live has seen within so long. */
const BOARD_LIVE_MS = 120_000;

// The package has its types under a name that a browser cannot resolve.
const { default: uPlot } = /** @type {{ default: typeof import("uplot") }} */ (
  await import(new URL("uplot.js", import.meta.url).href)
);

const now = () => Date.now();
const query = new URLSearchParams(location.search);
const isBareChart = document.documentElement.dataset["page"] === "chart";
const server = new Server();
const first = readView(query);

const status = new Status();
const head = new Head();
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
/** @type {number | undefined} */
let momentTime;

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
  sharing.changed();
}

/** @param {Moment | undefined} moment */
function showMoment(moment) {
  // Another moment is shown at the same width, and at its right end.
  const { from, to } = viewport.window(stage.extent);
  if (moment !== undefined && moment.time !== momentTime) viewport.set({ spanMs: to - from });
  momentTime = moment?.time;
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
  if (time === undefined) recorder.live();
  else {
    recorder.setSpeed(shared.speed);
    recorder.seek(time, shared.isPaused);
  }
  viewport.set(range);
  // It was not somebody here who has moved it.
  viewportSeen = viewport.version;
}

function stateChanged(/** @type {import("./client.js").State} */ state) {
  status.showState(state, !recorder.isLive, now());
  if (state.kind === "live") lookout.look();
}

/** The time at the right end: the moment, or the present of the leading symbol. */
function shownTime() {
  const newest = tracks.lead?.edge.at(present) ?? -Infinity;
  return recorder.time ?? (newest > -Infinity ? newest : presentTime());
}

let generation = 0;
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
      if (recorder.isLive && row.time !== null) {
        edge.start(Math.max(edge.at(now()), row.time), now(), BOARD_LIVE_MS);
      }
    } else freshness.saw(symbol, now());
  }
  generation = board.generation;
  if (!isBareChart) grid.draw(board, changed, now());
  write("count", board.rows.size === 0 ? "" : grid.countText);
  show("nothing", board.rows.size > 0 && grid.order.symbols.length === 0);
  const isEmpty = board.isJoined && board.rows.size === 0 && view.symbol === "";
  document.body.classList.toggle("is-empty", isEmpty);
  const [symbol] = board.rows.keys();
  if (view.symbol === "" && symbol !== undefined) choose({ symbol });
  showHead(isOther || changed.has(view.symbol));
}

/** @param {boolean} isChanged */
function showHead(isChanged) {
  const { symbol } = view;
  const isLive = recorder.isLive && client.state.kind === "live";
  head.show({
    symbol,
    row: board.rows.get(symbol),
    decimals: decimals.of(symbol),
    time: recorder.time,
    silenceMs: isLive ? freshness.silenceMs(symbol, now()) : 0,
    isChanged,
  });
}

function frame() {
  if (client.state.kind === "live") present = now();
  recorder.tick();
  sharing.tick();
  if (viewport.version !== viewportSeen) {
    viewportSeen = viewport.version;
    sharing.changed();
  }
  showBoard();
  const { symbol } = view;
  stage.draw(board.rows.get(symbol), decimals.of(symbol), board.failure);
  const { state, position } = client;
  status.tick(state, now());
  status.showRate(board.updates + tracks.updates, position ?? "", now());
  const isKeyWanted = state.kind === "refused" && state.code === KEY_NEEDED;
  showRefusal(state.kind === "live" ? "" : isKeyWanted ? state.reason : server.refusal);
  if (!isBareChart) deck.draw(presentTime(), chart.colors);
  requestAnimationFrame(frame);
}

const stage = new Stage({ uPlot, tracks, viewport, choice: () => view, time: shownTime });
const { chart } = stage;
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
const deck = new Deck({
  recorder,
  stepMs: () => INTERVALS[view.interval] || 1_000,
  used: () => sharing.changed(),
});
const lookout = new Lookout({
  server,
  status,
  isConnected: () => client.state.kind === "live",
  ...(!isBareChart && { sawActivity: (activity) => void (deck.activity = activity) }),
});
buildSaving({ stage, board, grid });
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
  sharing.room?.retry();
  lookout.look();
  board.touch();
}

const embed = isBareChart && parent !== self
  ? new Embed({
    window: self,
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
    rows: () => stage.shown === undefined ? { columns: [], rows: [] } : tableOf(stage.shown),
  })
  : undefined;

matchMedia("(prefers-color-scheme: light)").addEventListener("change", () => chart.recolor());
addEventListener("online", () => client.retry());

writeCommands(ROOT.href);
choose({});
if (first.symbol !== "") {
  choose({ symbol: first.symbol, compare: first.compare });
  showView("chart");
}
if (first.time !== undefined) {
  recorder.seek(first.time, true);
  viewport.set(first.range);
}
embed?.connect(view.symbol, view.interval);
status.showState(client.state, !recorder.isLive, now());
requestAnimationFrame(frame);

// For tests and the curious: what the page knows.
Object.assign(globalThis, {
  tickwire: { client, board, tracks, chart, recorder, viewport, sharing },
});
