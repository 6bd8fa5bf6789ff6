import { Histogram, type HistogramConfiguration } from "prom-client";

/** Upper bounds of the buckets, in seconds. */
const BOUNDS = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

/**
 * A histogram of durations. The server adds a value for every flush, so `add` only counts; the
 * objects for the library are made when a client requests the metrics.
 */
export class DurationHistogram extends Histogram {
  /** One count for each bucket, and one for longer durations. */
  readonly #counts = new Float64Array(BOUNDS.length + 1);
  readonly #about: { readonly name: string; readonly help: string };
  #sum = 0;

  constructor(options: Pick<HistogramConfiguration<string>, "name" | "help" | "registers">) {
    super({ ...options, buckets: BOUNDS });
    this.#about = { name: options.name, help: options.help };
  }

  add(ms: number): void {
    const seconds = ms / 1_000;
    let at = 0;
    while (at < BOUNDS.length && seconds > BOUNDS[at]!) at++;
    this.#counts[at]!++;
    this.#sum += seconds;
  }

  /** The registry calls this method to write the metric. */
  getForPromString() {
    const { name, help } = this.#about;
    let count = 0;
    const buckets = [...BOUNDS, "+Inf"].map((le, at) => {
      // In Prometheus a bucket includes all smaller ones.
      count += this.#counts[at]!;
      return { metricName: `${name}_bucket`, labels: { le }, value: count };
    });
    const values = [
      ...buckets,
      { metricName: `${name}_sum`, labels: {}, value: this.#sum },
      { metricName: `${name}_count`, labels: {}, value: count },
    ];
    return Promise.resolve({ name, help, type: "histogram", values });
  }
}
