// The menu of the indicators, with their parameters and colours.

import { INDICATORS_MAX } from "./address.js";
import { make } from "./dom.js";
import { button, cross, openMenu, section } from "./panels.js";
import { COLORS } from "./indicator_layer.js";
import { KINDS, readIndicator, titleOf, writeIndicator } from "./indicator_kinds.js";

/** @import { Page } from "./extras.js" */
/** @import { Indicator } from "./indicator_kinds.js" */

/** @param {Page} page */
export function open({ cells, choose }) {
  const opener = document.getElementById("indicators");
  if (opener === null) return;
  const { colors } = cells.active.chart;
  const colorAt = (/** @type {number} */ place) =>
    hexOf(colors[COLORS[place % COLORS.length] ?? "accent"]);
  const fill = (/** @type {HTMLElement} */ menu) => {
    let shown = cells.active.view.indicators.flatMap((text) => readIndicator(text) ?? []);
    const change = (/** @type {readonly Indicator[]} */ wanted, /** @type {boolean} */ isAnew) => {
      shown = [...wanted];
      const indicators = [...new Set(wanted.map(writeIndicator))];
      choose({ indicators });
      if (isAnew) fill(menu);
    };
    const rows = shown.map((indicator, place) =>
      rowOf(indicator, colorAt(place), (edited) => {
        const rest = shown.toSpliced(place, 1, ...(edited === undefined ? [] : [edited]));
        change(rest, edited === undefined);
        if (edited === undefined) menu.querySelector("button")?.focus();
      })
    );
    const adds = KINDS.map((kind) => {
      const add = button(kind.title, () => {
        const fresh = readIndicator(kind.name);
        if (fresh === undefined) return;
        change([...shown, vary(fresh, shown)], true);
        menu.querySelector(`[data-kind="${kind.name}"]`)?.scrollIntoView({ block: "nearest" });
      }, "plain add");
      add.disabled = shown.length >= INDICATORS_MAX;
      return add;
    });
    menu.replaceChildren(
      ...(rows.length > 0 ? [section("Shown", ...rows)] : []),
      section("Add an indicator", make("div", { className: "adds" }, ...adds)),
    );
  };
  openMenu(opener, "Indicators", fill);
}

/** Changes the first parameter until the indicator differs from those on the chart. @param {Indicator} fresh @param {readonly Indicator[]} shown */
function vary(fresh, shown) {
  const known = new Set(shown.map(writeIndicator));
  let indicator = fresh;
  for (let turn = 2; known.has(writeIndicator(indicator)) && turn < 10; turn++) {
    const [first = 0, ...rest] = fresh.parameters;
    indicator = { ...fresh, parameters: [first * turn, ...rest].slice(0, fresh.parameters.length) };
  }
  return indicator;
}

/** @param {string} color such as `rgb(1, 2, 3)` */
function hexOf(color) {
  const parts = color.match(/\d+/g)?.slice(0, 3) ?? [];
  return `#${parts.map((part) => Number(part).toString(16).padStart(2, "0")).join("")}`;
}

/**
 * @param {Indicator} indicator
 * @param {string} usual default colour
 * @param {(wish: Indicator | undefined) => void} change
 */
function rowOf(indicator, usual, change) {
  let current = indicator;
  const { kind } = indicator;
  const row = make("div", { className: "indicator" });
  row.dataset["kind"] = kind.name;
  const fields = kind.parameters.map(({ title, min, max }, place) => {
    const field = make("input", {
      type: "number",
      min: String(min),
      max: String(max),
      step: title === "Deviations" ? "0.1" : "1",
      value: String(indicator.parameters[place]),
      ariaLabel: `${kind.title}: ${title}`,
      title,
    });
    field.addEventListener("change", () => {
      const value = Math.min(max, Math.max(min, Number(field.value) || min));
      field.value = String(value);
      current = { ...current, parameters: current.parameters.with(place, value) };
      change(current);
    });
    return field;
  });
  const color = make("input", {
    type: "color",
    value: indicator.color ?? usual,
    ariaLabel: `${kind.title}: colour`,
    title: "Colour",
  });
  color.addEventListener("change", () => {
    current = { ...current, color: color.value };
    change(current);
  });
  const remove = make("button", {
    type: "button",
    className: "icon",
    ariaLabel: `Remove ${titleOf(indicator)}`,
  }, cross());
  remove.addEventListener("click", () => change(undefined));
  row.append(make("span", {}, kind.title), ...fields, color, remove);
  return row;
}
