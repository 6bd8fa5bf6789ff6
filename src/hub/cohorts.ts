import type { Market } from "../core/market.ts";
import { Cohort } from "./cohort.ts";
import type { MarketView } from "./market_view.ts";
import { channelName } from "./topic.ts";
import type { Subscription } from "./wire.ts";

/** Most members of a cohort. The next one starts an equal cohort, so that each flush is short. */
export const MEMBERS_MAX = 512;

/** Finds cohorts by subscription and by symbol. */
export class Cohorts {
  readonly #market: Market;
  readonly #view: MarketView;
  readonly #equals = new Map<string, Cohort[]>();
  /** The cohorts that want a symbol, for every symbol that has appeared. */
  readonly #watchers = new Map<string, Set<Cohort>>();
  #subCount = 0;

  /** @param view supplies the rows of frames */
  constructor(market: Market, view: MarketView) {
    this.#market = market;
    this.#view = view;
  }

  get size(): number {
    let size = 0;
    for (const equals of this.#equals.values()) size += equals.length;
    return size;
  }

  /** Finds a cohort of this subscription with room for a member, or makes one. */
  of(subscription: Subscription): Cohort {
    const { selection, channel } = subscription;
    const key = keyOf(subscription);
    const equals = this.#equals.get(key) ?? [];
    const known = equals.find(({ size }) => size < MEMBERS_MAX);
    if (known !== undefined) return known;
    const { symbols } = selection.resolve(this.#market.catalogue);
    // A symbol that is new here must also be attached to the cohorts that exist already.
    for (const symbol of symbols) this.watching(symbol);
    const sub = equals[0]?.sub ?? `${channel.kind[0]}${++this.#subCount}`;
    const cohort = new Cohort(sub, key, subscription, this.#view);
    this.#equals.set(key, [...equals, cohort]);
    for (const symbol of symbols) this.#attach(cohort, symbol);
    cohort.changeFilter.settle(cohort.symbols);
    return cohort;
  }

  /** The name of an equal subscription, if there is one. */
  subOf(subscription: Subscription): string | undefined {
    return this.#equals.get(keyOf(subscription))?.[0]?.sub;
  }

  /** The cohorts that want a symbol; the symbol may be new. */
  watching(symbol: string): ReadonlySet<Cohort> {
    return this.#watchers.get(symbol) ?? this.#appear(symbol);
  }

  /** Forgets a removed symbol. If it appears again, it is offered to all cohorts of that time. */
  forget(symbol: string): void {
    this.#watchers.delete(symbol);
  }

  delete(cohort: Cohort): void {
    const others = this.#equals.get(cohort.key)?.filter((each) => each !== cohort) ?? [];
    if (others.length > 0) this.#equals.set(cohort.key, others);
    else this.#equals.delete(cohort.key);
    for (const symbol of cohort.symbols) this.#watchers.get(symbol)?.delete(cohort);
  }

  #appear(symbol: string): Set<Cohort> {
    const watchers = new Set<Cohort>();
    this.#watchers.set(symbol, watchers);
    for (const equals of this.#equals.values()) {
      if (!equals[0]!.subscription.selection.matches(symbol)) continue;
      for (const cohort of equals) this.#attach(cohort, symbol);
    }
    return watchers;
  }

  #attach(cohort: Cohort, symbol: string): void {
    cohort.attach(symbol);
    this.#watchers.get(symbol)!.add(cohort);
  }
}

/** Equal for subscriptions with the same content. */
function keyOf({ selection, channel, mode, every, format }: Subscription): string {
  return [channelName(channel), mode, every, format.name, selection.key].join(" ");
}
