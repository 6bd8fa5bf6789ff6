import { MemoryEntries } from "../../src/log/memory.ts";
import { QueuedLog } from "../../src/log/queued_log.ts";
import { logContract, type OpenLog } from "./contract.ts";

function open(store = new MemoryEntries()): OpenLog {
  const log = new QueuedLog({
    epoch: "m1",
    store,
    now: () => 5,
    elapsed: () => 0,
    waiting: () => {},
  });
  return {
    log,
    async settled() {
      while (log.work());
      await Promise.resolve();
    },
    again: () => open(store),
    close() {},
  };
}

logContract("MemoryEntries", () => open());
