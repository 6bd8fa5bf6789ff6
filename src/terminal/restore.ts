import { copyFileSync, existsSync, mkdirSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { beginAnew } from "../store/database.ts";
import { newEpoch, parseTapeSpec } from "../tape/engines.ts";
import { checkTape, PART, removePart } from "./checked_tape.ts";
import { CommandError } from "./server.ts";
import type { Terminal } from "./terminal.ts";

export interface RestoreOptions {
  readonly file: string;
  /** The new tape: `sqlite:PATH`. */
  readonly tape: string;
}

/**
 * `tickwire restore`: makes a tape from a backup. It gets a new epoch, because ticks after the backup had the
 * seqs that new ticks will get. @throws {RangeError} {TapeError} {CommandError}
 */
export async function restore(terminal: Terminal, { file, tape }: RestoreOptions): Promise<void> {
  const spec = parseTapeSpec(tape);
  if (spec.engine !== "sqlite") throw new CommandError(`Cannot restore to ${tape}: it has no file`);
  const { path } = spec;
  for (const there of [path, `${path}-wal`]) {
    if (!existsSync(there)) continue;
    const wayOut = "move it away first, or name another with --tape";
    throw new CommandError(
      `Cannot restore to ${path}: there is a tape already (${there}); ${wayOut}`,
    );
  }
  if (!existsSync(file)) throw new CommandError(`Cannot restore ${file}: there is no such file`);
  const part = path + PART;
  // SQLite would take files that a killed attempt left for a part of the copy.
  removePart(part);
  try {
    try {
      mkdirSync(dirname(path), { recursive: true });
      copyFileSync(file, part);
    } catch (cause) {
      throw new CommandError(`Cannot restore ${file}: ${(cause as Error).message}`, { cause });
    }
    const { ticks } = await checkTape(terminal, part);
    beginAnew(part, newEpoch(() => terminal.random()));
    renameSync(part, path);
    terminal.complain(`${path}: ${ticks.toLocaleString("en-US")} ticks, as a new epoch`);
  } finally {
    removePart(part);
  }
}
