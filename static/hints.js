// What a first visit is told, once: four hints, one after the other, in the head of the page.

import { make } from "./dom.js";
import { button, cross } from "./fields.js";
import { remember } from "./memory.js";

const HINTS = [
  "Ctrl K finds symbols, intervals and commands",
  "Drag the timeline below to rewind the market",
  "Drag on the chart with Shift to measure",
  "Press ? to see all keys",
];

export function open() {
  // Whoever leaves now has seen them too.
  remember("hints", "seen");
  const text = make("span", {});
  const host = make("aside", { className: "hints", ariaLabel: "Hints" }, text);
  let place = -1;
  const next = button("Next", () => {
    place++;
    text.textContent = HINTS[place] ?? "";
    next.textContent = place === HINTS.length - 1 ? "Done" : `Next ${place + 1}/${HINTS.length}`;
    if (place >= HINTS.length) host.remove();
  }, "plain");
  const close = make("button", { type: "button", className: "icon", ariaLabel: "Close the hints" });
  close.append(cross());
  close.addEventListener("click", () => host.remove());
  host.append(next, close);
  next.click();
  document.querySelector(".top h1")?.after(host);
}
