import type { SlicedLog } from "../log/log.ts";
import type { RoomCarrier } from "../log/stream_rooms.ts";
import {
  type Elsewhere,
  type OpenTape,
  openTape,
  type OpenTapeOptions,
  type TapeWorld,
} from "../tape/engines.ts";
import type { WorkerPool } from "./worker_pool.ts";
import { RelayLog } from "./relay_log.ts";
import { RelayRooms } from "./relay_rooms.ts";
import type { Worker } from "./worker.ts";

/** The first process has `workerPool`, a worker has `worker`, and a single process has neither. */
export interface ProcessRole {
  readonly workerPool?: WorkerPool | undefined;
  readonly worker?: Worker | undefined;
}

/** The tape and the log of one process, and its rooms. */
export interface Opened extends OpenTape {
  readonly carrier: RoomCarrier | undefined;
  /** Call it when the replica has read the stored entries. */
  settled(): void;
  /** Call it after a change of the tape's file. */
  changed(): void;
  /** Call it when the handler of requests exists. */
  share(fetch: (request: Request) => Response | Promise<Response>): void;
}

/**
 * Opens a tape and its log in the role of this process.
 * @param rooms of the other replicas, if any
 * @throws {RangeError} {TapeError}
 */
export function openAs(
  { workerPool, worker }: ProcessRole,
  name: string,
  world: TapeWorld,
  options: OpenTapeOptions,
  elsewhere: Elsewhere | undefined,
  rooms: RoomCarrier | undefined,
): Opened {
  const alone = { carrier: rooms, settled() {}, changed() {}, share() {} };
  if (worker !== undefined) {
    return { ...alone, ...worker.open(name, options), carrier: worker.rooms };
  }
  if (workerPool === undefined) return { ...alone, ...openTape(name, world, options, elsewhere) };
  const released = () => relay.released;
  const opened = openTape(name, world, { ...options, released }, elsewhere);
  const relay = new RelayLog({ log: opened.log, sharing: () => opened.tape.sharing });
  const carrier = new RelayRooms(rooms);
  return {
    ...alone,
    ...opened,
    log: relay satisfies SlicedLog,
    carrier,
    changed: () => relay.tellNews(),
    share(fetch) {
      // Workers cannot read ticks of an older version, so they wait until all are in blocks.
      const isReadable = () => opened.tape.legacyTicks === 0;
      workerPool.shares({ log: relay, rooms: carrier, fetch, isReadable });
    },
  };
}
