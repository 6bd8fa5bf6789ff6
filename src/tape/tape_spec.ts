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
