import { createWriteStream, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { pipeline } from "node:stream/promises";
import type { ObjectInfo, ObjectStore } from "@nats-io/obj";
import type { Snapshots } from "../store/snapshot.ts";
import type { Leases } from "./leases.ts";
import type { LogStream, StreamWorld } from "./stream.ts";

export interface TapeCopiesOptions extends StreamWorld {
  readonly stream: LogStream;
  readonly epoch: string;
  /** Time between copies. */
  readonly everyMs: number;
}

const BUCKET = "tapes";
/** The lease of the replica that makes the copies. */
const LEASE = "tape copies";
const LOOK_MS_MAX = 60_000, STALLED_MS = 10_000;

/** Copies of a tape beside the stream. A new replica starts from the newest one. */
export class TapeCopies {
  readonly #options: TapeCopiesOptions;
  readonly #ended = new AbortController();
  #making: Promise<void> | undefined;

  constructor(options: TapeCopiesOptions) {
    this.#options = options;
  }

  /**
   * Fetches the newest copy of this epoch, if there is one. A failure is only logged, because the
   * stream has the same entries.
   * @returns whether the copy was fetched
   */
  async fetch(path: string): Promise<boolean> {
    const { info, warn } = this.#options;
    const part = `${path}.part`;
    try {
      const store = await this.#store();
      const [newest] = await this.#copies(store);
      const found = newest && await store.get(newest.name);
      if (!found) return false;
      mkdirSync(dirname(path), { recursive: true });
      rmSync(part, { force: true });
      await pipeline(this.#unlessStalled(found.data), createWriteStream(part));
      const fault = await found.error;
      if (fault) throw fault;
      renameSync(part, path);
      info(`Starting from a copy of the tape: ${found.info.size} bytes of ${found.info.mtime}`);
      return true;
    } catch (error) {
      rmSync(part, { force: true });
      warn(`Starting without a copy of the tape: ${(error as Error).message}`);
      return false;
    }
  }

  /** Fails if no data arrive. The transfer of a copy that is deleted stops without an error. */
  async *#unlessStalled(data: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
    const reader = data.getReader();
    for (;;) {
      const timer = new AbortController();
      const stalled = this.#options.sleep(STALLED_MS, timer.signal).then(() => undefined);
      const read = await Promise.race([reader.read(), stalled]);
      timer.abort();
      if (read === undefined) throw new Error("the transfer has stalled");
      if (read.done) return;
      yield read.value;
    }
  }

  /** The copies of this epoch, the newest first. */
  async #copies(store: ObjectStore): Promise<ObjectInfo[]> {
    const all = await store.list();
    return all.filter(({ metadata }) => metadata?.["epoch"] === this.#options.epoch)
      .toSorted((a, b) => Date.parse(b.mtime) - Date.parse(a.mtime));
  }

  /** Starts to make copies regularly, unless another replica does. */
  start(snapshots: Snapshots, leases: Leases): void {
    this.#making = leases.hold(LEASE, this.#ended.signal, async (_term, held) => {
      const { sleep, everyMs, warn } = this.#options;
      for (let told = ""; !held.aborted;) {
        try {
          await this.#make(snapshots, held);
          told = "";
        } catch (error) {
          const { message } = error as Error;
          if (message !== told && !held.aborted) {
            warn(`Cannot make a copy of the tape for new replicas: ${message}`);
          }
          told = message;
        }
        await sleep(Math.min(everyMs, LOOK_MS_MAX), held);
      }
    });
  }

  /** Stops making copies. @returns when another replica may make them */
  async end(): Promise<void> {
    this.#ended.abort();
    await this.#making;
  }

  async #make(snapshots: Snapshots, held: AbortSignal): Promise<void> {
    const { everyMs, now, info } = this.#options;
    const store = await this.#store();
    const copies = await this.#copies(store);
    const [newest] = copies;
    const isDue = newest === undefined || now() - Date.parse(newest.mtime) >= everyMs;
    if (!isDue || snapshots.isTaken) return;
    const { name, size } = await this.#put(store, snapshots, held);
    info(`Made a copy of the tape for new replicas: ${size} bytes`);
    // A replica may still read the copy before.
    const kept = [name, newest?.name];
    for (const old of await store.list()) {
      if (!kept.includes(old.name)) await store.delete(old.name);
    }
  }

  async #put(
    store: ObjectStore,
    snapshots: Snapshots,
    held: AbortSignal,
  ): Promise<ObjectInfo> {
    const { epoch, now } = this.#options;
    const snapshot = snapshots.take();
    try {
      const bytes = new ReadableStream<Uint8Array>({
        async pull(controller) {
          held.throwIfAborted();
          const next = await snapshot.next();
          if (next === undefined) controller.close();
          else controller.enqueue(next);
        },
      });
      return await store.put({ name: `tape ${now()}`, metadata: { epoch } }, bytes);
    } finally {
      snapshot.close();
    }
  }

  async #store(): Promise<ObjectStore> {
    const { Objm } = await import("@nats-io/obj");
    const { stream } = this.#options;
    const options = { replicas: stream.replicas, storage: "file" as const };
    return await new Objm(stream.connection).create(`${stream.name}_${BUCKET}`, options);
  }
}
