import { maskSecrets } from "./core/mask.ts";

type Level = "info" | "warn" | "error";

/** One line of text per event. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
  /** With the stack, because an error that reaches the log is our own. */
  error(message: string, cause?: unknown): void;
}

/** Keys and passwords in addresses are left out. @param print writes a line where the operator reads it */
export function createLog(now: () => number, print: (line: string) => void): Log {
  const write = (level: Level, message: string) => {
    print(`${new Date(now()).toISOString()} ${level.padEnd(5)} ${maskSecrets(message)}`);
  };
  return {
    info: (message) => write("info", message),
    warn: (message) => write("warn", message),
    error(message, cause) {
      const detail = cause instanceof Error ? cause.stack ?? cause.message : cause;
      write("error", detail === undefined ? message : `${message}: ${detail}`);
    },
  };
}
