// What is loaded when somebody uses it: menus, palette, help, lists, indicators, lines.

import { onClick } from "./dom.js";
import { recall } from "./memory.js";

/** @import { Borders } from "./borders.js" */
/** @import { Board } from "./board.js" */
/** @import { Cell, Wish } from "./cell.js" */
/** @import { Cells } from "./cells.js" */
/** @import { Grip, Place } from "./gestures.js" */
/** @import { Grid } from "./grid.js" */
/** @import { Lines } from "./lines.js" */
/** @import { Lists } from "./lists.js" */
/** @import { Point } from "./series.js" */
/** @import { Settings } from "./settings.js" */
/** @import { Sparks } from "./sparks.js" */

/**
 * What an extra may use of the page.
 * @typedef {object} Page
 * @property {Cells} cells
 * @property {Board} board
 * @property {Grid} grid
 * @property {Sparks} sparks
 * @property {Settings} settings
 * @property {(wish: Wish) => void} choose
 * @property {(theme: string) => void} setTheme
 * @property {URLSearchParams} query of the address
 * @property {(path: string) => Promise<readonly Point[]>} load
 * @property {boolean} isBareChart
 * @property {(symbol: string) => number} decimalsOf
 * @property {() => number} momentNow the moment that the board shows
 * @property {(text: string) => void} tell says what went wrong
 */

const IDLE_MS = 300;

/** Each is a module of its own. */
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
  borders: () => import("./borders.js"),
  lists: () => import("./lists.js"),
  boardMenu: () => import("./board_menu.js"),
};

/** @typedef {keyof typeof MODULES} Name */
/** @typedef {{ [T in Name]: Awaited<ReturnType<(typeof MODULES)[T]>> }} Modules */
/** What opens a place of its own. @typedef {Exclude<Name, "indicators" | "lines" | "borders" | "lists">} Opened */

export class Extras {
  #page;
  /** Charts that have their indicators. @type {WeakSet<Cell>} */
  #withIndicators = new WeakSet();
  /** @type {Borders | undefined} */
  #borders;
  /** @type {Lists | undefined} */
  #lists;
  /** @type {Lines | undefined} */
  #lines;
  /** Charts that have their lines. @type {WeakSet<Cell>} */
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
    if (module !== undefined) this.#borders = new module.Borders(this.#page);
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

  /** Keys of lines, while a chart has the keys. @param {string} key */
  #draw(key) {
    const cell = this.#page.cells.active;
    const { pointer } = cell.stage.readout;
    switch (key) {
      case "h":
      case "H": {
        const { chart } = cell;
        const price = pointer === undefined
          ? chart.scene?.strands[0]?.last.price ?? NaN
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

  /** Opens what has a place of its own. @param {Opened} name */
  async open(name) {
    const module = await this.#load(name);
    await module?.open(this.#page, this);
  }

  /** The lines of all charts. */
  async lines() {
    const module = await this.#load("lines");
    if (module !== undefined) this.#lines ??= new module.Lines();
    this.changed();
    return this.#lines;
  }

  /** The board as somebody has chosen it. */
  async lists() {
    const module = await this.#load("lists");
    if (module !== undefined) this.#lists ??= new module.Lists(this.#page);
    return this.#lists;
  }

  /** To be called once per animation frame. @param {ReadonlySet<string>} changed symbols @param {number} now */
  draw(changed, now) {
    this.#lists?.draw(changed, now);
  }

  /** Writes all anew, because the way to write it has changed. */
  touch() {
    this.#lists?.touch();
  }

  /** Charts, or what they show, are others than before. */
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
   * A press of the pointer on a chart may be for a line or for a measure.
   * @param {Cell} cell
   * @param {Place} place
   * @param {PointerEvent} event
   * @returns {Grip | undefined}
   */
  grab(cell, place, event) {
    if (this.#lines !== undefined) return this.#lines.grab(cell, place, event);
    if (!event.shiftKey) return undefined;
    // What measures is loaded while the pointer is already on its way.
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
   * A server that is older than the page does not have them.
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
        "The server does not have that part of the page: it is older, or out of reach",
      );
    }
  }
}

/** Not every browser tells when it has nothing else to do. @param {() => void} action */
function whenIdle(action) {
  if ("requestIdleCallback" in globalThis) requestIdleCallback(action);
  else setTimeout(action, IDLE_MS);
}

/** @type {Promise<void> | undefined} */
let style;

/** The style of all extras comes with the first one. */
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
