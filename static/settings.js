// The user's settings for the page, stored in this browser.

import { setStyle } from "./format.js";
import { recallJson, remember, rememberJson } from "./storage.js";

/**
 * @typedef {object} Values
 * @property {string} zone a name of the IANA database; empty means the zone of this device
 * @property {boolean} isHour12
 * @property {boolean} isGrouped
 * @property {boolean} isFlashing whether cells flash when their value changes
 * @property {(typeof PALETTES)[number]} colors colours of up and down
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

/** Reads stored settings. Invalid values become the defaults. @param {unknown} kept @returns {Values} */
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

  /** @param {() => void} changed called when the page must write all texts again */
  constructor(changed) {
    this.#apply();
    this.#changed = changed;
  }

  get values() {
    return this.#values;
  }

  /** @param {Partial<Values>} change */
  set(change) {
    this.#values = { ...this.#values, ...change };
    rememberJson("settings", this.#values);
    this.#apply();
    this.#changed();
  }

  /** @param {string} theme dark, light, or system @returns whether the theme exists */
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
