// Puts the page together. Only this file reads the clock, timers, random numbers and the address.

import { readView, writeView } from "./address.js";
import { Board } from "./board.js";
import { Cells } from "./cells.js";
import { connect } from "./client.js";
import { showRefusal, showView, Toolbar, writeCommands } from "./toolbar.js";
import { RecorderBar } from "./recorder_bar.js";
import { Decimals } from "./decimals.js";
import { element } from "./dom.js";
import { LiveEdge } from "./live_edge.js";
import { frameOf } from "./embed.js";
import { Extras } from "./extras.js";
import { Grid } from "./grid.js";
import { INTERVALS } from "./interval.js";
import { BoardUpdates } from "./board_updates.js";
import { ServerMonitor } from "./server_monitor.js";
import { onUnstored, recall } from "./storage.js";
import { Recorder } from "./recorder.js";
import { buildSaving } from "./save_buttons.js";
import { ROOT, Server } from "./server.js";
import { Settings } from "./settings.js";
import { Sharing } from "./sharing.js";
import { Sparks } from "./sparks.js";
import { Status } from "./status.js";
import { SymbolHistoryPool } from "./symbol_histories.js";

/** @import { ViewChange } from "./cell.js" */
/** @import { Playback } from "./playback.js" */
/** @import { Shared } from "./room.js" */

/** The close code for a missing or wrong key. */
const KEY_NEEDED = 4401;
const DECIMALS_LATER_MS = 300;
const SETTLED_MS = 300;

// Browsers cannot resolve the name of the package, so load its file; only the types use the name.
const { default: uPlot } = /** @type {{ default: typeof import("uplot") }} */ (
  await import(new URL("uplot.js", import.meta.url).href)
);

const now = () => Date.now();
const query = new URLSearchParams(location.search);
const isBareChart = document.documentElement.dataset["page"] === "chart";
const isBare = !["symbol", "layout", "time"].some((name) => query.has(name));
if (isBare && !isBareChart) {
  for (const [name, value] of new URLSearchParams(recall("layout"))) query.set(name, value);
}
const server = new Server();
const first = readView(query);

const status = new Status();
const client = connect(() => server.socketUrl("ws"), { onState: stateChanged });
const edge = new LiveEdge();
const board = new Board({
  source: client,
  symbols: isBareChart && first.symbol !== "" ? [first.symbol] : ["*"],
  sawTime: (time) => updates.arrived(time),
  lostMoment: () => recorder.live(),
  corrected: (symbol) => sparks.forget(symbol),
});
const load = server.load.bind(server);
const sparks = new Sparks({ load, rowOf: (symbol) => board.rows.get(symbol) });
const decimals = new Decimals({
  load: () => load("symbols?limit=100000"),
  later: (action) => setTimeout(action, DECIMALS_LATER_MS),
  changed: () => board.touch(),
});
const recorder = new Recorder({ now, present: () => presentTime(), changed: showMoment });
const isConnected = () => client.state.kind === "live";
const updates = new BoardUpdates({ board, sparks, decimals, edge, recorder, now, isConnected });
const settings = new Settings(rewrite);
onUnstored(() =>
  status.tell("This browser cannot store your choices: they last until you close the page", now())
);

/** Stops without a connection, because the page does not know what happened since. */
let present = now();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let settleTimer;

const pool = new SymbolHistoryPool({ source: client, load, now });
/** @type {Cells} */
const cells = new Cells({
  host: /** @type {HTMLElement} */ (document.querySelector(".chart-cells")),
  cell: {
    uPlot,
    now: () => present,
    present: presentTime,
    grab: (cell, place, event) => extras.grab(cell, place, event),
  },
  desk: { pool, recorder, retry: () => client.retry(), close: () => {} },
  // Both moments would use equal subscriptions, and a connection takes each only once. So open another one.
  openDesk(changed) {
    const source = connect(() => server.socketUrl("ws"));
    const own = new SymbolHistoryPool({ source, load, now });
    const recorder = new Recorder({ now, present: presentTime, changed });
    const [retry, close] = [() => source.retry(), () => source.close()];
    return { pool: own, recorder, retry, close };
  },
  changed: () => showChoice(),
}, query);

function presentTime() {
  return board.rows.size === 0 || edge.at(present) === -Infinity ? present : edge.at(present);
}

/** Writes everything again, because the theme or a format has changed. */
function rewrite() {
  board.touch();
  for (const { chart, chartView } of cells.all) {
    chart.recolor();
    chartView.readout.touch();
  }
  recorderBar.touch();
  grid.refresh();
  updates.touch();
  extras.touch();
}

/** @param {ViewChange} change */
function choose(change) {
  cells.choose(change);
  showChoice();
}

/** Updates buttons and address after a change of the charts. */
function showChoice() {
  controls.show(cells.active.view);
  grid.mark(cells.active.view.symbol);
  extras.changed();
  sharing.changed();
}

/** @param {Playback | undefined} moment */
function showMoment(moment) {
  cells.show(moment);
  board.show(moment);
  updates.forget();
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
  const { speed, moment } = recorder;
  return { ...cells.first.shared, speed, isPaused: moment?.isPaused ?? true };
}

/** Shows the view of another person in the room. @param {Shared} shared */
function adopt(shared) {
  const { time, range, speed, isPaused, ...change } = shared;
  cells.activate(cells.first);
  choose(change);
  if (time === undefined) recorder.live();
  else {
    recorder.setSpeed(speed);
    recorder.seek(time, isPaused);
  }
  cells.first.viewport.set(range);
  // The move came from the room, so do not send it back.
  cells.seen();
}

function stateChanged(/** @type {import("./client.js").State} */ state) {
  status.showState(state, !recorder.isLive, now());
  if (state.kind === "live") monitor.look();
}

function showBoard() {
  const { changed, isOther } = updates.take();
  const { symbol } = cells.active.view;
  if (!isBareChart) grid.draw(board, changed, now());
  extras.draw(changed, now());
  updates.showCount(grid, symbol);
  const [oldest] = board.rows.keys();
  if (symbol === "" && oldest !== undefined) choose({ symbol: oldest });
  updates.showHead(cells.active, isOther || changed.has(symbol));
}

/** @param {string} symbol */
function knownOf(symbol) {
  const row = board.rows.get(symbol);
  const isForeign = board.rows.size > 0 && row === undefined && !isBareChart;
  return { row, decimals: decimals.of(symbol), failure: board.failure, isForeign };
}

function frame() {
  if (client.state.kind === "live") present = now();
  for (const { recorder } of cells.all) recorder.tick();
  if (cells.takeMoved()) sharing.changed();
  sharing.tick();
  showBoard();
  cells.draw(knownOf);
  const { state, position } = client;
  status.tick(state, now(), updates.lagMs);
  const ageMs = now() - present;
  status.showRate(board.updates + pool.updates, position ?? "", ageMs, now());
  const isKeyWanted = state.kind === "refused" && state.code === KEY_NEEDED;
  showRefusal(state.kind === "live" ? "" : isKeyWanted ? state.reason : server.refusal);
  if (!isBareChart) recorderBar.draw(presentTime(), cells.active.chart.colors);
  requestAnimationFrame(frame);
}

const grid = new Grid({
  host: element("grid", HTMLElement),
  sparks,
  decimalsOf: (symbol) => decimals.of(symbol),
  isStale: (symbol) => updates.isStale(symbol),
  colorOf(direction) {
    const { colors } = cells.active.chart;
    return direction > 0 ? colors.up : direction < 0 ? colors.down : colors.muted;
  },
  choose(symbol) {
    choose({ symbol });
    embed?.chose(symbol);
    showView("chart");
  },
});
const controls = new Toolbar({
  choose,
  symbols: () => board.rows.keys(),
  retry: () => client.retry(),
  setTheme,
  setKey,
  search: (text) => grid.search(text),
  toGrid: () => grid.focus(),
  found: () => grid.found(board, now()),
});
const recorderBar = new RecorderBar({
  recorder: () => cells.active.recorder,
  stepMs: () => INTERVALS[cells.active.view.interval] || 1_000,
  used: () => sharing.changed(),
});
const monitor = new ServerMonitor({
  server,
  status,
  isConnected,
  ...(!isBareChart && { sawActivity: (activity) => void (recorderBar.activity = activity) }),
});
buildSaving({ chartView: () => cells.active.chartView, board, grid });
const sharing = new Sharing({
  query,
  server,
  view: sharedView,
  write() {
    writeView(query, cells.first.shared);
    cells.write(query);
  },
  adopt,
  now,
  random: Math.random,
});
/** @type {Extras} */
const extras = new Extras({
  ...{ cells, board, grid, sparks, settings, choose, setTheme, query, load, isBareChart },
  decimalsOf: (symbol) => decimals.of(symbol),
  momentNow: () => recorder.time ?? presentTime(),
  tell: (text) => status.tell(text, now()),
});

/** @param {string} theme dark, light or system */
function setTheme(theme) {
  if (!settings.setTheme(theme)) return;
  if (theme === "system") query.delete("theme");
  else query.set("theme", theme);
  sharing.changed();
}

/** @param {string} key */
function setKey(key) {
  server.key = key;
  cells.retry();
  sharing.room?.retry();
  monitor.look();
  board.touch();
}

const embed = isBareChart && parent !== self
  ? frameOf({ setKey, setTheme, choose, board, chartView: cells.first.chartView })
  : undefined;

matchMedia("(prefers-color-scheme: light)").addEventListener("change", rewrite);
addEventListener("online", () => cells.retry());

writeCommands(ROOT.href);
choose({});
if (first.symbol !== "") {
  choose({ symbol: first.symbol, compare: first.compare });
  cells.first.viewport.set(first.range);
  showView("chart");
}
if (first.time !== undefined) {
  recorder.seek(first.time, true);
  cells.first.viewport.set(first.range);
}
embed?.connect(cells.active.view.symbol, cells.active.view.interval);
status.showState(client.state, !recorder.isLive, now());
requestAnimationFrame(frame);

// For tests and for the browser's console.
Object.assign(globalThis, {
  tickwire: {
    ...{ client, board, recorder, sharing, cells, settings },
    get tracks() {
      return cells.active.tracks;
    },
    get chart() {
      return cells.active.chart;
    },
    get viewport() {
      return cells.active.viewport;
    },
  },
});
