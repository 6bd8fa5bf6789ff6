export type Level = "info" | "warn" | "error";

/** One line of JSON or text per event, on standard error. Standard output is for data. */
export interface Log {
  info(message: string): void;
  warn(message: string): void;
  /** With the stack, because an error that reaches the log is our own. */
  error(message: string, cause?: unknown): void;
}

export function createLog(now: () => number): Log {
  const write = (level: Level, message: string) => {
    console.error(`${new Date(now()).toISOString()} ${level.padEnd(5)} ${message}`);
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
