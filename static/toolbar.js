// Buttons and fields of the page. They report the user's wishes and show the current view.

import { COMPARED_MAX, LOOKS } from "./address.js";
import { PART_COLORS } from "./chart.js";
import { choiceOf, element, onClick, show, write } from "./dom.js";
import { isInterval } from "./interval.js";

/** @import { View } from "./address.js" */
/** @import { ViewChange } from "./cell.js" */

/**
 * @typedef {object} ControlsOptions
 * @property {(wish: ViewChange) => void} choose
 * @property {() => Iterable<string>} symbols
 * @property {() => void} retry
 * @property {(theme: "dark" | "light") => void} setTheme
 * @property {(key: string) => void} setKey
 * @property {(text: string) => void} search
 * @property {() => void} toGrid moves the focus to the grid
 * @property {() => string | undefined} found the first symbol that matches the search
 */

const KNOWN_MAX = 1_000;

export class Toolbar {
  #options;
  #showInterval;
  #showLook;
  /** @type {readonly string[]} */
  #compared = [];

  /** @param {ControlsOptions} options */
  constructor(options) {
    this.#options = options;
    const { choose, retry } = options;
    this.#showInterval = choiceOf("intervals", (interval) => {
      if (isInterval(interval)) choose({ interval });
    });
    this.#showLook = choiceOf("looks", (name) => {
      const look = LOOKS.find((each) => each === name);
      if (look !== undefined) choose({ look });
    });
    onClick("retry", retry);
    this.#buildTheme();
    this.#buildCompare();
    this.#buildSearch();
    this.#buildViews();
    element("key-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      options.setKey(element("key", HTMLInputElement).value.trim());
    });
  }

  /** @param {Pick<View, "symbol" | "interval" | "look" | "compare">} view */
  show({ interval, look, compare }) {
    this.#showInterval(interval);
    this.#showLook(look);
    this.#compared = compare;
    const chips = compare.map((symbol, place) => {
      const chip = document.createElement("button");
      chip.type = "button";
      chip.className = `part ${PART_COLORS[place + 1] ?? ""}`;
      chip.textContent = `${symbol} ×`;
      chip.title = symbol;
      chip.ariaLabel = `Remove ${symbol} from the comparison`;
      chip.addEventListener("click", () => {
        this.#options.choose({ compare: compare.filter((each) => each !== symbol) });
        element("compare", HTMLInputElement).focus();
      });
      return chip;
    });
    element("compared", HTMLElement).replaceChildren(...chips);
    element("compare", HTMLInputElement).disabled = compare.length >= COMPARED_MAX;
  }

  #buildTheme() {
    const prefersLight = matchMedia("(prefers-color-scheme: light)");
    onClick("theme", () => {
      const { theme } = document.documentElement.dataset;
      const isLight = theme === undefined ? prefersLight.matches : theme === "light";
      this.#options.setTheme(isLight ? "dark" : "light");
    });
  }

  #buildCompare() {
    const input = element("compare", HTMLInputElement);
    const list = element("known", HTMLElement);
    input.addEventListener("focus", () => {
      const names = [...this.#options.symbols()].slice(0, KNOWN_MAX);
      list.replaceChildren(...names.map((value) => Object.assign(new Option(), { value })));
    });
    const add = () => {
      const wanted = input.value.trim().toLowerCase();
      const symbol = [...this.#options.symbols()].find((each) => each.toLowerCase() === wanted);
      input.setCustomValidity(symbol === undefined && wanted !== "" ? "No such symbol" : "");
      if (symbol === undefined) return input.reportValidity();
      input.value = "";
      this.#options.choose({ compare: [...new Set([...this.#compared, symbol])] });
    };
    input.addEventListener("change", add);
    input.addEventListener("input", () => input.setCustomValidity(""));
  }

  #buildSearch() {
    const input = element("search", HTMLInputElement);
    const { search, found, toGrid, choose } = this.#options;
    input.addEventListener("input", () => search(input.value));
    input.addEventListener("keydown", (event) => {
      if (event.key === "ArrowDown") toGrid();
      else if (event.key === "Escape") {
        input.value = "";
        search("");
        toGrid();
      } else if (event.key === "Enter") {
        const symbol = found();
        if (symbol !== undefined) choose({ symbol });
      } else return;
      event.preventDefault();
    });
    document.addEventListener("keydown", (event) => {
      const isTyping = event.target instanceof HTMLInputElement && event.target.type !== "radio";
      if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      showView("board");
      input.focus();
      input.select();
    });
  }

  #buildViews() {
    onClick("view-board", () => showView("board"));
    onClick("view-chart", () => showView("chart"));
  }
}

/** Shows one view; a small screen has no room for both. @param {"board" | "chart"} view */
export function showView(view) {
  document.body.dataset["view"] = view;
  element("view-board", HTMLElement).ariaPressed = String(view === "board");
  element("view-chart", HTMLElement).ariaPressed = String(view === "chart");
}

/** Shows why the server refuses, with a field for another key. @param {string} refusal */
export function showRefusal(refusal) {
  const isShown = refusal !== "";
  const key = element("key", HTMLInputElement);
  const isNew = isShown && element("refused", HTMLElement).hidden;
  show("refused", isShown);
  if (isShown) write("refusal", refusal);
  if (isNew) key.focus();
}

/** Writes commands that send ticks to this server. @param {string} root */
export function writeCommands(root) {
  const json = `-d '{"symbol":"DEMO","price":1.5}'`;
  write("command", `curl -H 'content-type: application/json' ${json} ${root}ticks`);
  write("command-file", `curl -H 'content-type: text/csv' --data-binary @ticks.csv ${root}ticks`);
  write("command-feed", "npm start -- --feed 'synthetic:?rate=100'");
}
