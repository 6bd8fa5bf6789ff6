// The symbols on the chart: the leading one, and those that are compared with it.

import { Track } from "./track.js";

/** @import { Interval } from "./interval.js" */
/** @import { Moment } from "./moment.js" */
/** @import { TrackOptions } from "./track.js" */

export class Tracks {
  #options;
  /** @type {readonly Track[]} */
  #tracks = [];
  /** Rows of tracks that were closed. */
  #updatesBefore = 0;

  /** @param {TrackOptions} options */
  constructor(options) {
    this.#options = options;
  }

  /** @returns {Track | undefined} */
  get lead() {
    return this.#tracks[0];
  }

  get all() {
    return this.#tracks;
  }

  get updates() {
    return this.#tracks.reduce((sum, { updates }) => sum + updates, this.#updatesBefore);
  }

  /**
   * Shows these symbols; those that are shown already stay as they are.
   * @param {readonly string[]} symbols
   * @param {Interval} interval
   * @param {Moment | undefined} moment
   */
  choose(symbols, interval, moment) {
    const kept = this.#tracks.filter((track) =>
      track.interval === interval && symbols.includes(track.symbol)
    );
    for (const track of this.#tracks) {
      if (kept.includes(track)) continue;
      this.#updatesBefore += track.updates;
      track.close();
    }
    this.#tracks = symbols.map((symbol) =>
      kept.find((track) => track.symbol === symbol) ??
        new Track(symbol, interval, this.#options, moment)
    );
  }

  /** Shows the market as it was, or live again. @param {Moment | undefined} moment */
  show(moment) {
    for (const track of this.#tracks) track.show(moment);
  }

  /** Loads what is older of those whose history begins after the time. @param {number} time */
  reach(time) {
    for (const track of this.#tracks) {
      const oldest = track.series.at("time", 0);
      if (oldest !== undefined && oldest > time) void track.loadOlder();
    }
  }
}
