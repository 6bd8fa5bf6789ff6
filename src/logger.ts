import { maskSecrets } from "./core/mask.ts";

type Level = "info" | "warn" | "error";

/** The log for the operator: one line of text per event. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
  /** Writes the stack too: an error that reaches the log is a bug of the server. */
  error(message: string, cause?: unknown): void;
}

/** Makes a log that masks keys and passwords in addresses. @param print writes one line */
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
