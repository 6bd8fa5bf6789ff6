/// <reference types="bun-types" />
/** https://docs.deno.com/runtime/reference/cli/compile/ and https://bun.com/docs/bundler/executables */

/** Where an executable has its files. */
const EMBEDDED = /^(?:\/\$bunfs\/|B:[/\\]~BUN[/\\])/;

/**
 * How this very program is started once more.
 * @param program path of the executable or the runtime
 * @param args those that it was started with
 */
export function relaunchOf(
  program: string,
  args: readonly string[],
): { readonly program: string; readonly args: readonly string[] } {
  return { program, args: [...before(), ...args] };
}

/** What stands before the arguments where a runtime runs the source. */
function before(): readonly string[] {
  if ("Bun" in globalThis) return EMBEDDED.test(Bun.main) ? [] : [Bun.main];
  return Deno.build.standalone ? [] : ["run", "-A", "--quiet", Deno.mainModule];
}
