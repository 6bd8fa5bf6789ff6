// The buttons of the recorder.

import { dayTimeText } from "./format.js";
import { SPEEDS } from "./recorder.js";

/** @import { Recorder } from "./recorder.js" */

/**
 * @typedef {object} PlayerOptions
 * @property {HTMLElement} host with the buttons
 * @property {Recorder} recorder
 * @property {() => number} stepMs
 * @property {() => void} used somebody has taken the recorder in hand
 */

export class Player {
  #options;
  #play;
  #live;
  #clock;
  /** @type {HTMLInputElement[]} */
  #speeds = [];
  #shown = "";

  /** @param {PlayerOptions} options */
  constructor(options) {
    this.#options = options;
    const { host, recorder, stepMs, used } = options;
    this.#play = button(host, "play", () => recorder.toggle(), used);
    this.#live = button(host, "live", () => recorder.live(), used);
    button(host, "back", () => recorder.step(-stepMs()), used);
    button(host, "forward", () => recorder.step(stepMs()), used);
    this.#clock = /** @type {HTMLElement} */ (host.querySelector("#clock"));
    const speeds = host.querySelector("#speeds");
    for (const speed of SPEEDS) {
      const label = document.createElement("label");
      const input = document.createElement("input");
      input.type = "radio";
      input.name = "speed";
      input.value = String(speed);
      input.addEventListener("change", () => {
        recorder.setSpeed(speed);
        used();
      });
      label.append(input, `${speed}×`);
      speeds?.append(label);
      this.#speeds.push(input);
    }
  }

  /** @param {number} time */
  show(time) {
    const { recorder } = this.#options;
    const { isLive, isPlaying, speed } = recorder;
    const text = dayTimeText(time);
    const shown = [text, isLive, isPlaying, speed].join(" ");
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#clock.textContent = text;
    const moves = isLive || isPlaying;
    this.#play.dataset["shows"] = moves ? "pause" : "play";
    this.#play.ariaLabel = moves ? "Pause" : "Play";
    this.#live.ariaPressed = String(isLive);
    for (const input of this.#speeds) input.checked = Number(input.value) === speed;
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
