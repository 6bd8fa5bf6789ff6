// The menu of the board: the user's lists, columns, density and tiles.

import { COLUMNS } from "./columns.js";
import { make } from "./dom.js";
import { button, check, choice as choiceField, openMenu, section } from "./panels.js";

/** @import { BoardChoice } from "./board_choice.js" */
/** @import { Extras, Page } from "./extras.js" */

/** Limits the suggestions: nobody reads a longer list. */
const KNOWN_MAX = 1_000;

/** @param {Page} page @param {Extras} extras */
export async function open(page, extras) {
  const opener = document.getElementById("board-menu");
  const lists = await extras.lists();
  if (opener === null || lists === undefined) return;
  const { choice } = lists;
  const fill = (/** @type {HTMLElement} */ menu, focused = "") => {
    const again = (/** @type {string} */ focused) => fill(menu, focused);
    menu.replaceChildren(
      listSection(page, choice, again),
      columnSection(lists.columns, choice),
      section(
        "Rows",
        choiceField(
          "Density",
          [["roomy", "Roomy"], ["dense", "Dense"]],
          choice.value.isDense ? "dense" : "roomy",
          (density) => choice.set({ isDense: density === "dense" }),
        ),
        check(
          "Tiles where there is room",
          choice.value.hasTiles,
          (hasTiles) => choice.set({ hasTiles }),
        ),
      ),
    );
    const field = focused === "" ? null : menu.querySelector(focused);
    if (field instanceof HTMLElement) field.focus();
  };
  openMenu(opener, "Board", fill);
}

/** @param {Page} page @param {BoardChoice} choice @param {(focused: string) => void} again */
function listSection({ board, cells, tell }, choice, again) {
  const { lists } = choice.value;
  const options = [
    /** @type {const} */ (["", "All symbols"]),
    ...lists.map(({ name }) => /** @type {const} */ ([name, name])),
  ];
  const radios = choiceField("List", options, choice.value.list, (list) => {
    choice.set({ list });
    again("input:checked");
  });
  radios.classList.add("lists");
  const create = entry("New list", "Name of a new list", (name) => {
    choice.add(name);
    again(".add-symbol input");
  });
  const part = section("List", radios, create);
  const { list } = choice;
  if (list === undefined) return part;
  const symbols = [...board.rows.keys()];
  const known = make("datalist", { id: "listable" });
  known.append(
    ...symbols.slice(0, KNOWN_MAX).map((value) => Object.assign(new Option(), { value })),
  );
  const put = (/** @type {string} */ wanted) => {
    const symbol = symbols.find((each) => each.toLowerCase() === wanted.toLowerCase());
    if (symbol === undefined) return tell(`Cannot add ${wanted}: the server has no such symbol`);
    choice.change((all) => [...all, symbol]);
    again(".add-symbol input");
  };
  const add = entry("Add a symbol", `Add a symbol to ${list.name}`, put);
  add.classList.add("add-symbol");
  add.querySelector("input")?.setAttribute("list", known.id);
  const { symbol } = cells.active.view;
  const isOn = list.symbols.includes(symbol);
  const shown = button(isOn ? `Take ${symbol} off` : `Add ${symbol}`, () => {
    if (!isOn) return put(symbol);
    choice.change((all) => all.filter((each) => each !== symbol));
    again(".add-symbol input");
  }, "plain");
  const remove = button("Delete this list", () => {
    choice.remove();
    again("input:checked");
  }, "plain");
  part.append(add, known, make("div", { className: "row-of" }, shown, remove));
  return part;
}

/** A text field with a button. @param {string} text @param {string} label @param {(value: string) => void} done */
function entry(text, label, done) {
  const input = make("input", {
    type: "text",
    placeholder: text,
    ariaLabel: label,
    maxLength: 255,
  });
  input.autocomplete = "off";
  const form = make(
    "form",
    { className: "entry" },
    input,
    make("button", { type: "submit" }, "Add"),
  );
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim() !== "") done(input.value.trim());
  });
  return form;
}

/** @param {readonly { name: string, title: string }[]} columns @param {BoardChoice} choice */
function columnSection(columns, choice) {
  const usual = COLUMNS.map(({ name }) => name);
  const shown = () => choice.value.columns.length === 0 ? usual : choice.value.columns;
  const checks = columns.filter(({ name }) => name !== "symbol").map(({ name, title }) =>
    check(title, shown().includes(name), (isShown) => {
      const names = isShown ? [...shown(), name] : shown().filter((each) => each !== name);
      // The default columns depend on the width of the board, so store no names for them.
      const isUsual = names.length === usual.length && usual.every((each) => names.includes(each));
      choice.set({
        columns: isUsual ? [] : ["symbol", ...names.filter((each) => each !== "symbol")],
      });
    })
  );
  return section("Columns", make("div", { className: "adds" }, ...checks));
}
