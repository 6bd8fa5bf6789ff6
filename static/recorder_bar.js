// The controls of the recorder: its buttons and its timeline.

import { element } from "./dom.js";
import { Player } from "./player.js";
import { Timeline } from "./timeline.js";

/** @import { Colors } from "./paint.js" */
/** @import { Recorder } from "./recorder.js" */
/** @import { Activity } from "./timeline.js" */

/**
 * @typedef {object} RecorderBarOptions
 * @property {() => Recorder} recorder the recorder of the active chart
 * @property {() => number} stepMs
 * @property {() => void} used called when the user operates the recorder
 */

export class RecorderBar {
  #options;
  #player;
  #timeline;

  /** @param {RecorderBarOptions} options */
  constructor(options) {
    this.#options = options;
    const { recorder, used } = options;
    this.#player = new Player({ host: element("recorder", HTMLElement), ...options });
    const host = element("timeline", HTMLElement);
    this.#timeline = new Timeline({
      host,
      canvas: /** @type {HTMLCanvasElement} */ (host.querySelector("canvas")),
      seek(time) {
        recorder().seek(time, true);
        used();
      },
      live() {
        recorder().live();
        used();
      },
    });
  }

  /** @param {Activity} activity */
  set activity(activity) {
    this.#timeline.activity = activity;
  }

  /** Writes all texts again, because their format has changed. */
  touch() {
    this.#player.touch();
    this.#timeline.touch();
  }

  /** Call it once per animation frame. @param {number} present @param {Colors} colors */
  draw(present, colors) {
    const recorder = this.#options.recorder();
    const time = recorder.time ?? present;
    this.#player.show(time);
    this.#timeline.draw(time, present, recorder.isLive, colors);
  }
}
