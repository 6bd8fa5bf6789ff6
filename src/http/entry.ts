import type { Writer } from "../replica/writer.ts";
import type { Turns } from "./history.ts";
import { Ingest } from "./ingest.ts";
import { TickSockets } from "./tick_socket.ts";

export interface EntryOptions {
  readonly bodyBytesMax: number;
  readonly stalledMsMax: number;
  readonly sessionsMax: number;
  readonly bufferedBytesMax: number;
  readonly turns: Turns;
  readonly accept: Writer["accept"];
  readonly give: Writer["give"];
  now(): number;
  /** Told of errors that are the server's own. */
  fault(error: unknown): void;
}

/** The ways by which ticks are sent to the server: requests, and sockets that share their room. */
export interface Entry {
  readonly ingest: Ingest;
  readonly senders: TickSockets;
}

export function openEntry(options: EntryOptions): Entry {
  const ingest = new Ingest(options);
  return { ingest, senders: new TickSockets({ ...options, ingest }) };
}
