import { accessSync, constants, existsSync, statSync } from "node:fs";
import { parseIso } from "../core/time.ts";
import { FORM_OPTION_NAMES } from "../records/form_options.ts";
import {
  checkOptions,
  durationOption,
  type Feed,
  type FeedSpec,
  flagOption,
  formOf,
  numberOption,
  unusable,
} from "./feed.ts";
import { Player } from "./player.ts";
import { readRecording, type Recording } from "./recording.ts";

const FILES_MAX = 100;
const OPTIONS = ["speed", "loop", "rebase", "every", "from", "to", ...FORM_OPTION_NAMES];

/**
 * Replays CSV, JSON and NDJSON files; several are merged by time:
 * `replay:a.csv,b.csv.gz?speed=60&rebase&loop&from=2024-05-06&map=time:Date,price:Close`.
 * Recorded times are ISO 8601, milliseconds or seconds. A time without a zone is UTC.
 * @throws {RangeError} for an invalid option or an unreadable file
 */
export function replay(spec: FeedSpec): Feed {
  checkOptions(spec, OPTIONS);
  const everyMs = durationOption(spec, "every");
  const from = timeOption(spec, "from") ?? -Infinity;
  const to = timeOption(spec, "to") ?? Infinity;
  if (everyMs !== undefined && (Number.isFinite(from) || Number.isFinite(to))) {
    throw unusable(spec, "every is for files without times, which from and to need");
  }
  if (from >= to) throw unusable(spec, "from is not before to");
  const recording: Recording = { files: filesOf(spec), timed: everyMs === undefined, from, to };
  const playing = {
    speed: numberOption(spec, "speed", 1),
    loop: flagOption(spec, "loop"),
    rebase: flagOption(spec, "rebase"),
    everyMs,
  };
  return {
    name: spec.name,
    async run(context) {
      context.ready();
      await new Player(context, playing, spec.name).run(() => readRecording(recording, context));
    },
  };
}

function filesOf(spec: FeedSpec): Recording["files"] {
  // The name of a file may contain a comma.
  const paths = existsSync(spec.what) ? [spec.what] : spec.what.split(",");
  if (paths.length > FILES_MAX) throw unusable(spec, `${FILES_MAX} files are the limit`);
  const symbols = spec.options.get("symbol")?.split(",") ?? [];
  if (symbols.length > 1 && symbols.length !== paths.length) {
    throw unusable(spec, `symbol names ${symbols.length} for ${paths.length} files`);
  }
  return paths.map((path, index) => {
    checkReadable(spec, path);
    if (paths.indexOf(path) < index) throw unusable(spec, `${path} is named twice`);
    const symbol = symbols[index] ?? symbols[0];
    return { path, form: formOf(spec, symbol === undefined ? {} : { symbol }) };
  });
}

function timeOption(spec: FeedSpec, option: string): number | undefined {
  const text = spec.options.get(option);
  if (text === null) return undefined;
  const time = /^\d+$/.test(text) ? Number(text) : parseIso(text)?.time;
  if (time !== undefined) return time;
  throw unusable(spec, `${option}=${text} is neither milliseconds nor ISO 8601`);
}

function checkReadable(spec: FeedSpec, path: string): void {
  if (path === "") throw unusable(spec, "name a file, as in replay:ticks.csv");
  try {
    accessSync(path, constants.R_OK);
  } catch (cause) {
    const { code } = cause as { code?: string };
    const reason = code === "ENOENT" ? "there is no such file" : `it is not readable (${code})`;
    throw unusable(spec, `${path}: ${reason}`, cause);
  }
  if (!statSync(path).isFile()) throw unusable(spec, `${path} is not a file`);
}
