import type { Writer } from "../../replica/writer.ts";
import type { TimeSlices } from "./history.ts";
import { Ingest } from "./ingest.ts";
import { TickSockets } from "./tick_socket.ts";

export interface TickIntakeOptions {
  readonly bodyBytesMax: number;
  readonly stalledMsMax: number;
  readonly sessionsMax: number;
  readonly bufferedBytesMax: number;
  readonly timeSlices: TimeSlices;
  readonly accept: Writer["accept"];
  readonly give: Writer["give"];
  now(): number;
  /** Called for errors of the server itself. */
  fault(error: unknown): void;
}

/** Receives ticks in requests and on WebSockets, which share the space for batches. */
export interface TickIntake {
  readonly ingest: Ingest;
  readonly senders: TickSockets;
}

export function openTickIntake(options: TickIntakeOptions): TickIntake {
  const ingest = new Ingest(options);
  return { ingest, senders: new TickSockets({ ...options, ingest }) };
}
