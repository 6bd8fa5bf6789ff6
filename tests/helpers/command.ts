import { spawn } from "node:child_process";
import process from "node:process";

export interface Ran {
  readonly code: number | null;
  readonly output: string;
  readonly complaint: string;
}

/** Runs an installed program to its end. @param input its standard input */
export function runProgram(
  program: string,
  args: readonly string[],
  { input = "", env = {} }: { input?: string; env?: Record<string, string> } = {},
): Promise<Ran> {
  const child = spawn(program, args, { env: { ...process.env, ...env } });
  let [output, complaint] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => complaint += text);
  // The program may end before it has read all.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, output, complaint }));
  });
}
