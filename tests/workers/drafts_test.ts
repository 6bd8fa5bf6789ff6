import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeDraft, encodeDraft } from "../../src/workers/drafts.ts";
import { tick } from "../core/ticks.ts";

describe("encodeDraft", () => {
  test("A draft of any size is the same after its transfer", () => {
    for (const count of [0, 1, 4_096, 10_000]) {
      const ticks = Array.from({ length: count }, (_, index) => {
        const size = index % 3 === 0 ? null : index;
        return tick({ symbol: `S${index % 300}`, time: index, price: index / 7, size, bid: null });
      });
      const draft = {
        ticks,
        key: "a key",
        definitions: [{ symbol: "S1", fields: { name: "Ä", decimals: 2 } }],
        marks: [{ name: "m", value: "1" }],
      };
      const { ticks: found, ...rest } = decodeDraft(encodeDraft(draft));
      const { ticks: _, ...given } = draft;
      assert.deepEqual(rest, given);
      assert.deepEqual(
        found.map(({ symbol, time, price, size, bid, ask }) => ({
          ...{ symbol, time, price, size, bid, ask },
        })),
        ticks,
      );
    }
  });
});
