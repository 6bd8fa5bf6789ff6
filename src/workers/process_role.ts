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

/** What a process is in its server: the first one, which has workers; a worker; or, without either, the only one. */
export interface ProcessRole {
  readonly workerPool?: WorkerPool | undefined;
  readonly worker?: Worker | undefined;
}

/** The tape and the log of one process of a server, and what is said in its rooms. */
export interface Opened extends OpenTape {
  readonly carrier: RoomCarrier | undefined;
  /** To be called once the tape was brought to where it is. */
  settled(): void;
  /** To be called when something was done to the file. */
  changed(): void;
  /** To be called once it is known who answers. */
  share(fetch: (request: Request) => Response | Promise<Response>): void;
}

/**
 * Opens the tape of that name, and its log, as a process of that role.
 * @param rooms of other replicas, where there are some
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
      // Ticks of an older version go as they are brought into blocks.
      const isReadable = () => opened.tape.legacyTicks === 0;
      workerPool.shares({ log: relay, rooms: carrier, fetch, isReadable });
    },
  };
}
