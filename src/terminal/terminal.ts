/** The terminal of this process: https://nodejs.org/api/tty.html, https://www.xfree86.org/current/ctlseqs.html */
import process from "node:process";

/** Input and output of a command. Results go to `write`, other messages to `complain` and `progress`. */
export interface Terminal {
  /** Whether `write` goes to a terminal that can position the cursor. */
  readonly isScreen: boolean;
  /** Whether `progress` goes to a terminal. */
  readonly showsProgress: boolean;
  readonly hasColor: boolean;
  /** Aborts when the user interrupts the command. */
  readonly interrupted: AbortSignal;
  /** Standard input; `isKeyboard` if it is a terminal. */
  readonly input: { readonly stream: NodeJS.ReadableStream; readonly isKeyboard: boolean };
  size(): { readonly columns: number; readonly rows: number };
  /** Resolves when more may be written. @throws when the reader has closed the output */
  write(data: string | Uint8Array): Promise<void>;
  complain(line: string): void;
  /** Replaces the progress line; an empty text removes it. */
  progress(line: string): void;
  /** Calls `pressed` for each key, until the returned function is called. */
  keys(pressed: (key: string) => void): () => void;
  now(): number;
  random(): number;
  sleep(ms: number): Promise<void>;
}

const SIZE_UNKNOWN = { columns: 80, rows: 24 };

export function processTerminal(): Terminal {
  const { stdin, stdout, stderr, env } = process;
  const ended = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => ended.abort());
  let broken: Error | undefined;
  // Without a listener, a closed output ends the process with a stack trace.
  stdout.on("error", (error) => broken = error);
  const hasColor = !env["NO_COLOR"] && env["TERM"] !== "dumb";
  return {
    isScreen: Boolean(stdout.isTTY) && env["TERM"] !== "dumb",
    showsProgress: Boolean(stderr.isTTY),
    hasColor: hasColor && Boolean(stdout.isTTY),
    interrupted: ended.signal,
    input: { stream: stdin, isKeyboard: Boolean(stdin.isTTY) },
    size: () => stdout.columns > 0 ? { columns: stdout.columns, rows: stdout.rows } : SIZE_UNKNOWN,
    write(data) {
      return new Promise((resolve, reject) => {
        if (broken !== undefined) return reject(broken);
        stdout.write(data, (error) => error ? reject(error) : resolve());
      });
    },
    complain: (line) => void stderr.write(`${line}\n`),
    progress(line) {
      if (stderr.isTTY) stderr.write(`\r${line}\x1b[K`);
    },
    keys(pressed) {
      if (!stdin.isTTY) return () => {};
      const listener = (data: Uint8Array | string) => pressed(String(data));
      stdin.setRawMode(true);
      stdin.resume();
      stdin.on("data", listener);
      return () => {
        stdin.off("data", listener);
        stdin.setRawMode(false);
        stdin.pause();
      };
    },
    now: Date.now,
    random: Math.random,
    sleep: (ms) =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, ms);
        ended.signal.addEventListener("abort", () => {
          clearTimeout(timer);
          resolve();
        }, { once: true });
      }),
  };
}
