// The charts of the page: how many there are, which one the buttons are for, and what they share.

import { readView, writeView } from "./address.js";
import { Cell } from "./cell.js";
import { make } from "./dom.js";
import { gridOf, readLayout, writeLayout } from "./layout.js";

/** @import { View } from "./address.js" */
/** @import { CellOptions, Desk, Wish } from "./cell.js" */
/** @import { Layout } from "./layout.js" */
/** @import { Moment } from "./moment.js" */
/** @import { Known } from "./stage.js" */

/** What is written at the top of each of several charts. */
const HEAD_PIXELS = 44;
/** All charts together are drawn once in so many milliseconds. */
const PACE_MS = 50;
const BOARD_SHARES = { 1: 44, 2: 36, 4: 28, 6: 24 };

/**
 * @typedef {object} CellsOptions
 * @property {HTMLElement} host with one stage, which is that of the first chart
 * @property {Omit<CellOptions, "host" | "desk" | "view">} cell
 * @property {Desk} desk which charts share whose moment is linked
 * @property {(changed: (moment: Moment | undefined) => void) => Desk} openDesk for a chart with a moment of
 *   its own
 * @property {() => void} changed told when another chart or layout is shown
 */

export class Cells {
  /** @type {readonly Cell[]} */
  all = [];
  /** @type {Cell} */
  active;
  #options;
  #blank;
  /** @type {Layout} */
  #layout;
  /** Ranges that have been seen. @type {WeakMap<Cell, number>} */
  #seen = new WeakMap();

  /** @param {CellsOptions} options @param {URLSearchParams} query of the address */
  constructor(options, query) {
    this.#options = options;
    const { host } = options;
    const first = /** @type {HTMLElement} */ (host.firstElementChild);
    this.#blank = /** @type {HTMLElement} */ (first.cloneNode(true));
    for (const each of this.#blank.querySelectorAll("[id]")) each.removeAttribute("id");
    this.active = this.#add(first, readView(query));
    this.#layout = readLayout(query);
    this.#arrange(query);
  }

  get host() {
    return this.#options.host;
  }

  /** The part of the width that is the board's, in per cent: the more charts, the less. */
  get boardShare() {
    const { board, count } = this.#layout;
    return board ?? BOARD_SHARES[count];
  }

  get first() {
    return this.all[0] ?? this.active;
  }

  get layout() {
    return this.#layout;
  }

  /** @param {Layout["links"][number]} link */
  isLinked(link) {
    return this.#layout.links.includes(link);
  }

  /** Shows so many charts; new ones show what the active one does. @param {Layout} layout */
  arrange(layout) {
    this.#layout = layout;
    this.#arrange(new URLSearchParams());
    this.#options.changed();
  }

  /** @param {URLSearchParams} query which tells what charts show */
  #arrange(query) {
    const { count } = this.#layout;
    for (const cell of this.all.slice(count)) this.#remove(cell);
    if (!this.all.includes(this.active)) this.active = this.first;
    /** @type {(() => void)[]} */
    const seeks = [];
    while (this.all.length < count) {
      const place = String(this.all.length + 1);
      const view = query.has(`symbol${place}`)
        ? readView(query, place)
        : { ...this.active.shared, time: undefined };
      const host = /** @type {HTMLElement} */ (this.#blank.cloneNode(true));
      this.#options.host.append(host);
      const cell = this.#add(host, view);
      cell.choose({ symbol: view.symbol, compare: view.compare });
      cell.viewport.set(view.range);
      const { time } = view;
      if (time !== undefined) seeks.push(() => cell.recorder.seek(time, true));
    }
    this.#seat();
    if (!this.isLinked("moment")) { for (const seek of seeks) seek(); }
    this.#lay();
  }

  /** The buttons are for this one from now on. @param {Cell} cell */
  activate(cell) {
    if (cell === this.active) return;
    this.active = cell;
    this.#lay();
    this.#options.changed();
  }

  /** @param {Wish} wish */
  choose(wish) {
    const { symbol } = wish;
    const others = symbol !== undefined && this.isLinked("symbol") ? this.all : [];
    this.active.choose(wish);
    for (const cell of others) if (cell !== this.active) cell.choose({ symbol: symbol ?? "" });
    this.#list();
  }

  /** Another moment is shown by the charts that share one. @param {Moment | undefined} moment */
  show(moment) {
    const { desk } = this.#options;
    for (const cell of this.all) if (cell.desk === desk) cell.show(moment);
    desk.pool.show(moment);
  }

  /** Connects anew, perhaps with another key. */
  retry() {
    for (const { retry } of new Set(this.all.map(({ desk }) => desk))) retry();
  }

  /** To be called once per animation frame. @param {(symbol: string) => Known} known */
  draw(known) {
    const pointed = this.all.find(({ stage }) => stage.readout.time !== undefined);
    const time = this.isLinked("crosshair") ? pointed?.stage.readout.time : undefined;
    for (const cell of this.all) {
      cell.stage.readout.linkedTime = cell === pointed ? undefined : time;
      const of = known(cell.view.symbol);
      if (this.all.length > 1) cell.stage.caption(of, cell.recorder.time);
      cell.stage.draw(of);
    }
  }

  /** Whether somebody has moved a chart; those that are linked are moved with it. */
  takeMoved() {
    const moved = this.all.find((cell) => this.#seen.get(cell) !== cell.viewport.version);
    if (moved === undefined) return false;
    if (this.isLinked("range")) {
      for (const cell of this.all) if (cell !== moved) cell.viewport.set(moved.viewport.range);
    }
    this.seen();
    return true;
  }

  /** What has been moved was not moved by somebody here. */
  seen() {
    for (const cell of this.all) this.#seen.set(cell, cell.viewport.version);
  }

  /** Writes all charts but the first, and how they lie. @param {URLSearchParams} query */
  write(query) {
    writeLayout(query, this.#layout);
    for (const name of [...query.keys()]) if (/^[a-z]+[2-6]$/.test(name)) query.delete(name);
    this.all.forEach((cell, place) => {
      const time = this.isLinked("moment") ? undefined : cell.shared.time;
      if (place > 0) writeView(query, { ...cell.shared, time }, String(place + 1));
    });
  }

  /** @param {HTMLElement} host @param {View} view */
  #add(host, view) {
    const { cell: options, desk } = this.#options;
    const cell = new Cell({ ...options, host, desk, view });
    this.all = [...this.all, cell];
    for (const kind of ["pointerdown", "focusin"]) {
      host.addEventListener(kind, () => this.activate(cell), true);
    }
    return cell;
  }

  /** @param {Cell} cell */
  #remove(cell) {
    this.all = this.all.filter((each) => each !== cell);
    cell.close();
    if (cell.desk !== this.#options.desk) cell.desk.close();
  }

  /** Each chart has the moment that all share, or one of its own. The first one keeps that of the page. */
  #seat() {
    const { desk, openDesk } = this.#options;
    for (const cell of this.all.slice(1)) {
      const isShared = cell.desk === desk;
      if (isShared === this.isLinked("moment")) continue;
      const before = cell.desk;
      cell.sit(isShared ? openDesk((moment) => this.#showOwn(cell, moment)) : desk);
      if (!isShared) before.close();
    }
  }

  /** @param {Cell} cell @param {Moment | undefined} moment */
  #showOwn(cell, moment) {
    cell.show(moment);
    cell.desk.pool.show(moment);
  }

  /** A button for each, where there is room for one chart only. */
  #list() {
    const list = this.#options.host.previousElementSibling;
    if (!(list instanceof HTMLElement)) return;
    list.hidden = this.all.length === 1;
    list.replaceChildren(...this.all.map((cell) => {
      const { symbol, interval } = cell.view;
      const button = make("button", { type: "button" }, `${symbol} ${interval}`);
      button.ariaPressed = String(cell === this.active);
      button.addEventListener("click", () => this.activate(cell));
      return button;
    }));
  }

  #lay() {
    const { host } = this.#options;
    const main = host.closest("main");
    const board = this.boardShare;
    main?.style.setProperty("--board", `${board}fr`);
    main?.style.setProperty("--charts", `${100 - board}fr`);
    main?.classList.toggle("is-boardless", board === 0);
    const { count, columns, rows } = this.#layout;
    const tracks = (/** @type {readonly number[]} */ shares) =>
      shares.map((share) => `minmax(0, ${share}fr)`).join(" ");
    const grid = gridOf(count);
    host.style.gridTemplateColumns = tracks(columns.slice(0, grid.columns));
    host.style.gridTemplateRows = tracks(rows.slice(0, grid.rows));
    host.classList.toggle("is-many", count > 1);
    for (const cell of this.all) {
      cell.host.classList.toggle("is-active", cell === this.active);
      cell.chart.headPixels = count > 1 ? HEAD_PIXELS : 0;
      cell.stage.paceMs = count > 1 ? count * PACE_MS : 0;
    }
    this.#list();
  }
}
