// The recorder plays the market: live, or from a moment of the past.

/** @import { Playback } from "./playback.js" */

/** Playback this close to the present becomes live. */
const LIVE_MS = 250;

/**
 * @typedef {object} RecorderOptions
 * @property {() => number} now
 * @property {() => number} present the newest possible time
 * @property {(moment: Playback | undefined) => void} changed called with the moment to show
 */

export class Recorder {
  #options;
  /** @type {Playback | undefined} */
  #moment;
  /** The speed that the user has chosen last. */
  #speed = 1;
  /** A played time, and the clock time when it was played. */
  #anchor = { time: 0, at: 0 };
  /** The newest time of the played rows. */
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

  /** The shown time; `undefined` while live. */
  get time() {
    if (this.#moment === undefined) return undefined;
    const { time, at } = this.#anchor;
    if (this.#moment.isPaused) return time;
    return Math.max(this.#newest, time + (this.#options.now() - at) * this.#moment.speed);
  }

  /** Shows the market at a time. A time at or after the present means live. @param {number} time */
  seek(time, isPaused = this.#moment?.isPaused ?? true) {
    if (time >= this.#options.present() - LIVE_MS) return this.live();
    this.#set({ time, speed: this.#speed, isPaused }, time);
  }

  /** Plays from the shown time, or pauses. */
  toggle() {
    if (this.#moment?.isPaused) this.play();
    else this.pause();
  }

  play() {
    const { time } = this;
    if (this.#moment === undefined || time === undefined) return;
    this.#set({ ...this.#moment, isPaused: false }, time);
  }

  /** Pauses, also when live. */
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

  /** Moves by a time and pauses. @param {number} ms */
  step(ms) {
    this.seek((this.time ?? this.#options.present()) + ms, true);
  }

  /** Seeks the shown time again, because another stream has joined. */
  rejoin() {
    const { time } = this;
    if (time !== undefined) this.seek(time);
  }

  live() {
    if (this.#moment === undefined) return;
    this.#moment = undefined;
    this.#options.changed(undefined);
  }

  /** Takes the newest time of rows that have just been played. @param {number} time */
  sawTime(time) {
    if (this.isPlaying && time > this.#newest) this.#newest = time;
  }

  /** Call it once per animation frame. It goes live when playback reaches the present. */
  tick() {
    const { time } = this;
    if (this.isPlaying && time !== undefined && time >= this.#options.present() - LIVE_MS) {
      this.live();
    }
  }

  /** @param {Playback} moment @param {number} time shown now */
  #set(moment, time) {
    this.#moment = { ...moment, shown: () => this.time };
    this.#anchor = { time, at: this.#options.now() };
    this.#newest = -Infinity;
    this.#options.changed(this.#moment);
  }
}
