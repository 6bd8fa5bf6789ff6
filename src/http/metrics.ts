/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
import { Hono } from "hono";
import { Counter, Gauge, Registry } from "prom-client";
import type { Market } from "../core/market.ts";
import type { FeedReport } from "../feeds/feed_run.ts";
import type { Hub } from "../hub/hub.ts";
import type { LogState } from "../log/log.ts";
import type { Rooms } from "../hub/rooms.ts";
import type { StoredTape } from "../tape/stored_tape.ts";
import { withOthers } from "./added_figures.ts";
import { DurationHistogram } from "./duration_histogram.ts";
import { checkReadsAll } from "./access/grants.ts";

/** The parts of the server that the metrics read. */
export interface MetricsOptions {
  readonly version: string;
  readonly hub: Hub;
  readonly rooms: Pick<Rooms, "roomCount" | "sessionCount">;
  readonly market: Market;
  readonly tape: StoredTape;
  readonly log: { readonly state: LogState };
  readonly backup: { readonly newest: number | undefined };
  /** Time between two calls of `advanced`. */
  readonly advanceMs: number;
  readonly feeds: { reports(): readonly FeedReport[] };
  /** The other processes of this server, if any. */
  readonly others?: Others | undefined;
  /** Milliseconds, with a fraction. */
  elapsed(): number;
  memoryBytes(): number;
}

export interface Others {
  /** Number of these processes that serve. */
  readonly serving: number;
  /** The result of `text` in each of these processes. */
  figures(): Promise<string[]>;
}

const STATES: readonly FeedReport["state"][] = [
  "standby",
  "starting",
  "running",
  "paused",
  "retrying",
  "ended",
  "failed",
];

/** `GET /metrics` for a Prometheus server. No metric does work for each single tick. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #options: MetricsOptions;
  readonly #append: DurationHistogram;
  readonly #flush: DurationHistogram;
  readonly #late: DurationHistogram;
  #advancedAt: number | undefined;

  constructor(options: MetricsOptions) {
    this.#options = options;
    const { version, hub, rooms, market, tape, log, backup, memoryBytes } = options;
    this.#append = this.#durations(
      "append_seconds",
      "Time to take in what has arrived: tape, board and bars",
    );
    this.#flush = this.#durations("flush_seconds", "Time to make and send the frames that are due");
    this.#late = this.#durations("event_loop_lag_seconds", "How late the clock's work is begun");
    this.#gauge("clients", "Clients connected to streams and grids", () => hub.sessionCount);
    this.#gauge("cohorts", "Groups of clients that share their frames", () => hub.cohortCount);
    this.#gauge("rooms", "Rooms that are kept", () => rooms.roomCount);
    this.#gauge("room_clients", "Clients connected to rooms", () => rooms.sessionCount);
    const { sent } = hub;
    this.#counter("sent_frames_total", "Frames of ticks, quotes and bars sent", () => sent.frames);
    this.#counter("sent_updates_total", "Ticks, quotes and bars in them", () => sent.updates);
    this.#counter("sent_bytes_total", "Bytes of text in them", () => sent.bytes);
    this.#gauge("symbols", "Instruments known", () => market.catalogue.size);
    this.#gauge("tape_head", "Seq of the newest tick", () => tape.head);
    this.#gauge("tape_tail", "Seq before the oldest tick that is kept", () => tape.tail);
    this.#gauge("tape_bytes", "Bytes that the tape has in use", () => tape.bytes);
    const { state } = log;
    const lag = () => log.state.lag;
    if (state.engine !== "local") {
      const connected = () => Number(log.state.connected);
      this.#gauge("log_connected", "1 while something can be logged", connected);
      this.#gauge("log_lag_entries", "Entries of the log that are not read", () => lag().entries);
      this.#gauge("log_lag_seconds", "Age of the newest entry read", () => lag().ms / 1_000);
      const again = "Times that the connection to the log was made again";
      this.#counter("log_reconnects_total", again, () => log.state.reconnects);
    }
    if (backup.newest !== undefined) {
      const help = "When the newest backup was made, in Unix time; 0 when there is none";
      this.#gauge("backup_timestamp_seconds", help, () => backup.newest! / 1_000);
    }
    this.#gauge("memory_bytes", "Resident memory, of all processes", memoryBytes);
    const { others } = options;
    if (others !== undefined) {
      this.#gauge("workers", "Processes that serve beside the first one", () => others.serving);
    }
    const help = "Always 1; its label says which version runs";
    const info = { name: "tickwire_build_info", help, labelNames: ["version"] };
    new Gauge({ ...info, registers: [this.#registry] }).set({ version }, 1);
    this.#feeds();
  }

  /** Runs `work`, which writes one flush, and measures it. */
  append<Result>(work: () => Result): Result {
    const { tape, elapsed } = this.#options;
    const [{ head }, beganAt] = [tape, elapsed()];
    const result = work();
    if (tape.head > head) this.#append.add(elapsed() - beganAt);
    return result;
  }

  /** Runs `work`, which sends one flush, and measures it. */
  flush<Result>(work: () => Result): Result {
    const beganAt = this.#options.elapsed();
    const result = work();
    this.#flush.add(this.#options.elapsed() - beganAt);
    return result;
  }

  /** Call this at each run of the timer: it measures how late the run is. */
  advanced(): void {
    const { elapsed, advanceMs } = this.#options;
    const now = elapsed();
    const lateMs = this.#advancedAt === undefined ? 0 : now - this.#advancedAt - advanceMs;
    this.#late.add(Math.max(0, lateMs));
    this.#advancedAt = now;
  }

  routes(): Hono {
    return new Hono().get("/metrics", async (c) => {
      checkReadsAll(c);
      const { contentType } = this.#registry;
      const figures = await this.#options.others?.figures() ?? [];
      return new Response(withOthers(await this.text(), figures), {
        headers: { "content-type": contentType, "cache-control": "no-store" },
      });
    });
  }

  /** The metrics of this process alone, in Prometheus format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #feeds(): void {
    const { feeds } = this.#options;
    const one = (what: string, help: string) => ({
      name: `tickwire_feed_${what}`,
      help,
      labelNames: ["feed"],
      registers: [this.#registry],
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

  #counter(what: string, help: string, read: () => number): void {
    new Counter({
      name: `tickwire_${what}`,
      help,
      registers: [this.#registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  }

  #gauge(what: string, help: string, read: () => number): void {
    new Gauge({
      name: `tickwire_${what}`,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  #durations(what: string, help: string): DurationHistogram {
    return new DurationHistogram({ name: `tickwire_${what}`, help, registers: [this.#registry] });
  }
}
