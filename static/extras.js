// What is loaded when somebody uses it: menus, palette, help, lists, indicators, lines.

import { onClick } from "./dom.js";
import { recall } from "./memory.js";

/** @import { Board } from "./board.js" */
/** @import { Cell, Wish } from "./cell.js" */
/** @import { Cells } from "./cells.js" */
/** @import { Grip, Place } from "./gestures.js" */
/** @import { Grid } from "./grid.js" */
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
 * @property {(text: string) => void} tell says what went wrong
 */

/** Each is a module of its own; the first word says when. */
const MODULES = {
  settings: () => import("./settings_panel.js"),
  palette: () => import("./palette.js"),
  help: () => import("./help.js"),
  hints: () => import("./hints.js"),
};

/** @typedef {keyof typeof MODULES} Name */

export class Extras {
  #page;

  /** @param {Page} page */
  constructor(page) {
    this.#page = page;
    if (page.isBareChart) return;
    onClick("commands", () => void this.open("palette"));
    onClick("help", () => void this.open("help"));
    onClick("settings", () => void this.open("settings"));
    document.addEventListener("keydown", (event) => this.#pressed(event));
    if (recall("hints") === "") requestIdleCallback(() => void this.open("hints"));
  }

  /** @param {KeyboardEvent} event */
  #pressed(event) {
    const { key, target, ctrlKey, metaKey, altKey } = event;
    const isTyping = target instanceof HTMLInputElement && target.type !== "radio";
    if ((ctrlKey || metaKey) && key.toLowerCase() === "k") void this.open("palette");
    else if (key === "?" && !isTyping && !ctrlKey && !metaKey && !altKey) void this.open("help");
    else return;
    event.preventDefault();
  }

  /** Opens what has a place of its own. @param {Name} name */
  async open(name) {
    const module = await this.#load(name);
    module?.open(this.#page, this);
  }

  /** Charts, or what they show, are others than before. */
  changed() {}

  /** To be called once per animation frame. @param {ReadonlySet<string>} changed symbols @param {number} now */
  draw(changed, now) {}

  /**
   * A press of the pointer on a chart may be for a line or for a measure.
   * @param {Cell} cell
   * @param {Place} place
   * @param {PointerEvent} event
   * @returns {Grip | undefined}
   */
  grab(cell, place, event) {
    return undefined;
  }

  /**
   * A server that is older than the page does not have them.
   * @template {Name} T
   * @param {T} name
   * @returns {Promise<Awaited<ReturnType<(typeof MODULES)[T]>> | undefined>}
   */
  async #load(name) {
    try {
      await loadStyle();
      return /** @type {Awaited<ReturnType<(typeof MODULES)[T]>>} */ (await MODULES[name]());
    } catch {
      this.#page.tell(`Cannot open ${name}: the server does not have it. Reload the page`);
    }
  }
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
