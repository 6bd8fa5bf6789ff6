// Polls the server's health and activity.

/** @import { Server } from "./server.js" */
/** @import { Status } from "./status.js" */
/** @import { Activity } from "./timeline.js" */

/**
 * @typedef {object} ServerMonitorOptions
 * @property {Server} server
 * @property {Status} status
 * @property {() => boolean} isConnected
 * @property {(activity: Activity) => void} [sawActivity]
 */

const HEALTH_MS = 5_000;
const ACTIVITY_MS = 15_000;

export class ServerMonitor {
  #options;

  /** @param {ServerMonitorOptions} options */
  constructor(options) {
    this.#options = options;
    setInterval(() => void this.#checkHealth(), HEALTH_MS);
    setInterval(() => void this.#loadActivity(), ACTIVITY_MS);
  }

  /** Polls now, after a new connection or key. */
  look() {
    void this.#checkHealth();
    void this.#loadActivity();
  }

  get #isIdle() {
    return document.hidden || !this.#options.isConnected();
  }

  async #checkHealth() {
    if (this.#isIdle) return;
    const { server, status } = this.#options;
    const health = await server.health();
    if (Array.isArray(health?.feeds)) status.showHealth(health.feeds, server.roundTripMs);
  }

  async #loadActivity() {
    const { server, sawActivity } = this.#options;
    if (this.#isIdle || sawActivity === undefined) return;
    const activity = await server.ask("activity");
    if (Array.isArray(activity?.counts)) sawActivity(activity);
  }
}
