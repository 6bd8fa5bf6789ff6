import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { read } from "./reading.ts";

const BERLIN = "zone=Europe/Berlin";

/** Hours and minutes; `read` leaves out midnight. */
const clockOf = (time: unknown) => String(time).slice(11, 16) || "00:00";

/** Reads lines of a time of 27 October 2024 and a price. @returns hours and minutes in UTC */
async function ticksOf(times: readonly string[], query = `symbol=X&${BERLIN}`): Promise<string[]> {
  const lines = times.map((time, index) => `2024-10-27 ${time},${index + 1}\n`).join("");
  const { ticks } = await read(`time,price\n${lines}`, query);
  return ticks.map(([, time]) => clockOf(time));
}

/** Reads bars of symbols. @returns symbol, and hours and minutes in UTC */
async function barsOf(bars: readonly (readonly [string, string])[]): Promise<string[]> {
  const lines = bars.map(([symbol, time]) => `${symbol},2024-10-27 ${time}:00,1,1,1,1\n`).join("");
  const table = await read(`symbol,time,open,high,low,close\n${lines}`, `interval=30m&${BERLIN}`);
  return table.bars.map(([symbol, , time]) => `${symbol} ${clockOf(time)}`);
}

const X = (times: readonly string[]) => times.map((time) => ["X", time] as const);

describe("An hour that the clock shows twice", () => {
  it("is the first one until the times go back", async () => {
    const times = ["01:59:00", "02:10:00", "02:50:00", "02:10:00", "02:50:00", "03:00:00"];
    assert.deepEqual(await ticksOf(times), ["23:59", "00:10", "00:50", "01:10", "01:50", "02:00"]);
  });

  it("is the second one until the times go on, if the newest comes first", async () => {
    const times = ["03:00:00", "02:50:00", "02:10:00", "02:50:00", "02:10:00", "01:59:00"];
    assert.deepEqual(await ticksOf(times), ["02:00", "01:50", "01:10", "00:50", "00:10", "23:59"]);
  });

  it("does not begin again by ticks that are late by some minutes", async () => {
    const times = ["01:59:00", "02:50:00", "02:45:00", "02:55:00", "02:20:00", "02:15:00"];
    assert.deepEqual(await ticksOf(times), ["23:59", "00:50", "00:45", "00:55", "01:20", "01:15"]);
  });

  it("leaves times with an offset as they are", async () => {
    const times = ["02:50:00+02:00", "02:10:00+02:00"];
    assert.deepEqual(await ticksOf(times), ["00:50", "00:10"]);
  });

  it("loses no bar", async () => {
    const times = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"];
    const expected = ["X 23:30", "X 00:00", "X 00:30", "X 01:00", "X 01:30", "X 02:00"];
    assert.deepEqual(await barsOf(X(times)), expected);
    assert.deepEqual(await barsOf(X(times.toReversed())), expected.toReversed());
  });

  it("begins again by a bar with the time of the bar before", async () => {
    const times = ["01:00", "02:00", "02:00", "03:00"];
    assert.deepEqual(await barsOf(X(times)), ["X 23:00", "X 00:00", "X 01:00", "X 02:00"]);
  });

  it("passes for each symbol by itself", async () => {
    const bars = ["02:00", "02:30", "02:00"].flatMap((time) => [["A", time], ["B", time]] as const);
    assert.deepEqual(await barsOf(bars), [
      ...["A 00:00", "B 00:00", "A 00:30", "B 00:30"],
      ...["A 01:00", "B 01:00"],
    ]);
  });

  it("comes anew in the next year", async () => {
    const lines = ["2024-10-27 02:30", "2024-10-27 02:00", "2025-10-26 02:30", "2025-10-26 02:00"];
    const { ticks } = await read(
      `time,price\n${lines.map((line) => `${line},1\n`).join("")}`,
      `symbol=X&${BERLIN}`,
    );
    assert.deepEqual(ticks.map(([, time]) => String(time).slice(0, 16)), [
      ...["2024-10-27T00:30", "2024-10-27T01:00"],
      ...["2025-10-26T00:30", "2025-10-26T01:00"],
    ]);
  });
});
