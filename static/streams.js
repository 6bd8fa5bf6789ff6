// The streams of a client: they send and receive the native protocol on the connection of client.js.

import { epochOf, isPosition, Newest, RowReader, seqOf, withSpeed } from "./frames.js";

/** @import { Clock } from "./client.js" */
/** @import { Frame, Handlers, Stream, StreamRequest, Update } from "./frames.js" */

/** @typedef {{ kind: "joined", sub: string, seq: number, reader: RowReader, at: number }} Joined */

/**
 * A stream. `updates` holds the updates without an answer, the next one first.
 * @typedef {object} Entry
 * @property {StreamRequest} request
 * @property {Handlers} handlers
 * @property {{ kind: "wanted" } | Joined | { kind: "over" }} stage
 * @property {string | undefined} position
 * @property {Update[]} updates
 * @property {boolean} isPaused
 */

/**
 * @typedef {{ kind: "unsubscribe", sub: string }
 *   | { kind: "subscribe", entry: Entry, from: string | number | undefined }
 *   | { kind: "update", entry: Entry, stage: Joined, update: Update }} Command
 */

/**
 * @typedef {object} StreamsOptions
 * @property {Clock} clock
 * @property {(text: string) => void} send
 * @property {(reason: string) => void} giveUp ends the connection, so that the client reconnects
 */

/** Data that is missing so soon after joining would be missing again, so the client reconnects. */
const JOINED_MS_MIN = 1_000;

export class Streams {
  /** @type {StreamsOptions} */
  #options;
  #isOpen = false;
  /** @type {Set<Entry>} */
  #entries = new Set();
  /** @type {Map<string, Entry>} */
  #joined = new Map();
  /** Subscriptions to end on the server. @type {Set<string>} */
  #left = new Set();
  /**
   * The one command without an answer. A second must wait: an error about too many commands does not say
   * which one failed, and only the answer to `subscribe` gives the name that `unsubscribe` needs.
   * @type {{ id: number, command: Command } | undefined}
   */
  #said;
  #id = 0;
  #newest = new Newest();

  /** @param {StreamsOptions} options */
  constructor(options) {
    this.#options = options;
  }

  get position() {
    return this.#newest.position;
  }

  /**
   * @param {StreamRequest} request
   * @param {Handlers} handlers
   * @returns {Stream}
   */
  open(request, handlers) {
    const { from } = request;
    /** @type {Entry} */
    const entry = {
      request,
      handlers,
      stage: { kind: "wanted" },
      position: isPosition(from) ? from : undefined,
      updates: [],
      isPaused: false,
    };
    this.#entries.add(entry);
    this.#sayNext();
    return {
      get position() {
        return entry.position;
      },
      update: (update) => {
        entry.updates.push(update);
        this.#sayNext();
      },
      close: () => {
        this.#entries.delete(entry);
        this.#leave(entry);
        entry.stage = { kind: "over" };
        this.#sayNext();
      },
    };
  }

  /** Call it when a connection has opened. */
  opened() {
    this.#isOpen = true;
    this.#sayNext();
  }

  /** Call it when the connection has closed. All streams must join again. */
  closed() {
    this.#isOpen = false;
    this.#said = undefined;
    this.#joined.clear();
    this.#left.clear();
    for (const entry of this.#entries) entry.stage = { kind: "wanted" };
  }

  /** @param {Frame} frame */
  receive(frame) {
    this.#newest.saw(frame.seq);
    switch (frame.op) {
      case "data":
        return this.#data(frame);
      case "corrected":
        return this.#joined.get(frame.sub)?.handlers.onCorrected?.(frame);
      case "symbols":
        return stageOf(this.#joined.get(frame.sub))?.reader.add(frame.add);
      case "subscribed":
        return frame.id === undefined ? this.#begunAnew(frame) : this.#answered(frame);
      case "updated":
      case "unsubscribed":
        return this.#answered(frame);
      case "error":
        return this.#refused(frame);
    }
  }

  #sayNext() {
    if (!this.#isOpen || this.#said !== undefined) return;
    const command = this.#nextCommand();
    if (command === undefined) return;
    this.#said = { id: ++this.#id, command };
    this.#options.send(JSON.stringify({ ...fieldsOf(command), id: this.#id }));
  }

  /** @returns {Command | undefined} */
  #nextCommand() {
    for (const sub of this.#left) return { kind: "unsubscribe", sub };
    for (const entry of this.#entries) {
      const { stage, updates: [update], isPaused, request, position } = entry;
      if (stage.kind === "joined" && update !== undefined) {
        return { kind: "update", entry, stage, update };
      }
      if (stage.kind === "wanted" && !(isPaused && update === undefined)) {
        return { kind: "subscribe", entry, from: position ?? request.from };
      }
    }
  }

  /** @param {Frame} frame */
  #answered(frame) {
    const said = this.#said;
    if (said === undefined || said.id !== frame.id) return;
    this.#said = undefined;
    const { command } = said;
    let tell;
    if (command.kind === "subscribe") tell = this.#subscribed(command, frame);
    else if (command.kind === "update") tell = this.#updated(command, frame);
    else this.#left.delete(command.sub);
    // Call the handler last, because it may throw.
    this.#sayNext();
    tell?.();
  }

  /**
   * @param {Command & { kind: "subscribe" }} command
   * @param {Frame} frame
   */
  #subscribed({ entry, from }, frame) {
    if (!this.#entries.has(entry)) return void this.#left.add(frame.sub);
    this.#join(entry, frame);
    if (entry.isPaused) entry.updates.unshift({ pause: true });
    const resumed = isPosition(from) && frame.recovered;
    return () => entry.handlers.onReply?.({ ...frame, op: "subscribed", resumed });
  }

  /** The server dropped frames of a slow client and started the subscription again. @param {Frame} frame */
  #begunAnew(frame) {
    const entry = this.#joined.get(frame.sub);
    if (entry === undefined) return;
    this.#join(entry, frame);
    entry.handlers.onReply?.({ ...frame, op: "subscribed", resumed: false });
  }

  /**
   * @param {Entry} entry
   * @param {Frame} frame
   */
  #join(entry, frame) {
    const { sub, position } = frame;
    this.#newest.sawPosition(position);
    this.#joined.set(sub, entry);
    const [seq, at] = [seqOf(position), this.#options.clock.now()];
    entry.stage = { kind: "joined", sub, seq, reader: new RowReader(frame), at };
    entry.position = position;
    entry.request = withSpeed(entry.request, frame.granted?.["speed"]);
  }

  /**
   * @param {Command & { kind: "update" }} command
   * @param {Frame} frame
   */
  #updated({ entry, stage, update }, frame) {
    const { sub, position, symbols } = frame;
    // The entry was closed or lost data meanwhile. A lost update is sent again.
    if (entry.stage !== stage) {
      return void (this.#left.delete(stage.sub) && this.#left.add(sub));
    }
    entry.updates.shift();
    const { seek, every, speed = entry.request.speed, resume, pause } = update;
    // Only a replay has a position here and a speed.
    entry.request = withSpeed(entry.request, position === undefined ? undefined : speed);
    if (every !== undefined) entry.request = { ...entry.request, every };
    entry.isPaused = pause ?? (resume === undefined ? entry.isPaused : !resume);
    this.#joined.delete(stage.sub);
    this.#joined.set(sub, entry);
    stage.sub = sub;
    if (symbols !== undefined) stage.reader.restart(symbols, frame.snapshot);
    if (position !== undefined) stage.seq = seqOf(position);
    entry.position = position ?? entry.position;
    const { unknown = [], snapshot = [] } = frame;
    const told = { position: entry.position ?? "", symbols: symbols ?? [], unknown, snapshot };
    const went = { resumed: seek === undefined, recovered: true };
    return () => entry.handlers.onReply?.({ op: "updated", ...went, ...told });
  }

  /** @param {Frame} frame */
  #refused({ id, code, message, retryAfter }) {
    const said = this.#said;
    // An error without an id is about a frame that the server could not read: the only one sent.
    if (said === undefined || (id !== undefined && id !== said.id)) return;
    if (retryAfter !== undefined) {
      this.#options.clock.after(retryAfter, () => {
        if (this.#said !== said) return;
        this.#said = undefined;
        this.#sayNext();
      });
      return;
    }
    this.#said = undefined;
    const { command } = said;
    if (command.kind === "unsubscribe") this.#left.delete(command.sub);
    else if (command.kind === "update") command.entry.updates.shift();
    else command.entry.stage = { kind: "over" };
    this.#sayNext();
    if (command.kind === "unsubscribe" || !this.#entries.has(command.entry)) return;
    command.entry.handlers.onError?.({ code, message });
  }

  /** @param {Frame} frame */
  #data(frame) {
    const { sub, prev, seq, rows } = frame;
    const entry = this.#joined.get(sub);
    const stage = stageOf(entry);
    if (entry === undefined || stage === undefined) return;
    if (prev !== stage.seq) return this.#mend(entry, stage, prev);
    stage.seq = seq;
    entry.position = `${epochOf(entry.position ?? "")}:${seq}`;
    entry.handlers.onRows(stage.reader.read(rows), frame);
  }

  /**
   * Data is missing: joins again at the last good position.
   * @param {Entry} entry
   * @param {Joined} stage
   * @param {number} found
   */
  #mend(entry, { seq, at }, found) {
    if (this.#options.clock.now() - at < JOINED_MS_MIN) {
      this.#options.giveUp("Data was lost on the way");
    } else {
      this.#leave(entry);
      entry.stage = { kind: "wanted" };
      this.#sayNext();
    }
    entry.handlers.onGap?.({ expected: seq, found });
  }

  /** @param {Entry} entry */
  #leave(entry) {
    const stage = stageOf(entry);
    if (stage !== undefined && this.#joined.delete(stage.sub)) {
      this.#left.add(stage.sub);
    }
  }
}

/** @param {Entry | undefined} entry */
function stageOf(entry) {
  return entry?.stage.kind === "joined" ? entry.stage : undefined;
}

/** @param {Command} command */
function fieldsOf(command) {
  const { kind: op } = command;
  if (op === "unsubscribe") return { op, sub: command.sub };
  if (op === "update") return { op, sub: command.stage.sub, ...command.update };
  return { op, format: "columns", ...command.entry.request, from: command.from };
}
