import { MemoryTape } from "./memory.ts";
import { SqliteTape } from "./sqlite.ts";
import type { Archive, Tape } from "./tape.ts";

/** What stands in `--tape engine:what`. */
export type TapeSpec =
  | { readonly engine: "memory"; readonly ticksMax: number }
  | { readonly engine: "sqlite"; readonly path: string };

const MEMORY_TICKS = 250_000;

/** Takes a tape's name apart. @throws {RangeError} */
export function parseTapeSpec(name: string): TapeSpec {
  const [, engine, what] = /^(memory|sqlite)(?::(.+))?$/.exec(name) ?? [];
  if (engine === "sqlite" && what !== undefined) return { engine, path: what };
  const ticksMax = what ?? String(MEMORY_TICKS);
  if (engine === "memory" && /^[1-9]\d{0,8}$/.test(ticksMax)) {
    return { engine, ticksMax: Number(ticksMax) };
  }
  throw new RangeError(
    `Cannot open tape ${name}: it is none of memory, memory:TICKS and sqlite:PATH`,
  );
}

/** What a tape needs of the world. */
export interface TapeWorld {
  readonly bootId: string;
  readonly holder: string;
  now(): number;
  random(): number;
  /** Told what the operator should know of how a file was found. */
  warn(note: string): void;
}

export interface OpenTape {
  readonly tape: Tape;
  readonly archive: Archive | undefined;
}

/** Opens the tape of that name: a new engine is a few lines here. @throws {RangeError} {TapeError} */
export function openTape(name: string, world: TapeWorld): OpenTape {
  const spec = parseTapeSpec(name);
  const { now, bootId, holder, random, warn } = world;
  const newEpoch = () => Math.floor(random() * 36 ** 8).toString(36).padStart(8, "0");
  if (spec.engine === "memory") {
    // The numbering begins anew with every process, so its name must too.
    const tape = new MemoryTape({ epoch: newEpoch(), ticksMax: spec.ticksMax });
    return { tape, archive: undefined };
  }
  const tape = new SqliteTape({ path: spec.path, now, bootId, holder, newEpoch });
  for (const note of tape.notes) warn(note);
  return { tape, archive: tape };
}
