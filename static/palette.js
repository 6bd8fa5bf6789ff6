// The command palette (Ctrl K): finds all commands by their text.

import { INDICATORS_MAX, LOOKS, SCALES } from "./address.js";
import { make } from "./dom.js";
import { KINDS } from "./indicator_kinds.js";
import { INTERVALS, isInterval } from "./interval.js";
import { COUNTS, evenLayout } from "./layout.js";

/** @import { Extras, Page } from "./extras.js" */
/** @import { Lists } from "./lists.js" */

/** @typedef {{ text: string, group: string, hint?: string, run: () => void }} Command */

const SHOWN_MAX = 60;
/** A shorter word must match the start of a word. */
const INNER_MIN = 3;

/** @param {Page} page @param {Extras} extras */
export async function open(page, extras) {
  const lists = await extras.lists();
  if (document.querySelector("#palette-panel") !== null) return;
  const commands = [...commandsOf(page, extras), ...listCommands(lists), ...symbolCommands(page)];
  const input = make("input", {
    type: "text",
    placeholder: "Symbol, interval, layout, command",
    autocomplete: "off",
    spellcheck: false,
    role: "combobox",
    ariaLabel: "Command",
    ariaExpanded: "true",
  });
  const list = make("ul", { id: "palette-list", role: "listbox", ariaLabel: "Commands" });
  input.setAttribute("aria-controls", list.id);
  const panel = make("dialog", { id: "palette-panel", ariaLabel: "Commands" }, input, list);
  /** @type {readonly Command[]} */
  let found = [];
  let chosen = 0;
  const mark = (/** @type {number} */ place) => {
    chosen = Math.max(0, Math.min(found.length - 1, place));
    [...list.children].forEach((item, index) => item.ariaSelected = String(index === chosen));
    list.children[chosen]?.scrollIntoView({ block: "nearest" });
    if (found.length > 0) input.setAttribute("aria-activedescendant", `command-${chosen}`);
    else input.removeAttribute("aria-activedescendant");
  };
  const run = (/** @type {number} */ place) => {
    panel.close();
    found[place]?.run();
  };
  const search = () => {
    found = findCommands(commands, input.value);
    const items = found.map(({ text, group, hint = "" }, index) => {
      const quiet = make("small", {}, [group, hint].filter(Boolean).join(" · "));
      const item = make(
        "li",
        { id: `command-${index}`, role: "option" },
        make("span", {}, text),
        quiet,
      );
      item.addEventListener("click", () => run(index));
      item.addEventListener("pointermove", () => index !== chosen && mark(index));
      return item;
    });
    list.replaceChildren(...items);
    if (items.length === 0) {
      const item = make(
        "li",
        { role: "option", ariaDisabled: "true" },
        "No command or symbol matches",
      );
      list.append(item);
    }
    mark(0);
  };
  input.addEventListener("input", search);
  input.addEventListener("keydown", ({ key }) => {
    if (key === "ArrowDown") mark(chosen + 1);
    else if (key === "ArrowUp") mark(chosen - 1);
    else if (key === "Enter") run(chosen);
  });
  panel.addEventListener("click", (event) => event.target === panel && panel.close());
  panel.addEventListener("close", () => panel.remove());
  document.body.append(panel);
  search();
  panel.showModal();
  input.focus();
}

/** @param {string} text */
function partsOf(text) {
  return text.split(/[^\p{L}\p{N}]+/u);
}

/**
 * The commands that contain all typed words. Commands that start with them come first.
 * @param {readonly Command[]} commands
 * @param {string} text
 */
export function findCommands(commands, text) {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== "");
  const rankOf = (/** @type {Command} */ { text, group, hint = "" }) => {
    const [name, about] = [text.toLowerCase(), hint.toLowerCase()];
    const parts = partsOf(`${name} ${about} ${group.toLowerCase()}`);
    // A word of few letters is part of nearly every text, so it must match a start.
    const isMeant = (/** @type {string} */ word) =>
      parts.some((part) => part.startsWith(word)) ||
      (word.length >= INNER_MIN && (name.includes(word) || about.includes(word)));
    if (!words.every(isMeant)) return 0;
    const [first = ""] = words;
    if (name === words.join(" ")) return 4;
    if (name.startsWith(first)) return 3;
    return partsOf(name).some((part) => part.startsWith(first)) ? 2 : 1;
  };
  return commands.map((command, place) => ({ command, place, rank: rankOf(command) }))
    .filter(({ rank }) => rank > 0)
    .sort((a, b) => b.rank - a.rank || a.place - b.place)
    .slice(0, SHOWN_MAX).map(({ command }) => command);
}

/** @param {Page} page @param {Extras} extras @returns {Command[]} */
function commandsOf(page, extras) {
  const { choose, setTheme, cells, tell } = page;
  const press = (/** @type {string} */ id) => () => document.getElementById(id)?.click();
  const scales = { auto: "Automatic", linear: "Linear", log: "Logarithmic", percent: "Per cent" };
  return [
    ...COUNTS.map((count) =>
      command(
        "Layout",
        count === 1 ? "1 chart" : `${count} charts`,
        () => cells.arrange({ ...evenLayout(count), links: cells.layout.links }),
      )
    ),
    ...LOOKS.map((look) =>
      command("Look", look.replace(/^./, (letter) => letter.toUpperCase()), () => choose({ look }))
    ),
    ...SCALES.map((scale) => command("Scale", scales[scale], () => choose({ scale }))),
    ...["dark", "light", "system"].map((theme) =>
      command("Theme", theme.replace(/^./, (letter) => letter.toUpperCase()), () => setTheme(theme))
    ),
    command("Export", "Save the chart as PNG", press("png")),
    command("Export", "Save the chart as CSV", press("csv")),
    command("Export", "Save the board as CSV", press("board-csv")),
    command("Share", "Copy link", () => void copyLink(tell)),
    command("Recorder", "Live", press("live")),
    command("Page", "Settings", () => void extras.open("settings")),
    command("Page", "Help: all keys", () => void extras.open("help"), "?"),
    ...Object.keys(INTERVALS).filter(isInterval).map((interval) =>
      command("Interval", interval === "tick" ? "Ticks" : interval, () => choose({ interval }))
    ),
    ...KINDS.map(({ name, title, short }) =>
      command("Indicator", title, () => {
        const { indicators } = cells.active.view;
        choose({ indicators: [...new Set([...indicators, name])].slice(0, INDICATORS_MAX) });
      }, short)
    ),
  ];
}

/** @type {(group: string, text: string, run: () => void, hint?: string) => Command} */
function command(group, text, run, hint = "") {
  return { group, text, run, hint };
}

/** All symbols, those of the board first and in its order. @param {Page} page @returns {Command[]} */
function symbolCommands({ grid, board, choose }) {
  const symbols = [...new Set([...grid.order.symbols, ...board.rows.keys()])];
  return symbols.map((symbol) =>
    command("Symbol", symbol, () => choose({ symbol }), board.rows.get(symbol)?.name ?? "")
  );
}

/** @param {Lists | undefined} lists @returns {Command[]} */
function listCommands(lists) {
  const { choice } = lists ?? {};
  if (choice === undefined || choice.value.lists.length === 0) return [];
  const show = (/** @type {string} */ list) => () => choice.set({ list });
  return [
    command("List", "All symbols", show("")),
    ...choice.value.lists.map(({ name }) => command("List", name, show(name))),
  ];
}

/** @param {(text: string) => void} tell */
async function copyLink(tell) {
  try {
    await navigator.clipboard.writeText(location.href);
    tell("The link is copied");
  } catch {
    tell("Cannot copy the link: the browser does not allow it. It is in the address bar");
  }
}
