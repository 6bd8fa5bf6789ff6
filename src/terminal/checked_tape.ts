import { rmSync } from "node:fs";
import { inspect, type Inspection } from "../tape/inspection.ts";
import { CommandError } from "./server.ts";
import type { Terminal } from "./terminal.ts";

/** Ends the name of an incomplete file. */
export const PART = ".part";

/** Removes an incomplete file and the database's files beside it. */
export function removePart(part: string): void {
  for (const end of ["", "-wal", "-shm"]) rmSync(part + end, { force: true });
}

const BAR_WIDTH = 24;
const PROGRESS_MS = 100;

/** Checks all of a tape's file and shows the progress. @throws {TapeError} {CommandError} */
export async function lookAtTape(terminal: Terminal, file: string): Promise<Inspection> {
  const looking = inspect(file);
  let step = looking.next();
  let shownAt = -Infinity;
  while (!step.done) {
    if (terminal.interrupted.aborted) throw new CommandError("Interrupted");
    const now = terminal.now();
    if (now - shownAt >= PROGRESS_MS) {
      shownAt = now;
      terminal.progress(barOf(step.value.done / step.value.all));
      await terminal.sleep(0);
    }
    step = looking.next();
  }
  terminal.progress("");
  return step.value;
}

/** Like `lookAtTape`. @throws {CommandError} for a damaged file */
export async function checkTape(terminal: Terminal, file: string): Promise<Inspection> {
  const found = await lookAtTape(terminal, file);
  if (found.damage.length === 0) return found;
  throw new CommandError(`Cannot use ${file}: it is damaged: ${found.damage[0]}`);
}

function barOf(share: number): string {
  const full = Math.round(share * BAR_WIDTH);
  return `[${"#".repeat(full)}${".".repeat(BAR_WIDTH - full)}] ${Math.floor(100 * share)} %`;
}
