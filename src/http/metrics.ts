/** https://prometheus.io/docs/instrumenting/exposition_formats/ */
import { Hono } from "hono";
import type { Registry } from "prom-client";
import { withOthers } from "./added_figures.ts";
import { checkReadsAll } from "./access/grants.ts";
import { Durations } from "./durations.ts";
import type { MeasuredParts } from "./metric_registry.ts";

export interface MetricsOptions extends MeasuredParts {
  /** Time between two calls of `advanced`. */
  readonly advanceMs: number;
  /** Milliseconds, with a fraction. */
  elapsed(): number;
}

/** `GET /metrics` for a Prometheus server. No metric does work for each single tick. */
export class Metrics {
  readonly #options: MetricsOptions;
  readonly #durations = { append: new Durations(), flush: new Durations(), late: new Durations() };
  #registry: Promise<Registry> | undefined;
  #advancedAt: number | undefined;

  constructor(options: MetricsOptions) {
    this.#options = options;
  }

  /** Runs `work`, which writes one flush, and measures it. */
  append<Result>(work: () => Result): Result {
    const { tape, elapsed } = this.#options;
    const [{ head }, beganAt] = [tape, elapsed()];
    const result = work();
    if (tape.head > head) this.#durations.append.add(elapsed() - beganAt);
    return result;
  }

  /** Runs `work`, which sends one flush, and measures it. */
  flush<Result>(work: () => Result): Result {
    const beganAt = this.#options.elapsed();
    const result = work();
    this.#durations.flush.add(this.#options.elapsed() - beganAt);
    return result;
  }

  /** Call this at each run of the timer: it measures how late the run is. */
  advanced(): void {
    const { elapsed, advanceMs } = this.#options;
    const now = elapsed();
    const lateMs = this.#advancedAt === undefined ? 0 : now - this.#advancedAt - advanceMs;
    this.#durations.late.add(Math.max(0, lateMs));
    this.#advancedAt = now;
  }

  routes(): Hono {
    return new Hono().get("/metrics", async (c) => {
      checkReadsAll(c);
      const figures = await this.#options.others?.figures() ?? [];
      const registry = await this.#open();
      return new Response(withOthers(await registry.metrics(), figures), {
        headers: { "content-type": registry.contentType, "cache-control": "no-store" },
      });
    });
  }

  /** The metrics of this process alone, in Prometheus format. */
  async text(): Promise<string> {
    return await (await this.#open()).metrics();
  }

  /** The library is loaded at the first request, because many servers are never asked. */
  #open(): Promise<Registry> {
    return this.#registry ??= import("./metric_registry.ts").then(({ metricRegistry }) =>
      metricRegistry(this.#options, this.#durations)
    );
  }
}
