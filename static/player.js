// The buttons of the recorder.

import { choiceOf } from "./dom.js";
import { dayTimeText } from "./format.js";

/** @import { Recorder } from "./recorder.js" */

/**
 * @typedef {object} PlayerOptions
 * @property {HTMLElement} host contains the buttons
 * @property {() => Recorder} recorder
 * @property {() => number} stepMs
 * @property {() => void} used called when the user operates the recorder
 */

export class Player {
  #options;
  #play;
  #live;
  #clock;
  #showSpeed;
  #shown = "";

  /** @param {PlayerOptions} options */
  constructor(options) {
    this.#options = options;
    const { host, recorder, stepMs, used } = options;
    this.#play = button(host, "play", () => recorder().toggle(), used);
    this.#live = button(host, "live", () => recorder().live(), used);
    button(host, "back", () => recorder().step(-stepMs()), used);
    button(host, "forward", () => recorder().step(stepMs()), used);
    this.#clock = /** @type {HTMLElement} */ (host.querySelector("#clock"));
    this.#showSpeed = choiceOf("speeds", (speed) => {
      recorder().setSpeed(Number(speed));
      used();
    });
  }

  /** Writes all texts again, because their format has changed. */
  touch() {
    this.#shown = "";
  }

  /** @param {number} time */
  show(time) {
    const { isLive, isPlaying, speed } = this.#options.recorder();
    const shown = [Math.floor(time / 1_000), isLive, isPlaying, speed].join(" ");
    if (shown === this.#shown) return;
    this.#shown = shown;
    const text = dayTimeText(time);
    // A small screen has no room for the day, so the style can hide it.
    const split = text.lastIndexOf(" ") + 1;
    const [day, hour] = this.#clock.children;
    if (day !== undefined) day.textContent = text.slice(0, split);
    if (hour !== undefined) hour.textContent = text.slice(split);
    const moves = isLive || isPlaying;
    this.#play.dataset["shows"] = moves ? "pause" : "play";
    this.#play.ariaLabel = moves ? "Pause" : "Play";
    this.#live.ariaPressed = String(isLive);
    this.#showSpeed(String(speed));
  }
}

/**
 * @param {HTMLElement} host
 * @param {string} id
 * @param {() => void} action
 * @param {() => void} used
 */
function button(host, id, action, used) {
  const found = host.querySelector(`#${id}`);
  if (!(found instanceof HTMLButtonElement)) {
    throw new TypeError(`Cannot build the recorder: it has no button #${id}`);
  }
  found.addEventListener("click", () => {
    action();
    used();
  });
  return found;
}
