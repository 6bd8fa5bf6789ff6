// The symbols on the charts. Each chart has a leading one and compared ones.

import { SymbolHistory } from "./symbol_history.js";

/** @import { Interval } from "./interval.js" */
/** @import { Playback } from "./playback.js" */
/** @import { SymbolHistoryOptions } from "./symbol_history.js" */

/**
 * The histories that charts with the same moment share, because a connection takes each subscription only
 * once.
 */
export class SymbolHistoryPool {
  #options;
  /** @type {Map<SymbolHistory, number>} */
  #users = new Map();
  /** Rows of closed tracks. */
  #updatesBefore = 0;

  /** @param {SymbolHistoryOptions} options */
  constructor(options) {
    this.#options = options;
  }

  get updates() {
    return [...this.#users.keys()].reduce((sum, { updates }) => sum + updates, this.#updatesBefore);
  }

  /** @param {string} symbol @param {Interval} interval @param {Playback | undefined} moment */
  take(symbol, interval, moment) {
    const known = [...this.#users.keys()].find((track) =>
      track.symbol === symbol && track.interval === interval
    );
    const track = known ?? new SymbolHistory(symbol, interval, this.#options, moment);
    this.#users.set(track, (this.#users.get(track) ?? 0) + 1);
    return track;
  }

  /** Returns a track, and closes it after its last user. @param {SymbolHistory} track */
  give(track) {
    const users = (this.#users.get(track) ?? 0) - 1;
    if (users > 0) return void this.#users.set(track, users);
    this.#users.delete(track);
    this.#updatesBefore += track.updates;
    track.close();
  }

  /** Shows the market at a moment, or live without one. @param {Playback | undefined} moment */
  show(moment) {
    for (const track of this.#users.keys()) track.show(moment);
  }
}

export class SymbolHistories {
  #pool;
  /** @type {readonly SymbolHistory[]} */
  #tracks = [];

  /** @param {SymbolHistoryPool} pool */
  constructor(pool) {
    this.#pool = pool;
  }

  /** @returns {SymbolHistory | undefined} */
  get lead() {
    return this.#tracks[0];
  }

  get all() {
    return this.#tracks;
  }

  /**
   * Shows these symbols. Tracks that stay are not loaded again.
   * @param {readonly string[]} symbols
   * @param {Interval} interval
   * @param {Playback | undefined} moment
   */
  choose(symbols, interval, moment) {
    const before = this.#tracks;
    this.#tracks = symbols.map((symbol) => this.#pool.take(symbol, interval, moment));
    for (const track of before) this.#pool.give(track);
  }

  /** Loads older history for tracks that start after the time. @param {number} time */
  reach(time) {
    for (const track of this.#tracks) {
      const oldest = track.series.at("time", 0);
      if (oldest !== undefined && oldest > time) void track.loadOlder();
    }
  }
}
