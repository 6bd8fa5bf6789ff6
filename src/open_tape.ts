import type { RoomCarrier } from "./log/stream_rooms.ts";
import { parseStreamSpec } from "./log/stream_spec.ts";
import type { TapeError } from "./store/tape_error.ts";
import { parseTapeSpec, type TapeWorld } from "./tape/engines.ts";
import { SharedLog, type SharedLogOptions } from "./tape/shared.ts";
import { openAs, type Opened, type ProcessRole } from "./workers/process_role.ts";

/** The settings of the tape and the log. */
export interface TapeSettings {
  readonly log: string;
  readonly tape: string;
  readonly retention: number;
  readonly "retention-size": number;
  readonly "bars-max": number;
}

/** The shared log and the other processes of the server. */
export interface Others extends ProcessRole {
  readonly shared?: SharedLog | undefined;
}

/** The setting for a log that no other replica shares. */
const LOCAL = "local";

/** Checks the settings of tape and log. It opens nothing. @throws {RangeError} */
export function checkTape({ log, tape }: Pick<TapeSettings, "log" | "tape">): void {
  parseTapeSpec(tape);
  if (log !== LOCAL) parseStreamSpec(log);
}

/**
 * Connects to the log that several replicas share, and waits for it.
 * @returns `undefined` for a local log
 * @throws {RangeError} {TapeError} if the log cannot be used
 */
export async function openSharedLog(
  { log, tape, retention }: TapeSettings,
  world: Pick<SharedLogOptions, "now" | "elapsed" | "random" | "sleep" | "info" | "warn">,
): Promise<SharedLog | undefined> {
  if (log === LOCAL) return undefined;
  const spec = parseStreamSpec(log);
  const file = parseTapeSpec(tape);
  const path = file.engine === "sqlite" ? file.path : undefined;
  return await SharedLog.open({ ...world, spec, path, ageMs: retention });
}

/**
 * Opens the tape and the log.
 * @param waiting called when the log's `work` has something to do; `isMuch` if it should not wait
 */
export function openTapeOf(
  settings: TapeSettings,
  world: TapeWorld & { fail(error: TapeError): void },
  { shared, ...role }: Others,
  fault: (error: unknown) => void,
  waiting: (isMuch: boolean) => void,
): Opened {
  const { tape, "bars-max": barsKept, "retention-size": bytesMax } = settings;
  const elsewhere = shared && { shared, fail: (error: TapeError) => world.fail(error) };
  const rooms: RoomCarrier | undefined = shared?.rooms(String(world.random()), fault);
  return openAs(role, tape, world, { barsKept, bytesMax, waiting }, elsewhere, rooms);
}
