import process from "node:process";
import { join } from "node:path";
import { familyOf, freePort, type Measured, startServer } from "./measured.ts";

const PROGRAMS: Readonly<Record<string, string[]>> = {
  bun: ["bun", "src/main.ts"],
  deno: ["deno", "run", "-A", "--quiet", "--no-lock", "src/main.ts"],
};
export const SYMBOLS = Array.from({ length: 100 }, (_, index) => `S${index}`);

/** The runtime of the replicas, and the folder of their files. */
export interface ReplicaSetOptions {
  readonly runtime: string;
  readonly folder: string;
}

/** A replica that can be killed and restarted on the same port. */
export class Place {
  readonly port: number;
  readonly #flags: readonly string[];
  server: Measured | undefined;

  constructor(readonly runtime: string, port: number, flags: readonly string[]) {
    this.port = port;
    this.#flags = flags;
  }

  async start(): Promise<void> {
    this.server = await startServer(() => {
      const [program = "", ...first] = PROGRAMS[this.runtime] ?? [this.runtime];
      const own = ["--port", String(this.port), "--feed", "none", "--drain", "0"];
      return { program, args: [...first, ...own, ...this.#flags], ready: "/readyz" };
    }, this.port);
  }

  get http(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  kill(): void {
    // A runtime may be a child of its package's script.
    for (const pid of familyOf(this.server!.pid).reverse()) process.kill(pid, "SIGKILL");
    this.server = undefined;
  }
}

export async function places(
  { runtime, folder }: ReplicaSetOptions,
  count: number,
  flags: readonly string[],
): Promise<Place[]> {
  const all: Place[] = [];
  for (let index = 0; index < count; index++) {
    const port = await freePort();
    const tape = ["--tape", `sqlite:${join(folder, `${port}.db`)}`];
    all.push(new Place(runtime, port, [...tape, ...flags]));
  }
  await Promise.all(all.map((place) => place.start()));
  return all;
}

let serial = 0;
export function lines(count: number, time = Date.now()): { body: string; serials: number[] } {
  const serials = Array.from({ length: count }, () => ++serial);
  const body = serials.map((price) =>
    `{"symbol":"${SYMBOLS[price % SYMBOLS.length]}","price":${price},"size":1,"time":${time}}`
  ).join("\n");
  return { body, serials };
}

/** Sends a batch and waits for the answer. */
export async function post(http: string, body: string): Promise<void> {
  const headers = { "content-type": "application/x-ndjson" };
  const response = await fetch(`${http}/ticks`, { method: "POST", headers, body });
  await response.text();
}
