// Fields for panels and menus, and the panels and menus themselves.

import { make } from "./dom.js";

/**
 * Opens a modal panel. Escape or a click outside closes it.
 * @param {string} id
 * @param {string} title
 * @param {(Node | string)[]} children
 */
export function openPanel(id, title, ...children) {
  document.querySelector("dialog.panel")?.remove();
  const close = make("button", { type: "button", className: "icon", ariaLabel: "Close" }, cross());
  const heading = make("h2", { id: `${id}-title` }, title);
  const panel = make(
    "dialog",
    { id, className: "panel" },
    make("header", {}, heading, close),
    ...children,
  );
  panel.setAttribute("aria-labelledby", heading.id);
  close.addEventListener("click", () => panel.close());
  panel.addEventListener("click", (event) => event.target === panel && panel.close());
  panel.addEventListener("close", () => panel.remove());
  document.body.append(panel);
  panel.showModal();
  return panel;
}

/**
 * Opens a menu below a button. Escape or a click outside closes it.
 * @param {HTMLElement} button
 * @param {string} title
 * @param {(menu: HTMLElement) => void} fill writes the content; the caller may run it again
 */
export function openMenu(button, title, fill) {
  const before = document.querySelector(".menu");
  before?.remove();
  if (before instanceof HTMLElement && before.dataset["of"] === button.id) return undefined;
  const menu = make("div", { className: "menu", role: "dialog", ariaLabel: title });
  menu.dataset["of"] = button.id;
  menu.popover = "auto";
  fill(menu);
  document.body.append(menu);
  button.ariaExpanded = "true";
  menu.addEventListener("toggle", (event) => {
    if (/** @type {ToggleEvent} */ (event).newState === "open") return;
    button.ariaExpanded = "false";
    // Wait for the click on the button: it must find the menu, or it would open it again.
    setTimeout(() => menu.remove(), 0);
  });
  menu.showPopover();
  const { left, bottom } = button.getBoundingClientRect();
  const { offsetWidth, offsetHeight } = menu;
  menu.style.left = `${Math.max(8, Math.min(left, innerWidth - offsetWidth - 8))}px`;
  menu.style.top = `${Math.max(8, Math.min(bottom + 4, innerHeight - offsetHeight - 8))}px`;
  const first = menu.querySelector("input:checked, input, select, button");
  if (first instanceof HTMLElement) first.focus();
  return menu;
}

/** @param {string} title @param {(Node | string)[]} children */
export function section(title, ...children) {
  return make("section", { ariaLabel: title }, make("h3", {}, title), ...children);
}

let fieldCount = 0;

/**
 * A group of radio buttons.
 * @param {string} title
 * @param {readonly (readonly [value: string, text: string])[]} options
 * @param {string} chosen
 * @param {(value: string) => void} choose
 */
export function choice(title, options, chosen, choose) {
  const name = `field-${fieldCount++}`;
  const group = make("div", { className: "choice", role: "radiogroup", ariaLabel: title });
  for (const [value, text] of options) {
    const input = make("input", { type: "radio", name, value, checked: value === chosen });
    input.addEventListener("change", () => choose(value));
    group.append(make("label", {}, input, text));
  }
  return group;
}

/** @param {string} text @param {boolean} checked @param {(checked: boolean) => void} choose */
export function check(text, checked, choose) {
  const input = make("input", { type: "checkbox", checked });
  input.addEventListener("change", () => choose(input.checked));
  return make("label", { className: "check" }, input, text);
}

/** @param {string} text @param {() => void} action @param {string} [className] */
export function button(text, action, className = "") {
  const made = make("button", { type: "button", className }, text);
  made.addEventListener("click", action);
  return made;
}

/** A line of a panel: a label and a field. @param {string} title @param {Node} field */
export function line(title, field) {
  return make("div", { className: "field" }, make("span", {}, title), field);
}

/** The icon of buttons that close or remove. */
export function cross() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", "M5 5l10 10M15 5L5 15");
  svg.append(path);
  return svg;
}
