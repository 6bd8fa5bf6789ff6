/** A bar in TradingView's charting library: milliseconds and numbers. */
export interface ChartBar {
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

interface Answer {
  readonly s?: string;
  readonly errmsg?: string;
}

type Columns = Record<"t" | "o" | "h" | "l" | "c" | "v", number[]>;

export interface SymbolInfo {
  readonly name: string;
  readonly ticker: string;
  readonly pricescale: number;
  readonly supported_resolutions: readonly string[];
  readonly seconds_multipliers: readonly string[];
}

/**
 * Sends requests to a UDF server as the stock datafeed of TradingView's charting library does: it
 * ignores the HTTP status, an answer with `s` is no symbol, and live bars come from polling.
 */
export class Datafeed {
  readonly #url: string;
  /** Start of the newest reported bar, by subscription. */
  readonly #told = new Map<string, number>();

  constructor(url: string) {
    this.#url = url;
  }

  async #ask(path: string, query: Readonly<Record<string, string | number>> = {}) {
    const params = Object.entries(query).map(([name, value]) =>
      `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`
    );
    const response = await fetch(
      `${this.#url}/${path}${params.length > 0 ? "?" : ""}${params.join("&")}`,
    );
    return JSON.parse(await response.text());
  }

  async ready(): Promise<{ readonly supported_resolutions: readonly string[] }> {
    const config = await this.#ask("config");
    if (!config.supports_search && !config.supports_group_request) {
      throw new Error("Unsupported configuration");
    }
    return config;
  }

  async serverTime(): Promise<number> {
    return parseInt(await this.#ask("time"));
  }

  async search(text: string): Promise<{ readonly ticker: string }[]> {
    const found = await this.#ask("search", {
      limit: 30,
      query: text.toUpperCase(),
      type: "",
      exchange: "",
    });
    return found.s === undefined ? found : [];
  }

  async resolve(name: string): Promise<SymbolInfo> {
    const info: SymbolInfo & Answer = await this.#ask("symbols", { symbol: name });
    if (info.s !== undefined) throw new Error("unknown_symbol");
    return info;
  }

  /** Times are in seconds. */
  async bars(
    { ticker }: SymbolInfo,
    resolution: string,
    range: { readonly from: number; readonly to: number; readonly countback: number },
  ): Promise<{ bars: ChartBar[]; nextTime?: number | undefined }> {
    const answer: Answer & Columns & { nextTime?: number } = await this.#ask("history", {
      symbol: ticker,
      resolution,
      ...range,
    });
    if (answer.s === "no_data") return { bars: [], nextTime: answer.nextTime };
    if (answer.s !== "ok") throw new Error(answer.errmsg);
    const { t, o, h, l, c, v } = answer;
    const bars = t.map((seconds, index) => ({
      time: seconds * 1_000,
      open: o[index]!,
      high: h[index]!,
      low: l[index]!,
      close: c[index]!,
      volume: v[index]!,
    }));
    return { bars };
  }

  /** Requests the bars before a time as a chart does; it follows `nextTime` over a gap. */
  async chart(
    info: SymbolInfo,
    resolution: string,
    to: number,
    count: number,
  ): Promise<ChartBar[]> {
    const bars: ChartBar[] = [];
    for (let before = to; bars.length < count;) {
      const from = before - periodSeconds(resolution) * (count - bars.length);
      const found = await this.bars(info, resolution, {
        from,
        to: before,
        countback: count - bars.length,
      });
      if (found.bars.length === 0 && found.nextTime === undefined) break;
      bars.unshift(...found.bars);
      before = found.bars.length > 0
        ? found.bars[0]!.time / 1_000
        : found.nextTime! + periodSeconds(resolution);
    }
    return bars.slice(-count);
  }

  /** Polls for new bars, as the datafeed does. @throws if the bar before a new one is missing */
  async poll(
    info: SymbolInfo,
    resolution: string,
    now: number,
    listener: (bar: ChartBar) => void,
  ): Promise<void> {
    const from = now - periodSeconds(resolution) * 10;
    const { bars } = await this.bars(info, resolution, { from, to: now, countback: 2 });
    const newest = bars.at(-1);
    const key = `${info.ticker} ${resolution}`;
    const told = this.#told.get(key);
    if (newest === undefined || (told !== undefined && newest.time < told)) return;
    if (told !== undefined && newest.time > told) {
      const previous = bars.at(-2);
      if (previous === undefined) {
        throw new Error("Not enough bars in history for proper pulse update. Need at least 2.");
      }
      listener(previous);
    }
    this.#told.set(key, newest.time);
    listener(newest);
  }
}

/** Like the stock client, this takes seconds for minutes, so it asks for more than it needs. */
function periodSeconds(resolution: string): number {
  if (/D$/.test(resolution)) return 86_400;
  if (/W$/.test(resolution)) return 604_800;
  return parseInt(resolution) * 60;
}
