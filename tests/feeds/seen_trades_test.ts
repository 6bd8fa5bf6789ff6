import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { SeenTrades } from "../../src/feeds/seen_trades.ts";

const trade = (id: string, time: number) => ({ id, time });
const ids = (trades: readonly { id: string }[]) => trades.map(({ id }) => id).join("");

describe("SeenTrades", () => {
  test("SeenTrades takes each trade once, late ones too", () => {
    const seen = new SeenTrades(undefined);
    assert.equal(ids(seen.take([trade("b", 2), trade("a", 1), trade("b", 2)])), "ab");
    assert.equal(
      ids(seen.take([trade("b", 2), trade("c", 2), trade("x", 1), trade("d", 3)])),
      "xcd",
    );
    assert.deepEqual(seen.newest, trade("d", 3));
  });

  test("SeenTrades continues after a restart: older trades are known, trades of the same moment by their ids", () => {
    const before = new SeenTrades(undefined);
    before.take([trade("a", 1), trade("b", 2), trade("c", 2)]);
    const seen = new SeenTrades(before.mark);
    assert.deepEqual(seen.newest, trade("c", 2));
    const again = [trade("z", 1), trade("a", 1), trade("b", 2), trade("c", 2), trade("d", 2)];
    assert.equal(ids(seen.take([...again, trade("e", 3)])), "de");
  });

  test("SeenTrades keeps the order of ids in one moment, and of arrival without ids", () => {
    const seen = new SeenTrades(undefined);
    const given = [trade("100", 1), trade("99", 1), trade("9", 0), trade("b", 2), trade("a", 2)];
    assert.deepEqual(seen.take(given).map(({ id }) => id), ["9", "99", "100", "b", "a"]);
  });

  test("SeenTrades remembers a limited number, and takes no trade that it has forgotten", () => {
    const seen = new SeenTrades(undefined);
    for (let time = 0; time < 20_000; time++) seen.take([trade(`t${time}`, time)]);
    assert.equal(ids(seen.take([trade("t100", 100), trade("t19000", 19_000)])), "");
    assert.equal(ids(seen.take([trade("late", 19_500)])), "late");
    assert.ok(seen.mark.length < 100);
  });
});
