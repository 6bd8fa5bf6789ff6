import type { Listening, ListenOptions } from "./listener.ts";

/** Listens with the server of the current runtime. */
export async function listen(options: ListenOptions): Promise<Listening> {
  const runtime = "Bun" in globalThis ? await import("./bun.ts") : await import("./deno.ts");
  return runtime.listen(options);
}
