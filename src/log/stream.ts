/**
 * One JetStream stream of NATS as a durable sequence of messages:
 * https://docs.nats.io/nats-concepts/jetstream, https://github.com/nats-io/nats.js
 */
import type { JetStreamClient, JetStreamManager, StreamInfo } from "@nats-io/jetstream";
import type { KV, KvEntry } from "@nats-io/kv";
import type { NatsConnection } from "@nats-io/transport-node";
import { backoff } from "../core/backoff.ts";
import { LogUnavailable, TapeError, TapeFull } from "../store/tape_error.ts";
import { connectTo } from "./nats.ts";
import { natsFaultOf } from "./nats_error.ts";
import type { StreamSpec } from "./stream_spec.ts";

/** The clock, chance and logger that a stream uses. */
export interface StreamWorld {
  now(): number;
  elapsed(): number;
  random(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  info(message: string): void;
  warn(message: string): void;
}

export interface StreamOptions extends StreamWorld {
  readonly spec: StreamSpec;
  /** Maximum age of messages. */
  readonly ageMs: number;
}

/** A message of the stream. */
export interface StreamMessage {
  readonly seq: number;
  readonly data: Uint8Array;
  /** Number of messages after it. */
  readonly pending: number;
}

/** The description that marks a stream of this program. */
const DESCRIPTION = "tickwire log 1";
const NANOS_PER_MS = 1e6;
const REQUEST_MS = 2_000, RETRY_MS_MAX = 1_000, HEARTBEAT_MS = 1_000;
/** How long a write waits for a server that is down. */
const PATIENCE_MS = 5_000;
const MESSAGES_AHEAD = 256;
/** How long the server keeps message ids to detect duplicates. */
const DUPLICATES_MS = 120_000;

/** An open stream of this program. */
export class LogStream {
  readonly name: string;
  readonly subject: string;
  readonly connection: NatsConnection;
  /** The identity of the stream. A new stream with the same name has another id. */
  readonly id: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Number of servers that store each message. */
  readonly replicas: number;
  readonly #client: JetStreamClient;
  readonly #manager: JetStreamManager;
  readonly #world: StreamWorld;
  #reconnects = 0;
  #isConnected = true;
  #isClosed = false;

  private constructor(
    options: StreamOptions,
    connection: NatsConnection,
    parts: { client: JetStreamClient; manager: JetStreamManager; info: StreamInfo },
  ) {
    const { config, created, state } = parts.info;
    this.name = config.name;
    this.subject = subjectOf(options.spec.stream);
    this.connection = connection;
    this.id = `${config.name} ${created}`;
    this.firstSeq = Math.max(1, state.first_seq);
    this.lastSeq = state.last_seq;
    this.replicas = config.num_replicas;
    this.#client = parts.client;
    this.#manager = parts.manager;
    this.#world = options;
    void this.#watchConnection();
  }

  /**
   * Connects and finds or creates the stream. Waits for servers that are down.
   * @throws {TapeError} if the stream belongs to another program or cannot be used
   */
  static async open(options: StreamOptions): Promise<LogStream> {
    const { spec } = options;
    const connection = await connectTo(options.spec, options);
    try {
      // Loaded here because the default log does not need it.
      const { jetstream, jetstreamManager } = await import("@nats-io/jetstream");
      const manager = await jetstreamManager(connection, { timeout: PATIENCE_MS });
      const info = await findOrMake(manager, options);
      return new LogStream(options, connection, { client: jetstream(connection), manager, info });
    } catch (cause) {
      await connection.close();
      throw cause instanceof TapeError ? cause : refused(spec, cause);
    }
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  get reconnects(): number {
    return this.#reconnects;
  }

  /**
   * Adds a message. Retries with the same id do not add it twice.
   * @param patient whether to retry without a time limit
   * @returns its seq
   * @throws {LogUnavailable} {TapeFull} {TapeError}
   */
  async publish(id: string, data: Uint8Array, patient = false): Promise<number> {
    const { elapsed, random, sleep } = this.#world;
    const until = elapsed() + (patient ? Infinity : PATIENCE_MS);
    for (let attempt = 0;; attempt++) {
      try {
        const options = { msgID: id, timeout: REQUEST_MS, retries: 0 };
        const expect = { streamName: this.name };
        const ack = await this.#client.publish(this.subject, data, { ...options, expect });
        return ack.seq;
      } catch (cause) {
        const error = toError(this.name, cause);
        if (this.#isClosed || !(error instanceof LogUnavailable) || elapsed() >= until) throw error;
        await sleep(backoff(attempt, random, RETRY_MS_MAX));
      }
    }
  }

  /**
   * Reads the messages from a seq on, and new ones until the stream is closed.
   * @param receive is awaited before the next message is read
   */
  async read(
    from: number,
    receive: (message: StreamMessage) => Promise<void> | void,
  ): Promise<void> {
    const { random, sleep, warn } = this.#world;
    let next = from;
    let told = "";
    for (let attempt = 0; !this.#isClosed; attempt++) {
      try {
        const options = { opt_start_seq: next, inactive_threshold: 60_000 };
        const consumer = await this.#client.consumers.get(this.name, options);
        const messages = await consumer.consume({
          max_messages: MESSAGES_AHEAD,
          idle_heartbeat: HEARTBEAT_MS,
          expires: 5_000,
        });
        for await (const { seq, data, info } of messages) {
          told = "";
          attempt = 0;
          if (this.#isClosed) return;
          next = seq + 1;
          await receive({ seq, data, pending: info.pending });
        }
      } catch (cause) {
        if (cause instanceof TapeError) throw cause;
        const { message } = toError(this.name, cause);
        if (message !== told && !this.#isClosed) warn(`${message}; trying again`);
        told = message;
      }
      await sleep(backoff(attempt, random, RETRY_MS_MAX));
    }
  }

  /**
   * @returns the present seqs of the stream; `undefined` if it cannot be reached
   * @throws {TapeError} if the stream was deleted or replaced
   */
  async look(): Promise<{ firstSeq: number; lastSeq: number } | undefined> {
    try {
      const { created, state } = await this.#manager.streams.info(this.name);
      if (`${this.name} ${created}` !== this.id) throw gone(this.name, "was created again");
      return { firstSeq: Math.max(1, state.first_seq), lastSeq: state.last_seq };
    } catch (cause) {
      if (cause instanceof TapeError) throw cause;
      if (natsFaultOf(cause) === "missing") throw gone(this.name, "was deleted");
      return undefined;
    }
  }

  /**
   * Reads a counter that all users of the stream share; it starts at 0.
   * @param from increments the counter if it still has this value
   */
  async counter(bucket: string, name: string, from?: number): Promise<number> {
    const { values, entry } = await this.#valueOf(bucket, name);
    const value = Number(entry?.string() ?? 0);
    if (value !== from) return value;
    const next = String(value + 1);
    const written = entry ? values.update(name, next, entry.revision) : values.create(name, next);
    await written.catch((error: unknown) => {
      // Another process has incremented it.
      if (natsFaultOf(error) !== "conflict") throw toError(this.name, error);
    });
    return await this.counter(bucket, name);
  }

  async #valueOf(bucket: string, name: string): Promise<{ values: KV; entry: KvEntry | null }> {
    try {
      const values = await this.bucket(bucket);
      return { values, entry: await values.get(name) };
    } catch (cause) {
      throw toError(this.name, cause);
    }
  }

  /** Opens a bucket that all users of the stream share. @param ageMs lifetime; 0: unlimited */
  async bucket(name: string, ageMs = 0): Promise<KV> {
    const { Kvm } = await import("@nats-io/kv");
    const options = { replicas: this.replicas, ttl: ageMs, history: 1 };
    return await new Kvm(this.connection).create(`${this.name}_${name}`, options);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.connection.close();
  }

  async #watchConnection(): Promise<void> {
    const { info, warn } = this.#world;
    for await (const { type } of this.connection.status()) {
      if (type === "disconnect") {
        if (this.#isConnected) warn("The connection to NATS is lost: trying again");
        this.#isConnected = false;
      } else if (type === "reconnect") {
        if (!this.#isConnected) info("NATS is back");
        this.#isConnected = true;
        this.#reconnects++;
      }
    }
  }
}

/** The subject of the entries. */
function subjectOf(stream: string): string {
  return `tickwire.${stream}.log`;
}

async function findOrMake(
  manager: JetStreamManager,
  { spec, ageMs }: StreamOptions,
): Promise<StreamInfo> {
  const { stream } = spec;
  const subjects = [subjectOf(stream)];
  const found = await manager.streams.info(stream).catch((error: unknown) => {
    if (natsFaultOf(error) !== "missing") throw error;
  });
  if (found === undefined) {
    return await manager.streams.add({
      name: stream,
      description: DESCRIPTION,
      subjects,
      storage: "file",
      retention: "limits",
      max_age: ageMs * NANOS_PER_MS,
      num_replicas: spec.replicas,
      duplicate_window: Math.min(ageMs, DUPLICATES_MS) * NANOS_PER_MS,
      deny_delete: true,
      deny_purge: true,
    });
  }
  const { config } = found;
  if (config.description !== DESCRIPTION || String(config.subjects) !== String(subjects)) {
    throw new TapeError(
      `Cannot use the stream ${stream}: it belongs to another program; choose another with ?stream=`,
    );
  }
  if (config.max_age === ageMs * NANOS_PER_MS) return found;
  return await manager.streams.update(stream, { max_age: ageMs * NANOS_PER_MS });
}

function gone(name: string, what: string): TapeError {
  return new TapeError(
    `Cannot follow the stream ${name}: it ${what}; restart to read what it has now`,
  );
}

/** The error of a stream that cannot be used. */
function refused({ stream, servers }: StreamSpec, cause: unknown): TapeError {
  const fault = natsFaultOf(cause);
  if (fault === "unreachable") return toError(stream, cause);
  const why = fault === "disabled"
    ? "JetStream is not enabled there: start nats-server with -js"
    : (cause as Error).message;
  return new TapeError(`Cannot use the stream ${stream} at ${servers.join(", ")}: ${why}`, {
    cause,
  });
}

/** Translates an error of NATS for the sender of a write. @throws it if our own code is wrong */
function toError(stream: string, cause: unknown): TapeError {
  if (cause instanceof TapeError) return cause;
  const { message } = cause as Error;
  const fault = natsFaultOf(cause);
  if (fault === "full" || fault === "forbidden") {
    const what = `Cannot write to the stream ${stream}: ${message}`;
    return fault === "full" ? new TapeFull(what, { cause }) : new TapeError(what, { cause });
  }
  return new LogUnavailable(`Cannot reach the stream ${stream}: ${message}`, { cause });
}
