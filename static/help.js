// The panel that lists all keys.

import { make } from "./dom.js";
import { openPanel, section } from "./panels.js";

const POINTING = "Mouse and fingers";
/** @type {readonly (readonly [title: string, keys: readonly (readonly [string, string])[]])[]} */
const KEYS = [
  ["Everywhere", [
    ["Ctrl K", "Commands: symbols, intervals, layouts, export"],
    ["/", "Search symbols"],
    ["?", "This help"],
    ["Esc", "Close, or leave the search"],
  ]],
  ["Board", [
    ["↑ ↓", "Row up or down"],
    ["Page ↑ ↓", "A screen up or down"],
    ["Enter", "Show the row on the chart"],
    ["Alt ↑ ↓", "Move the row in your list"],
    ["Del", "Remove the row from your list"],
  ]],
  ["Chart", [
    ["← →", "Back and forth; with Shift farther"],
    ["+ −", "Zoom"],
    ["Home End", "To the beginning, to the present"],
    ["0", "Fit again; so does a double click"],
    ["Shift", "While dragging: measure change, time and bars"],
    ["H", "Horizontal line at the pointer"],
    ["T", "Trend line from the pointer, to the next click"],
    ["Del", "Remove the line that is chosen"],
  ]],
  [POINTING, [
    ["Drag", "Move; on an axis stretch it"],
    ["Wheel, pinch", "Zoom; with Shift move"],
    ["Drag a border", "Make a chart, or the board, larger"],
    ["Drag the timeline", "Rewind the market"],
  ]],
];

export function open() {
  const parts = KEYS.map(([title, keys]) =>
    section(
      title,
      make(
        "dl",
        {},
        ...keys.flatMap(([key, what]) => [
          make("dt", {}, ...(title === POINTING ? [key] : kbds(key))),
          make("dd", {}, what),
        ]),
      ),
    )
  );
  openPanel("help-panel", "Keys", make("div", { className: "keys" }, ...parts));
}

/** @param {string} keys pressed together, or alternatives */
function kbds(keys) {
  return keys.split(" ").flatMap((key) => [make("kbd", {}, key), " "]);
}
