// The panel with the user's settings.

import { make } from "./dom.js";
import { check, choice, line, openPanel } from "./panels.js";
import { PALETTES } from "./settings.js";

/** @import { Page } from "./extras.js" */

/** @param {Page} page */
export function open({ settings, setTheme }) {
  const { values } = settings;
  const [set, { colors }] = [settings.set.bind(settings), values];
  const themes =
    /** @type {const} */ ([["system", "System"], ["light", "Light"], ["dark", "Dark"]]);
  const clocks = /** @type {const} */ ([["24", "24 h"], ["12", "12 h"]]);
  openPanel(
    "settings-panel",
    "Settings",
    line("Theme", choice("Theme", themes, settings.theme, setTheme)),
    line("Up and down", palettes(colors, (colors) => set({ colors }))),
    line("Time zone", zones(values.zone, (zone) => set({ zone }))),
    line(
      "Clock",
      choice(
        "Clock",
        clocks,
        values.isHour12 ? "12" : "24",
        (clock) => set({ isHour12: clock === "12" }),
      ),
    ),
    line(
      "Numbers",
      choice(
        "Numbers",
        [["grouped", "64,000.5"], ["plain", "64000.5"]],
        values.isGrouped ? "grouped" : "plain",
        (way) => set({ isGrouped: way === "grouped" }),
      ),
    ),
    line(
      "Board",
      check(
        "Cells flash when their value changes",
        values.isFlashing,
        (isFlashing) => set({ isFlashing }),
      ),
    ),
    make(
      "p",
      { className: "quiet" },
      "Stored in this browser. The page shows no motion if your system asks for less.",
    ),
  );
}

/** @param {string} chosen @param {(colors: (typeof PALETTES)[number]) => void} choose */
function palettes(chosen, choose) {
  const names = {
    "green-red": "Green, red",
    "red-green": "Red, green",
    "blue-orange": "Blue, orange",
  };
  const options = PALETTES.map((name) => /** @type {const} */ ([name, names[name]]));
  return choice("Colours for up and down", options, chosen, (name) => {
    const found = PALETTES.find((each) => each === name);
    if (found !== undefined) choose(found);
  });
}

/** @param {string} chosen @param {(zone: string) => void} choose */
function zones(chosen, choose) {
  const here = new Intl.DateTimeFormat("en-GB").resolvedOptions().timeZone;
  const names = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((name) => name !== "UTC")];
  const field = make("select", { ariaLabel: "Time zone" });
  field.append(new Option(`This device (${here})`, "", chosen === "", chosen === ""));
  for (const name of names) {
    const isChosen = name === chosen;
    field.append(new Option(name.replaceAll("_", " "), name, isChosen, isChosen));
  }
  field.addEventListener("change", () => choose(field.value));
  return field;
}
