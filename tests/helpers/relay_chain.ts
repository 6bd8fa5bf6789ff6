import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "node:test";
import { ServerProcess } from "./process.ts";

export interface RelayChain {
  /** The file of a server's tape. */
  pathOf(name: string): string;
  flagsOf(name: string, feed: string, port?: number): string[];
}

/** Servers of a test that relay each other, with files by their names. All are gone after each test. */
export function relayChain(): RelayChain {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tickwire-relay-"));
  });
  afterEach(async () => {
    await ServerProcess.endAll();
    rmSync(folder, { recursive: true, force: true });
  });
  const pathOf = (name: string) => join(folder, `${name}.db`);
  return {
    pathOf,
    flagsOf: (name, feed, port = 0) => [
      ...["--feed", feed, "--drain", "0", "--port", String(port)],
      ...["--tape", `sqlite:${pathOf(name)}`],
    ],
  };
}
