/// <reference types="bun-types" />
/** https://docs.deno.com/runtime/reference/cli/compile/ and https://bun.com/docs/bundler/executables */

/** Path of an executable's embedded files. */
const EMBEDDED = /^(?:\/\$bunfs\/|B:[/\\]~BUN[/\\])/;

/**
 * The command that starts this program again.
 * @param program path of the executable or the runtime
 * @param args arguments of the new process
 */
export function relaunchOf(
  program: string,
  args: readonly string[],
): { readonly program: string; readonly args: readonly string[] } {
  return { program, args: [...before(), ...args] };
}

/** Arguments before those of the program; a runtime needs the path of the source. */
function before(): readonly string[] {
  if ("Bun" in globalThis) return EMBEDDED.test(Bun.main) ? [] : [Bun.main];
  return Deno.build.standalone ? [] : ["run", "-A", "--quiet", Deno.mainModule];
}
