/** The metrics of a server, by the library that writes them in Prometheus format. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Market } from "../core/market.ts";
import type { FeedReport } from "../feeds/feed_run.ts";
import type { Hub } from "../hub/hub.ts";
import type { Rooms } from "../hub/rooms.ts";
import type { LogState } from "../log/log.ts";
import type { StoredTape } from "../tape/stored_tape.ts";
import { BOUNDS, type Durations } from "./durations.ts";

/** The parts of the server that the metrics read. */
export interface MeasuredParts {
  readonly version: string;
  readonly hub: Hub;
  readonly rooms: Pick<Rooms, "roomCount" | "sessionCount">;
  readonly market: Market;
  readonly tape: StoredTape;
  readonly log: { readonly state: LogState };
  readonly backup: { readonly newest: number | undefined };
  readonly feeds: { reports(): readonly FeedReport[] };
  /** The other processes of this server, if any. */
  readonly others?: Others | undefined;
  memoryBytes(): number;
}

export interface Others {
  /** Number of these processes that serve. */
  readonly serving: number;
  /** The result of `text` in each of these processes. */
  figures(): Promise<string[]>;
}

/** What is measured at each turn of the server. */
export type Measured = Readonly<Record<"append" | "flush" | "late", Durations>>;

const STATES: readonly FeedReport["state"][] = [
  "standby",
  "starting",
  "running",
  "paused",
  "retrying",
  "ended",
  "failed",
];

/** Makes a registry whose metrics read the parts when somebody asks. */
export function metricRegistry(parts: MeasuredParts, measured: Measured): Registry {
  const { version, hub, rooms, market, tape, log, backup, memoryBytes, others } = parts;
  const registry = new Registry();
  const register = (what: string, help: string) => {
    return { name: `tickwire_${what}`, help, registers: [registry] };
  };
  const counter = (what: string, help: string, read: () => number) =>
    new Counter({
      ...register(what, help),
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  const gauge = (what: string, help: string, read: () => number) =>
    new Gauge({
      ...register(what, help),
      collect() {
        this.set(read());
      },
    });
  const durations = (what: string, help: string, counted: Durations) =>
    new DurationHistogram(register(what, help), counted);
  const { append, flush, late } = measured;
  durations("append_seconds", "Time to take in what has arrived: tape, board and bars", append);
  durations("flush_seconds", "Time to make and send the frames that are due", flush);
  durations("event_loop_lag_seconds", "How late the clock's work is begun", late);
  gauge("clients", "Clients connected to streams and grids", () => hub.sessionCount);
  gauge("cohorts", "Groups of clients that share their frames", () => hub.cohortCount);
  gauge("rooms", "Rooms that are kept", () => rooms.roomCount);
  gauge("room_clients", "Clients connected to rooms", () => rooms.sessionCount);
  const { sent } = hub;
  counter("sent_frames_total", "Frames of ticks, quotes and bars sent", () => sent.frames);
  counter("sent_updates_total", "Ticks, quotes and bars in them", () => sent.updates);
  counter("sent_bytes_total", "Bytes of text in them", () => sent.bytes);
  gauge("symbols", "Instruments known", () => market.catalogue.size);
  gauge("tape_head", "Seq of the newest tick", () => tape.head);
  gauge("tape_tail", "Seq before the oldest tick that is kept", () => tape.tail);
  gauge("tape_bytes", "Bytes that the tape has in use", () => tape.bytes);
  const { state } = log;
  const lag = () => log.state.lag;
  if (state.engine !== "local") {
    const connected = () => Number(log.state.connected);
    gauge("log_connected", "1 while something can be logged", connected);
    gauge("log_lag_entries", "Entries of the log that are not read", () => lag().entries);
    gauge("log_lag_seconds", "Age of the newest entry read", () => lag().ms / 1_000);
    const again = "Times that the connection to the log was made again";
    counter("log_reconnects_total", again, () => log.state.reconnects);
  }
  if (backup.newest !== undefined) {
    const help = "When the newest backup was made, in Unix time; 0 when there is none";
    gauge("backup_timestamp_seconds", help, () => backup.newest! / 1_000);
  }
  gauge("memory_bytes", "Resident memory, of all processes", memoryBytes);
  if (others !== undefined) {
    gauge("workers", "Processes that serve beside the first one", () => others.serving);
  }
  const help = "Always 1; its label says which version runs";
  const info = { name: "tickwire_build_info", help, labelNames: ["version"] };
  new Gauge({ ...info, registers: [registry] }).set({ version }, 1);
  addFeeds(registry, parts.feeds);
  return registry;
}

function addFeeds(registry: Registry, feeds: MeasuredParts["feeds"]): void {
  const one = (what: string, help: string) => ({
    name: `tickwire_feed_${what}`,
    help,
    labelNames: ["feed"],
    registers: [registry],
  });
  const count = (what: string, help: string, read: (report: FeedReport) => number) =>
    new Counter({
      ...one(what, help),
      collect() {
        this.reset();
        for (const report of feeds.reports()) this.inc({ feed: report.name }, read(report));
      },
    });
  count("ticks_total", "Ticks put on the tape", ({ ticks }) => ticks);
  count("retries_total", "Times that the source was tried again", ({ retries }) => retries);
  count(
    "left_out_total",
    "Records that could not be read, or had no room",
    ({ leftOut }) => leftOut,
  );
  const gauge = (what: string, help: string, read: (report: FeedReport) => number | null) =>
    new Gauge({
      ...one(what, help),
      collect() {
        this.reset();
        for (const report of feeds.reports()) {
          const value = read(report);
          if (value !== null) this.set({ feed: report.name }, value);
        }
      },
    });
  gauge("ticks_per_second", "Ticks a second over the last ten seconds", ({ rate }) => rate);
  gauge(
    "lag_seconds",
    "Age of the newest tick by its own time",
    ({ lag }) => lag === null ? null : lag / 1_000,
  );
  gauge(
    "last_error_timestamp_seconds",
    "When something went wrong last, in Unix time",
    ({ errorTime }) => errorTime === null ? null : errorTime / 1_000,
  );
  new Gauge({
    ...one("state", "1 for the state that the feed is in"),
    labelNames: ["feed", "state"],
    collect() {
      this.reset();
      for (const { name, state } of feeds.reports()) {
        for (const each of STATES) this.set({ feed: name, state: each }, each === state ? 1 : 0);
      }
    },
  });
}

/** Prints what `Durations` has counted. */
export class DurationHistogram extends Histogram {
  readonly #about: { readonly name: string; readonly help: string };
  readonly #counted: Durations;

  constructor(
    about: { readonly name: string; readonly help: string; readonly registers: Registry[] },
    counted: Durations,
  ) {
    super({ ...about, buckets: BOUNDS });
    this.#about = about;
    this.#counted = counted;
  }

  /** The registry calls this method to write the metric. */
  getForPromString() {
    const { name, help } = this.#about;
    const { counts, sum } = this.#counted;
    let count = 0;
    const buckets = [...BOUNDS, "+Inf"].map((le, at) => {
      // In Prometheus a bucket includes all smaller ones.
      count += counts[at]!;
      return { metricName: `${name}_bucket`, labels: { le }, value: count };
    });
    const values = [
      ...buckets,
      { metricName: `${name}_sum`, labels: {}, value: sum },
      { metricName: `${name}_count`, labels: {}, value: count },
    ];
    return Promise.resolve({ name, help, type: "histogram", values });
  }
}
