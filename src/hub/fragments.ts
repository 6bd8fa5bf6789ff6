import type { Format, Fragment, Item, Subscription } from "./wire.ts";

/** Texts of items that several cohorts send, each made once per format and flush. */
export class Fragments {
  readonly #byFormat = new Map<Format, Map<Item, Fragment>>();

  of(subscription: Subscription, item: Item): Fragment {
    const { format, channel } = subscription;
    let made = this.#byFormat.get(format);
    if (made === undefined) this.#byFormat.set(format, made = new Map());
    let fragment = made.get(item);
    if (fragment === undefined) {
      fragment = { symbol: item.symbol, text: format.fragment(channel, item) };
      made.set(item, fragment);
    }
    return fragment;
  }

  clear(): void {
    for (const made of this.#byFormat.values()) if (made.size > 0) made.clear();
  }
}
