import { createReadStream } from "node:fs";
import { checkOptions, type Feed, type FeedSpec, unusable } from "./feed.ts";
import { Outbox } from "./outbox.ts";
import { formatOption, RECORD_OPTIONS, RecordMap } from "./record_map.ts";
import { readStream } from "./record_stream.ts";
import { TickReader } from "./tick_reader.ts";

/** Reading waits while so many ticks are on their way to the tape. */
const PENDING_MAX = 50_000;

/**
 * Ticks that a program writes, one on each line: `my-program | tickwire --feed 'stdin:?symbol=NAME'`.
 * @throws {RangeError} for an option that cannot be used
 */
export function stdin(spec: FeedSpec, open = openStandardInput): Feed {
  checkOptions(spec, RECORD_OPTIONS);
  if (spec.what !== "") throw unusable(spec, "it reads standard input and nothing else");
  const map = new RecordMap(spec);
  const format = formatOption(spec);
  return {
    name: spec.name,
    async run(context) {
      const reader = new TickReader({ context, name: "standard input", map, timed: false });
      const outbox = new Outbox(context);
      context.ready();
      for await (const records of readStream(open(), format)) {
        if (context.signal.aborted) return;
        outbox.put(reader.read(records));
        if (outbox.size > PENDING_MAX) await outbox.drained();
      }
      await outbox.drained();
      reader.report();
    },
  };
}

function openStandardInput(): AsyncIterable<Uint8Array> {
  return createReadStream("", { fd: 0, autoClose: false });
}
