// The user's choice for the board: lists, columns and density. The browser stores it.

import { recallJson, rememberJson } from "./storage.js";

/** @typedef {{ readonly name: string, readonly symbols: readonly string[] }} List */

/**
 * @typedef {object} Choice
 * @property {readonly List[]} lists
 * @property {string} list name of the list that is shown; empty shows all symbols
 * @property {readonly string[]} columns by name; empty shows the default columns
 * @property {boolean} isDense
 * @property {boolean} hasTiles
 */

const LISTS_MAX = 50;
const SYMBOLS_MAX = 1_000;
const NAME_MAX = 40;
const SYMBOL_MAX = 255;

/** Reads a stored choice. Invalid values become the defaults. @param {unknown} kept @returns {Choice} */
export function readChoice(kept) {
  const { lists, list, columns, isDense, hasTiles } = Object(kept);
  const known = (Array.isArray(lists) ? lists : []).flatMap((each) => readList(each) ?? []);
  const named = new Map(known.map((each) => [each.name, each]));
  return {
    lists: [...named.values()].slice(0, LISTS_MAX),
    list: named.has(list) ? list : "",
    columns: strings(columns),
    isDense: isDense === true,
    hasTiles: hasTiles !== false,
  };
}

/** @param {unknown} value @returns {string[]} */
function strings(value) {
  return Array.isArray(value) ? value.filter((each) => typeof each === "string") : [];
}

/** @param {unknown} value @returns {List | undefined} */
function readList(value) {
  const { name, symbols } = Object(value);
  if (typeof name !== "string" || name.trim() === "") return undefined;
  const known = strings(symbols).filter((each) => each !== "" && each.length <= SYMBOL_MAX);
  return { name: name.slice(0, NAME_MAX), symbols: [...new Set(known)].slice(0, SYMBOLS_MAX) };
}

export class BoardChoice {
  #choice = readChoice(recallJson("board"));
  #changed;

  /** @param {() => void} changed */
  constructor(changed) {
    this.#changed = changed;
  }

  get value() {
    return this.#choice;
  }

  /** The user's list that is shown. @returns {List | undefined} */
  get list() {
    return this.#choice.lists.find(({ name }) => name === this.#choice.list);
  }

  /** @param {Partial<Choice>} change */
  set(change) {
    this.#choice = readChoice({ ...this.#choice, ...change });
    rememberJson("board", this.#choice);
    this.#changed();
  }

  /** Adds a list with this name, or shows the list that already has it. @param {string} name */
  add(name) {
    const trimmed = name.trim().slice(0, NAME_MAX);
    if (trimmed === "") return;
    const { lists } = this.#choice;
    const isKnown = lists.some((each) => each.name === trimmed);
    this.set({
      list: trimmed,
      lists: isKnown ? lists : [...lists, { name: trimmed, symbols: [] }],
    });
  }

  /** Removes the list that is shown. */
  remove() {
    const { lists, list } = this.#choice;
    this.set({ list: "", lists: lists.filter(({ name }) => name !== list) });
  }

  /** Replaces the symbols of the list that is shown. @param {(symbols: readonly string[]) => readonly string[]} change */
  change(change) {
    const { list } = this;
    if (list === undefined) return;
    const lists = this.#choice.lists.map((each) =>
      each === list ? { ...each, symbols: change(each.symbols) } : each
    );
    this.set({ lists });
  }
}

/** Moves a symbol before another one, or to the end. @param {readonly string[]} symbols @param {string} symbol @param {string | undefined} before */
export function moveBefore(symbols, symbol, before) {
  if (symbol === before) return symbols;
  const rest = symbols.filter((each) => each !== symbol);
  const place = before === undefined ? rest.length : rest.indexOf(before);
  return rest.toSpliced(place < 0 ? rest.length : place, 0, symbol);
}
