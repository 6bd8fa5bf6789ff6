// How somebody wants the page to look and to write, on this machine.

import { setStyle } from "./format.js";
import { recallJson, remember, rememberJson } from "./memory.js";

/**
 * @typedef {object} Values
 * @property {string} zone a name of the IANA database; empty is that of this device
 * @property {boolean} isHour12
 * @property {boolean} isGrouped
 * @property {boolean} isFlashing whether cells flash when their value changes
 * @property {(typeof PALETTES)[number]} colors for up and down
 */

export const PALETTES = /** @type {const} */ (["green-red", "red-green", "blue-orange"]);
/** @type {Values} */
const FIRST = {
  zone: "",
  isHour12: false,
  isGrouped: true,
  isFlashing: true,
  colors: "green-red",
};

/** Reads what was kept; what cannot be used is as it is at first. @param {unknown} kept @returns {Values} */
export function readSettings(kept) {
  const { zone, isHour12, isGrouped, isFlashing, colors } =
    /** @type {Record<keyof Values, unknown>} */ (Object(kept));
  const flag = (/** @type {unknown} */ value, /** @type {boolean} */ first) =>
    typeof value === "boolean" ? value : first;
  return {
    zone: typeof zone === "string" && isZone(zone) ? zone : FIRST.zone,
    isHour12: flag(isHour12, FIRST.isHour12),
    isGrouped: flag(isGrouped, FIRST.isGrouped),
    isFlashing: flag(isFlashing, FIRST.isFlashing),
    colors: PALETTES.find((each) => each === colors) ?? FIRST.colors,
  };
}

/** @param {string} name */
function isZone(name) {
  try {
    new Intl.DateTimeFormat("en-GB", name === "" ? {} : { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

export class Settings {
  #values = readSettings(recallJson("settings"));
  #changed;

  /** @param {() => void} changed told when all that is written has to be written anew */
  constructor(changed) {
    this.#apply();
    this.#changed = changed;
  }

  get values() {
    return this.#values;
  }

  /** @param {Partial<Values>} wish */
  set(wish) {
    this.#values = { ...this.#values, ...wish };
    rememberJson("settings", this.#values);
    this.#apply();
    this.#changed();
  }

  /** @param {string} theme dark, light, or that of the system @returns whether there is such a one */
  setTheme(theme) {
    const isSystem = theme === "system";
    if (theme !== "dark" && theme !== "light" && !isSystem) return false;
    const { dataset } = document.documentElement;
    if (isSystem) delete dataset["theme"];
    else dataset["theme"] = theme;
    remember("theme", isSystem ? "" : theme);
    this.#changed();
    return true;
  }

  get theme() {
    return document.documentElement.dataset["theme"] ?? "system";
  }

  #apply() {
    const { colors, isFlashing, ...style } = this.#values;
    setStyle(style);
    const { dataset } = document.documentElement;
    dataset["colors"] = colors;
    dataset["flash"] = isFlashing ? "on" : "off";
  }
}
