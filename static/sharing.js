// Shares the view: writes it to the address and sends it to the room.

import { queryText, readView, writeView } from "./address.js";
import { recall, remember } from "./storage.js";
import { MemberList } from "./member_list.js";
import { Room } from "./room.js";

/** @import { Shared } from "./room.js" */
/** @import { Server } from "./server.js" */

/**
 * @typedef {object} SharingOptions
 * @property {URLSearchParams} query of the address
 * @property {Server} server
 * @property {() => Shared} view the shown view
 * @property {(query: URLSearchParams) => void} write writes the view into the query
 * @property {(view: Shared) => void} adopt shows the view of another member
 * @property {() => number} now
 * @property {() => number} random
 */

const ADDRESS_MS = 300;
const ROOM = /^[A-Za-z0-9._][A-Za-z0-9._-]{0,254}$/;

export class Sharing {
  #options;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #isAdopting = false;
  /** Whether the room has not been told of a change yet. */
  #isDue = false;
  /** @type {Room | undefined} */
  #room;
  /** @type {MemberList | undefined} */
  #members;

  /** @param {SharingOptions} options */
  constructor(options) {
    this.#options = options;
    const { query, server, now, random } = options;
    const name = query.get("room") ?? "";
    if (!ROOM.test(name)) return;
    const id = Math.floor(random() * 36 ** 10).toString(36);
    this.#room = new Room({
      url: () => server.socketUrl(`rooms/${name}`),
      id,
      name: recall("name") || `Guest ${id.slice(0, 3).toUpperCase()}`,
      WebSocket: globalThis.WebSocket,
      now,
      adopt: (view) => this.#adopt(view),
    });
    this.#members = new MemberList(name, this.#room, (name) => remember("name", name));
  }

  get room() {
    return this.#room;
  }

  /**
   * Call it after the user has changed the view. The room is told once per frame: a choice has
   * several effects, and a second message would undo what another member has done since the first.
   */
  changed() {
    if (!this.#isAdopting) this.#isDue = true;
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const { query, write } = this.#options;
      write(query);
      history.replaceState(null, "", `${location.pathname}${queryText(query)}`);
    }, ADDRESS_MS);
  }

  /** Call it once per animation frame. */
  tick() {
    if (this.#isDue) this.#room?.moved(this.#options.view());
    this.#isDue = false;
    this.#room?.tick();
    this.#members?.draw();
  }

  /** Reads a received view in the same way as an address, which ignores values that are not valid. @param {Shared} shared */
  #adopt(shared) {
    const query = new URLSearchParams();
    try {
      writeView(query, shared);
    } catch {
      return;
    }
    this.#isAdopting = true;
    const speed = Number(shared.speed);
    this.#options.adopt({ ...readView(query), speed, isPaused: shared.isPaused !== false });
    this.#isAdopting = false;
    this.#isDue = false;
  }
}
