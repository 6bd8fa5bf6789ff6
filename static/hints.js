// Shows four hints on the first visit, one after the other, in the head of the page.

import { make } from "./dom.js";
import { button, cross } from "./panels.js";
import { remember } from "./storage.js";

const KEYS = [
  "Ctrl K finds symbols, intervals and commands",
  "Drag the timeline below to rewind the market",
  "Drag on the chart with Shift to measure",
  "Press ? to see all keys",
];
const FINGERS = [
  "Tap a symbol to see its chart",
  "Two fingers zoom, one moves",
  "Drag the timeline to rewind",
  "Indicators and lines are above the chart",
];

export function open() {
  // Count the hints as seen now, even if the user leaves before the last one.
  remember("hints", "seen");
  const hints = matchMedia("(pointer: coarse)").matches ? FINGERS : KEYS;
  const text = make("span", {});
  const host = make("aside", { className: "hints", ariaLabel: "Hints" }, text);
  let place = -1;
  const next = button("Next", () => {
    place++;
    text.textContent = hints[place] ?? "";
    next.textContent = place === hints.length - 1 ? "Done" : `Next ${place + 1}/${hints.length}`;
    if (place >= hints.length) host.remove();
  }, "plain");
  const close = make("button", { type: "button", className: "icon", ariaLabel: "Close the hints" });
  close.append(cross());
  close.addEventListener("click", () => host.remove());
  host.append(next, close);
  next.click();
  document.querySelector(".top h1")?.after(host);
}
