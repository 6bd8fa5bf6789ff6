// All members of a room see the same symbol, range and moment.

import { backoff, OPENING_MS_MAX } from "./client.js";
import { whyRefused } from "./refusal.js";

/** @import { View } from "./address.js" */

/**
 * A member's message: its name, and the newest view of the room that it knows. Any one message tells a
 * newcomer everything, so the server stores nothing.
 * @typedef {object} Message
 * @property {string} id
 * @property {string} name
 * @property {boolean} follows
 * @property {number} moved number of the view, counted by the room
 * @property {string} by id of the member who has chosen the view
 * @property {Shared | undefined} view
 */

/** @typedef {View & { isPaused: boolean, speed: number }} Shared */

/** @typedef {{ id: string, name: string, follows: boolean, isLeading: boolean, isMe: boolean }} Member */

/**
 * @typedef {object} RoomOptions
 * @property {() => string} url
 * @property {string} id
 * @property {string} name
 * @property {new (url: string) => WebSocket} WebSocket
 * @property {() => number} now
 * @property {(view: Shared) => void} adopt called when another member has chosen a view
 */

const TELL_MS = 5_000;
const LISTEN_MS = 400;
const MEMBER_MS_MAX = 12_000;
const MEMBERS_MAX = 100;
const NAME_CHARS_MAX = 32;
/** A dragging member sends at most this often. */
const MOVE_MS = 100;

export class Room {
  #options;
  #name;
  #follows = true;
  /** @type {{ moved: number, by: string, view: Shared | undefined }} */
  #known = { moved: 0, by: "", view: undefined };
  /** @type {Map<string, { message: Message, at: number }>} */
  #members = new Map();
  /** @type {WebSocket | undefined} */
  #socket;
  #attempt = 0;
  #openAt = 0;
  /** A newcomer listens first, because the room's view replaces the view that the page came with. */
  #isSettled = false;
  #joinedAt = Infinity;
  /** @type {Shared | undefined} */
  #brought;
  #toldAt = -Infinity;
  #isDue = false;
  /** Why the server refuses this key; empty without a refusal. */
  refusal = "";
  version = 0;

  /** @param {RoomOptions} options */
  constructor(options) {
    this.#options = options;
    this.#name = options.name;
  }

  get isJoined() {
    return this.#socket?.readyState === 1;
  }

  get follows() {
    return this.#follows;
  }

  set follows(follows) {
    this.#follows = follows;
    const { view } = this.#known;
    if (follows && view !== undefined) this.#options.adopt(view);
    this.#tellSoon();
  }

  /** @param {string} name */
  set name(name) {
    this.#name = name;
    this.#tellSoon();
  }

  /** @returns {Member[]} */
  get members() {
    const { id } = this.#options;
    const { by } = this.#known;
    const me = { id, name: this.#name, follows: this.#follows, isLeading: by === id, isMe: true };
    const others = [...this.#members.values()].map(({ message }) => ({
      id: message.id,
      name: message.name,
      follows: message.follows,
      isLeading: message.id === by,
      isMe: false,
    }));
    return [me, ...others];
  }

  /**
   * Shares a view and makes this member the leader. A member who does not follow keeps the view private.
   * @param {Shared} view
   */
  moved(view) {
    if (!this.#follows) return;
    if (!this.#isSettled) return void (this.#brought = view);
    this.#known = { moved: this.#known.moved + 1, by: this.#options.id, view };
    this.#tellSoon();
  }

  /** Sends due messages and removes silent members. Call it often. */
  tick() {
    const now = this.#options.now();
    if (this.#socket === undefined && now >= this.#openAt) this.#open();
    for (const [id, { at }] of this.#members) {
      if (now - at <= MEMBER_MS_MAX) continue;
      this.#members.delete(id);
      this.version++;
    }
    if (!this.#isSettled && now - this.#joinedAt >= LISTEN_MS) this.#settle();
    if (!this.#isSettled) return;
    if (this.#isDue ? now - this.#toldAt >= MOVE_MS : now - this.#toldAt >= TELL_MS) this.#tell();
  }

  /** Tries again at once, perhaps with another key. */
  retry() {
    this.#openAt = 0;
  }

  #open() {
    const { url, WebSocket, now } = this.#options;
    const address = url();
    let hasOpened = false;
    const socket = this.#socket = new WebSocket(address);
    socket.addEventListener("open", () => {
      hasOpened = true;
      this.refusal = "";
      this.#attempt = 0;
      this.#joinedAt = now();
      this.version++;
      this.#tellSoon();
    });
    socket.addEventListener("message", ({ data }) => this.#receive(data));
    socket.addEventListener("close", () => {
      this.#socket = undefined;
      this.#joinedAt = Infinity;
      this.#members.clear();
      this.#openAt = now() + 1_000 + backoff(this.#attempt++);
      this.version++;
      if (!hasOpened) void this.#ask(address);
    });
  }

  /** Asks why the socket did not open, and stops trying after a final refusal. @param {string} address */
  async #ask(address) {
    const { isFinal, reason } = await whyRefused(address, AbortSignal.timeout(OPENING_MS_MAX));
    const isOver = this.#socket !== undefined || address !== this.#options.url();
    if (!isFinal || isOver) return;
    this.#openAt = Infinity;
    this.refusal = reason;
    this.version++;
  }

  /** Ends listening, and shares the view that the page came with. */
  #settle() {
    this.#isSettled = true;
    if (this.#brought !== undefined) this.moved(this.#brought);
  }

  #tellSoon() {
    this.#isDue = true;
    this.version++;
  }

  #tell() {
    if (!this.isJoined) return;
    this.#isDue = false;
    this.#toldAt = this.#options.now();
    const { id } = this.#options;
    const message = { id, name: this.#name, follows: this.#follows, ...this.#known };
    this.#socket?.send(JSON.stringify(message));
  }

  /** @param {unknown} data */
  #receive(data) {
    const message = readMessage(data);
    if (message === undefined || message.id === this.#options.id) return;
    if (this.#members.size >= MEMBERS_MAX && !this.#members.has(message.id)) return;
    // Answer a new member at once.
    if (!this.#members.has(message.id)) this.#isDue = true;
    this.#members.set(message.id, { message, at: this.#options.now() });
    this.version++;
    const { moved, by, view } = message;
    if (view !== undefined) this.#isSettled = true;
    const isNewer = moved > this.#known.moved ||
      (moved === this.#known.moved && by > this.#known.by);
    if (!isNewer || view === undefined) return;
    this.#known = { moved, by, view };
    if (this.#follows) this.#options.adopt(view);
  }
}

/** @param {unknown} data @returns {Message | undefined} */
function readMessage(data) {
  try {
    const { id, name, follows, moved, by, view } = JSON.parse(String(data));
    if (typeof id !== "string" || typeof by !== "string" || !Number.isSafeInteger(moved)) return;
    if (id.length > NAME_CHARS_MAX || typeof name !== "string") return;
    const isView = typeof view?.symbol === "string" && typeof view.range === "object";
    return {
      id,
      name: name.slice(0, NAME_CHARS_MAX),
      follows: follows === true,
      moved,
      by,
      view: isView ? view : undefined,
    };
  } catch {
    return undefined;
  }
}
