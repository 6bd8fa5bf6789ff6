import { LogUnavailable, type TapeError } from "../store/tape_error.ts";
import {
  type Appended,
  countFor,
  type Draft,
  type Entry,
  insteadOfTicks,
  isAlone,
  partOf,
  type Receipt,
  recordsOf,
  seqsOf,
  weightOf,
} from "./log.ts";

/** A draft and the callbacks of its sender. */
export interface Waiting {
  readonly draft: Draft;
  resolve(appended: Appended): void;
  reject(error: unknown): void;
}

/** A draft, or a part of one; `accepted` is the number of ticks and bars of the whole. */
interface Piece extends Waiting {
  readonly accepted?: number;
}

/** One entry for a remote log: whole drafts, or a part of one. */
export interface OutgoingEntry {
  /** Its seqs start at 0, because the log assigns the real ones. */
  readonly entry: Entry;
  readonly ends: readonly {
    readonly waiting: Waiting;
    readonly first: number;
    readonly last: number;
  }[];
}

const ENTRY_TICKS = 1_024;

/**
 * Packs drafts in order, as many per entry as fit. A draft with a key or a lease may be rejected,
 * so it gets its own entry. A large draft becomes several entries, each with its own key.
 * @param time now
 */
export function outgoingEntries(waiting: readonly Waiting[], time: number): OutgoingEntry[] {
  const outgoing: OutgoingEntry[] = [];
  let group: Waiting[] = [];
  let ticks = 0;
  const close = () => {
    if (group.length > 0) outgoing.push(outgoingEntry(group, time));
    [group, ticks] = [[], 0];
  };
  for (const each of waiting) {
    const { draft, draft: { key, lease } } = each;
    const length = weightOf(draft);
    const travelsAlone = isAlone(draft) ||
      key !== undefined || lease !== undefined || length > ENTRY_TICKS;
    if (travelsAlone || ticks + length > ENTRY_TICKS) close();
    if (travelsAlone) {
      const parts = partsOf(each);
      for (const part of parts) outgoing.push(outgoingEntry([part], time, part !== parts.at(-1)));
    } else {
      group.push(each);
      ticks += length;
    }
  }
  close();
  return outgoing;
}

function outgoingEntry(group: readonly Piece[], time: number, more = false): OutgoingEntry {
  let first = 0;
  const ends = group.map((waiting) => {
    const last = first + seqsOf(waiting.draft) - 1;
    const end = { waiting, first, last };
    first = last + 1;
    return end;
  });
  const drafts = group.map(({ draft }) => draft);
  const receipts = group.flatMap(({ draft, draft: { key }, accepted }): Receipt[] =>
    key === undefined ? [] : [{ key, accepted: accepted ?? recordsOf(draft), seq: 0, time }]
  );
  const entry = {
    first: 0,
    ticks: drafts.flatMap(({ ticks }) => ticks.map((tick) => ({ seq: 0, ...tick }))),
    ...{ time, receipts, more, lease: drafts[0]!.lease },
    ...insteadOfTicks(drafts[0]!),
    definitions: drafts.flatMap(({ definitions = [] }) => definitions),
    marks: drafts.flatMap(({ marks = [] }) => marks),
  };
  return { entry, ends };
}

/** Cuts a draft into parts. Definitions and marks come with the last part. */
function partsOf(whole: Waiting): Piece[] {
  const { draft } = whole;
  const { key, lease } = draft;
  const accepted = recordsOf(draft);
  const size = countFor(ENTRY_TICKS, draft);
  const count = Math.ceil(accepted / size);
  if (count <= 1) return [whole];
  const done: Appended[] = [];
  const failed: unknown[] = [];
  const settle = () => {
    if (done.length + failed.length < count) return;
    const first = Math.min(...done.map((each) => each.first));
    const last = Math.max(...done.map((each) => each.last));
    if (failed.length === 0) return whole.resolve({ first, last });
    whole.reject(done.length === 0 ? failed[0] : partly(failed[0], done.length, count));
  };
  return Array.from({ length: count }, (_, index) => {
    const isLast = index === count - 1;
    const part = partOf(draft, index * size, (index + 1) * size);
    return {
      accepted,
      draft: isLast ? { ...draft, ...part } : { ...part, lease, key: partKey(key, index) },
      resolve(appended) {
        done.push(appended);
        settle();
      },
      reject(error) {
        failed.push(error);
        settle();
      },
    };
  });
}

/** Keys of clients contain no line feed, so these keys are distinct from them. */
function partKey(key: string | undefined, index: number): string | undefined {
  return key === undefined ? undefined : `${key}\n${index}`;
}

/** Tells the sender that a retry without a key would duplicate a part of the batch. */
function partly(cause: unknown, done: number, count: number): TapeError {
  const { message } = cause as Error;
  const what = `${done} of ${count} parts of the batch are in the log`;
  return new LogUnavailable(`${message}; ${what}`, { cause });
}
