import type { Market } from "../core/market.ts";
import { Cohort } from "./cohort.ts";
import type { Scene } from "./scene.ts";
import { channelName } from "./topic.ts";
import type { Subscription } from "./wire.ts";

/** Beyond so many members an equal cohort is begun, so that one flush does not take too long. */
export const MEMBERS_MAX = 512;

/** The cohorts by what their members have subscribed to, and by the symbols that they want. */
export class Cohorts {
  readonly #market: Market;
  readonly #scene: Scene;
  readonly #equals = new Map<string, Cohort[]>();
  /** An entry for every symbol of which the cohorts have been told. */
  readonly #watchers = new Map<string, Set<Cohort>>();
  #subCount = 0;

  /** @param scene from which rows are made */
  constructor(market: Market, scene: Scene) {
    this.#market = market;
    this.#scene = scene;
  }

  get size(): number {
    let size = 0;
    for (const equals of this.#equals.values()) size += equals.length;
    return size;
  }

  /** A cohort of this subscription that has room, made when there is none. */
  of(subscription: Subscription): Cohort {
    const { selection, channel } = subscription;
    const key = keyOf(subscription);
    const equals = this.#equals.get(key) ?? [];
    const known = equals.find(({ size }) => size < MEMBERS_MAX);
    if (known !== undefined) return known;
    const { symbols } = selection.resolve(this.#market.catalogue);
    // A symbol of which no cohort has been told yet is told to those that are there already.
    for (const symbol of symbols) this.watching(symbol);
    const sub = equals[0]?.sub ?? `${channel.kind[0]}${++this.#subCount}`;
    const cohort = new Cohort(sub, key, subscription, this.#scene);
    this.#equals.set(key, [...equals, cohort]);
    for (const symbol of symbols) this.#attach(cohort, symbol);
    cohort.essences.settle(cohort.symbols);
    return cohort;
  }

  /** The name of an equal subscription, if somebody has one. */
  subOf(subscription: Subscription): string | undefined {
    return this.#equals.get(keyOf(subscription))?.[0]?.sub;
  }

  /** The cohorts that want a symbol, which may have appeared just now. */
  watching(symbol: string): ReadonlySet<Cohort> {
    return this.#watchers.get(symbol) ?? this.#appear(symbol);
  }

  /** A symbol is gone: when it appears again, it is told to those who have come meanwhile too. */
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
