// Loads parts of the page on first use: menus, palette, help, lists, indicators, lines.

import { onClick } from "./dom.js";
import { recall } from "./storage.js";

/** @import { SplitBorders } from "./split_borders.js" */
/** @import { Board } from "./board.js" */
/** @import { Cell, ViewChange } from "./cell.js" */
/** @import { Cells } from "./cells.js" */
/** @import { Grip, Place } from "./gestures.js" */
/** @import { Grid } from "./grid.js" */
/** @import { Lines } from "./lines.js" */
/** @import { Lists } from "./lists.js" */
/** @import { Point } from "./series.js" */
/** @import { Settings } from "./settings.js" */
/** @import { Sparks } from "./sparks.js" */

/**
 * The parts of the page that an extra may use.
 * @typedef {object} Page
 * @property {Cells} cells
 * @property {Board} board
 * @property {Grid} grid
 * @property {Sparks} sparks
 * @property {Settings} settings
 * @property {(wish: ViewChange) => void} choose
 * @property {(theme: string) => void} setTheme
 * @property {URLSearchParams} query of the address
 * @property {(path: string) => Promise<readonly Point[]>} load
 * @property {boolean} isBareChart
 * @property {(symbol: string) => number} decimalsOf
 * @property {() => number} momentNow the moment that the board shows
 * @property {(text: string) => void} tell shows an error to the user
 */

const IDLE_MS = 300;

const MODULES = {
  settings: () => import("./settings_panel.js"),
  palette: () => import("./palette.js"),
  help: () => import("./help.js"),
  hints: () => import("./hints.js"),
  indicators: () => import("./indicator_layer.js"),
  indicatorMenu: () => import("./indicator_menu.js"),
  lines: () => import("./lines.js"),
  chartMenu: () => import("./chart_menu.js"),
  layoutMenu: () => import("./layout_menu.js"),
  borders: () => import("./split_borders.js"),
  lists: () => import("./lists.js"),
  boardMenu: () => import("./board_menu.js"),
};

/** @typedef {keyof typeof MODULES} Name */
/** @typedef {{ [T in Name]: Awaited<ReturnType<(typeof MODULES)[T]>> }} Modules */
/** Modules that open a panel or a menu. @typedef {Exclude<Name, "indicators" | "lines" | "borders" | "lists">} Opened */

export class Extras {
  #page;
  /** Charts with an indicator layer. @type {WeakSet<Cell>} */
  #withIndicators = new WeakSet();
  /** @type {SplitBorders | undefined} */
  #borders;
  /** @type {Lists | undefined} */
  #lists;
  /** @type {Lines | undefined} */
  #lines;
  /** Charts with a line layer. @type {WeakSet<Cell>} */
  #withLines = new WeakSet();

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    /** @type {[string, Opened][]} */
    const openers = [
      ["commands", "palette"],
      ["help", "help"],
      ["settings", "settings"],
      ["board-menu", "boardMenu"],
      ["layouts", "layoutMenu"],
      ["indicators", "indicatorMenu"],
      ["chart-menu", "chartMenu"],
    ];
    for (const [id, name] of openers) onClick(id, () => void this.open(name));
    document.addEventListener("keydown", (event) => this.#pressed(event));
    if (recall("hints") === "" && !page.isBareChart) {
      whenIdle(() => void this.open("hints"));
    }
    if (recall("lines") !== "") void this.lines();
    whenIdle(() => void this.#addBorders());
    if (!page.isBareChart) whenIdle(() => void this.lists());
  }

  async #addBorders() {
    const module = await this.#load("borders");
    if (module !== undefined) this.#borders = new module.SplitBorders(this.#page);
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    const isCommand = ctrlKey || metaKey || altKey;
    const isTyping = target instanceof HTMLInputElement && target.type !== "radio";
    if ((ctrlKey || metaKey) && key.toLowerCase() === "k") void this.open("palette");
    else if (key === "?" && !isTyping && !isCommand) void this.open("help");
    else if (isCommand || !(target instanceof Element && target.closest(".plot"))) return;
    else if (!this.#draw(key)) return;
    event.preventDefault();
  }

  /** Handles the keys for lines while a chart has the focus. @param {string} key */
  #draw(key) {
    const cell = this.#page.cells.active;
    const { pointer } = cell.chartView.readout;
    switch (key) {
      case "h":
      case "H": {
        const { chart } = cell;
        const price = pointer === undefined
          ? chart.plotData?.strands[0]?.last.price ?? NaN
          : chart.priceAt(pointer.y - chart.area.top);
        void this.lines().then((lines) => lines?.addLevel(cell, price));
        return true;
      }
      case "t":
      case "T":
        if (pointer === undefined) return false;
        void this.lines().then((lines) => lines?.begin(cell, pointer));
        return true;
      case "Escape":
        return this.#lines?.cancel() === true;
      case "Delete":
      case "Backspace":
        return this.#lines?.cancel(true) === true;
    }
    return false;
  }

  /** Opens a panel or a menu. @param {Opened} name */
  async open(name) {
    const module = await this.#load(name);
    await module?.open(this.#page, this);
  }

  /** The lines of all charts, loaded on first use. */
  async lines() {
    const module = await this.#load("lines");
    if (module !== undefined) this.#lines ??= new module.Lines();
    this.changed();
    return this.#lines;
  }

  /** The user's lists, columns and density of the board, loaded on first use. */
  async lists() {
    const module = await this.#load("lists");
    if (module !== undefined) this.#lists ??= new module.Lists(this.#page);
    return this.#lists;
  }

  /** Call it once per animation frame. @param {ReadonlySet<string>} changed symbols @param {number} now */
  draw(changed, now) {
    this.#lists?.draw(changed, now);
  }

  /** Writes all texts again, because their format has changed. */
  touch() {
    this.#lists?.touch();
  }

  /** Follows a change of the charts or of their views. */
  changed() {
    this.#borders?.changed();
    const { cells: { all }, tell } = this.#page;
    for (const cell of all) {
      if (this.#lines !== undefined && !this.#withLines.has(cell)) {
        this.#withLines.add(cell);
        this.#lines.attach(cell);
      }
      if (cell.view.indicators.length === 0 || this.#withIndicators.has(cell)) continue;
      this.#withIndicators.add(cell);
      void this.#load("indicators").then((module) => module?.attach(cell, tell));
    }
  }

  /**
   * Offers a press of the pointer to the lines and the measure.
   * @param {Cell} cell
   * @param {Place} place
   * @param {PointerEvent} event
   * @returns {Grip | undefined}
   */
  grab(cell, place, event) {
    if (this.#lines !== undefined) return this.#lines.grab(cell, place, event);
    if (!event.shiftKey) return undefined;
    // The pointer moves while the module still loads, so remember its newest place.
    let newest = place;
    /** @type {Grip | undefined} */
    let grip;
    void this.lines().then((lines) => {
      grip = lines?.grab(cell, place, event);
      grip?.move(newest);
    });
    return {
      move(place) {
        newest = place;
        grip?.move(place);
      },
      end: (place) => grip?.end(place),
    };
  }

  /**
   * Loads a module. An older server may not have it.
   * @template {Name} T
   * @param {T} name
   * @returns {Promise<Modules[T] | undefined>}
   */
  async #load(name) {
    try {
      await loadStyle();
      return /** @type {Modules[T]} */ (await MODULES[name]());
    } catch {
      this.#page.tell(
        "Cannot load this part of the page: the server is out of reach, or older than the page",
      );
    }
  }
}

/** Some browsers have no requestIdleCallback. @param {() => void} action */
function whenIdle(action) {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(action);
  else setTimeout(action, IDLE_MS);
}

/** @type {Promise<void> | undefined} */
let style;

/** Loads the style of all extras once. */
function loadStyle() {
  return style ??= new Promise((resolve, reject) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = new URL("extras.css", import.meta.url).href;
    link.addEventListener("load", () => resolve());
    link.addEventListener("error", () => reject(new Error("Cannot load extras.css")));
    document.head.append(link);
  });
}
