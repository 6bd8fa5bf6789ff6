import type { Row } from "../core/board.ts";
import { Traffic } from "./traffic.ts";
import type { Format, Fragment, Item, Subscription } from "./wire.ts";

interface Change extends Fragment {
  readonly format: Format;
  readonly before: Row;
}

/** The texts of items, made once per format and flush for all cohorts. Counts what was sent too. */
export class FragmentCache {
  readonly sent = new Traffic();
  readonly #byFormat = new Map<Format, Map<Item, Fragment>>();
  readonly #changes = new Map<Row, Change>();

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

  /** The change of a quote, for readers that have the row before. The format must have `change`. */
  ofChange(format: Format, before: Row, row: Row): Fragment {
    let made = this.#changes.get(row);
    if (made?.before !== before || made.format !== format) {
      made = { symbol: row.symbol, text: format.change!(before, row), format, before };
      this.#changes.set(row, made);
    }
    return made;
  }

  clear(): void {
    if (this.#changes.size > 0) this.#changes.clear();
    for (const made of this.#byFormat.values()) if (made.size > 0) made.clear();
  }
}
