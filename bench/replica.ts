import { Market } from "../src/core/market.ts";
import { Replica } from "../src/replica/replica.ts";
import { TestStore } from "../tests/helpers/store.ts";

const BARS_KEPT = 120;
const NOBODY = { publish() {}, publishGiven() {}, refresh() {}, correct() {} };

/** A log in a file with all its followers in this process, except clients. */
export function openReplica(path: string) {
  const elapsed = () => performance.now();
  const store = new TestStore({ path, epoch: "bench", now: Date.now, elapsed });
  const market = new Market({ barsKept: BARS_KEPT, older: store.tape });
  const replica = new Replica({ log: store.log, tape: store.tape, market, hub: NOBODY });
  replica.start(BARS_KEPT);
  return { store, replica };
}

/** Stores all derived data, and writes every full block into the file. */
export function settle({ store, replica }: ReturnType<typeof openReplica>): void {
  while (replica.save() < store.tape.head);
  while (store.tape.seal());
  while (store.log.forget(store.tape.settle()));
}
