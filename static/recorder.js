// The market as a recording: live, or at a moment of the past, from where it is played.

/** @import { Moment } from "./moment.js" */

/** So near the present, playing on is being live. */
const LIVE_MS = 250;

/**
 * @typedef {object} RecorderOptions
 * @property {() => number} now
 * @property {() => number} present the newest time that there can be
 * @property {(moment: Moment | undefined) => void} changed told of what is to be shown
 */

export class Recorder {
  #options;
  /** @type {Moment | undefined} */
  #moment;
  /** The speed that was chosen last. */
  #speed = 1;
  /** When by the clock which time was played. */
  #anchor = { time: 0, at: 0 };
  /** Newest time among what has been played. */
  #newest = -Infinity;

  /** @param {RecorderOptions} options */
  constructor(options) {
    this.#options = options;
  }

  get moment() {
    return this.#moment;
  }

  get isLive() {
    return this.#moment === undefined;
  }

  get isPlaying() {
    return this.#moment !== undefined && !this.#moment.isPaused;
  }

  get speed() {
    return this.#speed;
  }

  /** The time that is shown; `undefined` when it is the present. */
  get time() {
    if (this.#moment === undefined) return undefined;
    const { time, at } = this.#anchor;
    if (this.#moment.isPaused) return time;
    return Math.max(this.#newest, time + (this.#options.now() - at) * this.#moment.speed);
  }

  /** Shows the market at a time. What is not over yet is the present. @param {number} time */
  seek(time, isPaused = this.#moment?.isPaused ?? true) {
    if (time >= this.#options.present() - LIVE_MS) return this.live();
    this.#set({ time, speed: this.#speed, isPaused }, time);
  }

  /** Plays on from where it is, or stands still. */
  toggle() {
    if (this.#moment?.isPaused) this.play();
    else this.pause();
  }

  play() {
    const { time } = this;
    if (this.#moment === undefined || time === undefined) return;
    this.#set({ ...this.#moment, isPaused: false }, time);
  }

  /** Stands still; the present too can be stopped. */
  pause() {
    const { time } = this;
    if (this.#moment === undefined || time === undefined) {
      const present = this.#options.present();
      this.#set({ time: present, speed: this.#speed, isPaused: true }, present);
    } else {
      this.#set({ ...this.#moment, isPaused: true }, time);
    }
  }

  /** @param {number} speed */
  setSpeed(speed) {
    const { time } = this;
    this.#speed = speed;
    if (this.#moment !== undefined && time !== undefined) {
      this.#set({ ...this.#moment, speed }, time);
    }
  }

  /** Goes so far, and stands still there. @param {number} ms */
  step(ms) {
    this.seek((this.time ?? this.#options.present()) + ms, true);
  }

  /** All that is shown begins anew at the same time, because something else joins it. */
  rejoin() {
    const { time } = this;
    if (time !== undefined) this.seek(time);
  }

  live() {
    if (this.#moment === undefined) return;
    this.#moment = undefined;
    this.#options.changed(undefined);
  }

  /** Told of the newest time among rows that have just been played. @param {number} time */
  sawTime(time) {
    if (this.isPlaying && time > this.#newest) this.#newest = time;
  }

  /** To be called once per animation frame: what has been played up to the present is live. */
  tick() {
    const { time } = this;
    if (this.isPlaying && time !== undefined && time >= this.#options.present() - LIVE_MS) {
      this.live();
    }
  }

  /** @param {Moment} moment @param {number} time that is shown now */
  #set(moment, time) {
    this.#moment = { ...moment, shown: () => this.time };
    this.#anchor = { time, at: this.#options.now() };
    this.#newest = -Infinity;
    this.#options.changed(this.#moment);
  }
}
