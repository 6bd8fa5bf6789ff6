import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Market } from "../../src/core/market.ts";
import { liveView } from "../../src/hub/market_view.ts";
import { next } from "../core/ticks.ts";
import { TestStore } from "../helpers/store.ts";

describe("present", () => {
  it("present reads bars that the market no longer holds from the archive", () => {
    const { tape } = new TestStore();
    const market = new Market({ barsKept: 4 });
    for (let second = 0; second < 50; second++) market.apply(next({ time: second * 1_000 }));
    market.apply(next({ time: 0, price: 7 }));
    tape.hold(market.takeDropped());
    assert.equal(market.bar("A", "1s", 0), undefined);
    const view = liveView(market, tape);
    assert.deepEqual([view.bar("A", "1s", 0)?.close, view.bar("A", "1s", 49_000)?.count], [7, 1]);
    assert.equal(view.bar("A", "1s", 50_000), undefined);
    assert.deepEqual([view.seq, view.newestBar("A", "1s")?.time], [market.seq, 49_000]);
  });
});
