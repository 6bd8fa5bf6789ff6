import { createReadStream } from "node:fs";
import { BrokenRecords } from "../records/broken_records.ts";
import { FORM_OPTION_NAMES } from "../records/form_options.ts";
import { ofSource, RecordReader } from "../records/record_reader.ts";
import { checkOptions, type Feed, type FeedSpec, formOf, unusable } from "./feed.ts";
import { Outbox } from "./outbox.ts";

/** Reading pauses while this many ticks wait for the tape. */
const PENDING_MAX = 50_000;
const NAME = "standard input";

/**
 * Ticks from another program, one per line: `my-program | tickwire --feed 'stdin:?symbol=NAME'`.
 * @throws {RangeError} for an invalid option
 */
export function stdin(spec: FeedSpec, open = openStandardInput): Feed {
  checkOptions(spec, FORM_OPTION_NAMES);
  if (spec.what !== "") throw unusable(spec, "it reads standard input and nothing else");
  const form = formOf(spec);
  return {
    name: spec.name,
    async run(context) {
      const broken = new BrokenRecords(context, NAME);
      const reader = new RecordReader({
        form,
        isLive: true,
        takesBars: true,
        now: () => context.now(),
        broken: (reason) => broken.add(reason),
      });
      const outbox = new Outbox(context);
      context.ready();
      let count = 0;
      try {
        for await (const taken of reader.readAll(open())) {
          if (context.signal.aborted) return;
          count += taken.ticks.length + taken.bars.length;
          outbox.putAll(taken);
          if (outbox.size > PENDING_MAX) await outbox.drained();
        }
      } catch (error) {
        throw ofSource(error, NAME);
      }
      await outbox.drained();
      broken.report(count);
    },
  };
}

function openStandardInput(): AsyncIterable<Uint8Array> {
  return createReadStream("", { fd: 0, autoClose: false });
}
