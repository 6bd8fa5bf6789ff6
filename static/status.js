// The status bar: the state of the connection, the server and its feeds.

import { element, show, write } from "./dom.js";
import { durationText } from "./format.js";

/** @import { State } from "./client.js" */

/** @typedef {{ name: string, state: string, error: string | null }} Feed */

const RATE_MS = 1_000;
const FAULT_MS = 20_000;
/** Close reasons of a planned end: the reason of 1012, or words of the protocol. */
const RESTARTS = /restart|drain|maintenance|shut/i;
const GARBLED = /does not speak tickwire's protocol|lost on the way/;

export class Status {
  #rate = { at: 0, updates: 0 };
  #state = "";
  /** A past error that stays visible for a while. */
  #fault = { text: "", at: -Infinity };

  /** @param {State} state @param {boolean} isReplay @param {number} now */
  showState(state, isReplay, now) {
    const kind = state.kind === "live" && isReplay ? "replay" : state.kind;
    const isRestarting = state.kind === "waiting" && RESTARTS.test(state.reason);
    document.body.dataset["state"] = isRestarting ? "draining" : kind;
    if (state.kind === "waiting" && GARBLED.test(state.reason)) {
      this.#fault = { text: state.reason, at: now };
    }
    show("retry", state.kind !== "connecting" && state.kind !== "live");
    this.#state = this.#stateText(state, isReplay, isRestarting);
    write("state", this.#state);
  }

  /** @param {State} state @param {boolean} isReplay @param {boolean} isRestarting */
  #stateText(state, isReplay, isRestarting) {
    switch (state.kind) {
      case "connecting":
        return "Connecting";
      case "live":
        return isReplay ? "Replay" : "Live";
      case "closed":
        return "Closed";
      case "refused":
        return `Refused: ${state.reason}`;
      case "waiting":
        return isRestarting ? "The server restarts" : `Offline: ${state.reason}`;
    }
  }

  /** Shows an error for a while. @param {string} text @param {number} now */
  tell(text, now) {
    this.#fault = { text, at: now };
  }

  /** Call it once per animation frame. @param {State} state @param {number} now @param {number} lagMs */
  tick(state, now, lagMs) {
    const isBehind = state.kind === "live" && lagMs > 0;
    const leftMs = state.kind === "waiting" ? Math.max(0, state.until - now) : 0;
    // Screen readers announce this text, so keep the countdown out of it.
    write("state", isBehind ? "Behind" : this.#state);
    const { dataset } = document.body;
    if (isBehind !== (dataset["state"] === "behind")) {
      dataset["state"] = isBehind ? "behind" : state.kind;
    }
    write(
      "countdown",
      state.kind === "waiting"
        ? `next try in ${Math.ceil(leftMs / 1_000)} s`
        : isBehind
        ? `by ${durationText(lagMs)}`
        : "",
    );
    write("fault", now - this.#fault.at < FAULT_MS ? this.#fault.text : "");
  }

  /** @param {number} updates so far @param {string} position @param {number} ageMs since the last message of the server @param {number} now */
  showRate(updates, position, ageMs, now) {
    const elapsedMs = now - this.#rate.at;
    if (elapsedMs < RATE_MS) return;
    const perSecond = Math.round((updates - this.#rate.updates) * 1_000 / elapsedMs);
    const isOld = ageMs >= RATE_MS;
    write(
      "rate",
      isOld
        ? `values ${durationText(ageMs)} old`
        : `${perSecond.toLocaleString("en-US")} updates/s`,
    );
    write("position", position);
    this.#rate = { at: now, updates };
  }

  /** @param {readonly Feed[]} feeds @param {number} roundTripMs */
  showHealth(feeds, roundTripMs) {
    write("latency", `${Math.max(1, Math.round(roundTripMs))} ms`);
    const bad = feeds.filter(({ state }) => state === "failed" || state === "paused");
    const target = element("feeds", HTMLElement);
    const count = (/** @type {number} */ n) => `${n} feed${n === 1 ? "" : "s"}`;
    target.className = bad.length > 0 ? "down" : "";
    target.title = feeds.map(({ name, state, error }) => `${name}: ${error ?? state}`).join("\n");
    const [first] = bad;
    write(
      "feeds",
      first !== undefined
        ? `${first.name.slice(0, 40)} ${first.state}`
        : feeds.length === 0
        ? "no feed"
        : feeds.every(({ state }) => state === "running")
        ? `${count(feeds.length)} running`
        : `${count(feeds.length)} ${feeds[0]?.state ?? ""}`,
    );
  }
}
