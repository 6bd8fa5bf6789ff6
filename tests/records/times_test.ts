import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { timeReader, type TimeRules } from "../../src/records/times.ts";
import { zoneOf } from "../../src/records/zones.ts";

function read(value: unknown, rules: TimeRules = {}): string | undefined {
  const time = timeReader(rules)(value);
  return time === undefined ? undefined : new Date(time).toISOString();
}

describe("timeReader", () => {
  test("timeReader reads unambiguous times without options", () => {
    const times: [unknown, string][] = [
      ["2024-05-06T07:08:09.123Z", "2024-05-06T07:08:09.123Z"],
      ["2024-05-06 07:08:09.1", "2024-05-06T07:08:09.100Z"],
      ["2024-05-06 07:08:09,123456 +02:00", "2024-05-06T05:08:09.123Z"],
      ["2024-05-06T07:08", "2024-05-06T07:08:00.000Z"],
      ["2024/5/6", "2024-05-06T00:00:00.000Z"],
      ["2024.05.06 07:08:09 UTC", "2024-05-06T07:08:09.000Z"],
      ["20240506", "2024-05-06T00:00:00.000Z"],
      [20240506, "2024-05-06T00:00:00.000Z"],
      ["20240506T070809Z", "2024-05-06T07:08:09.000Z"],
      ["20240506070809", "2024-05-06T07:08:09.000Z"],
      ["20240506070809123", "2024-05-06T07:08:09.123Z"],
      [1_714_979_289, "2024-05-06T07:08:09.000Z"],
      ["1714979289.5", "2024-05-06T07:08:09.500Z"],
      [1_714_979_289_123, "2024-05-06T07:08:09.123Z"],
      ["1714979289123456", "2024-05-06T07:08:09.123Z"],
      ["1714979289123456789", "2024-05-06T07:08:09.123Z"],
    ];
    for (const [value, time] of times) assert.equal(read(value), time, String(value));
  });

  test("timeReader keeps fractions of a millisecond", () => {
    assert.equal(
      timeReader({})("2024-05-06T07:08:09.1234Z"),
      Date.UTC(2024, 4, 6, 7, 8, 9, 123) + 0.4,
    );
    assert.equal(timeReader({ unit: "us" })(1_500), 1.5);
  });

  test("timeReader reads formats of fixed tokens", () => {
    const times: [string, string, string][] = [
      ["DD.MM.YYYY HH:mm:ss.SSS", "01.02.2020 22:00:00.123", "2020-02-01T22:00:00.123Z"],
      ["DD.MM.YYYY HH:mm:ss.SSS", "01.02.2020 22:00:00", "2020-02-01T22:00:00.000Z"],
      ["M/D/YYYY h:mm A", "2/28/2020 12:05 am", "2020-02-28T00:05:00.000Z"],
      ["D-MMM-YY", "1-Feb-69", "1969-02-01T00:00:00.000Z"],
      ["ddd, D MMM YYYY HH:mm:ss Z", "Fri, 21 Nov 2025 04:40:00 GMT", "2025-11-21T04:40:00.000Z"],
      ["YYYYMMDDHHmm", "202002011030", "2020-02-01T10:30:00.000Z"],
      ["[at] MMMM D, YYYY HH:mmZ", "at March 3, 2020 10:00-0500", "2020-03-03T15:00:00.000Z"],
    ];
    for (const [format, text, time] of times) assert.equal(read(text, { format }), time, text);
  });

  test("timeReader refuses days and hours that do not exist", () => {
    for (const text of ["2023-02-29", "2024-13-01", "2024-01-02 24:00", "2024-1", "1e400", "x"]) {
      assert.equal(read(text), undefined, text);
    }
    assert.equal(read("31.02.2020", { format: "DD.MM.YYYY" }), undefined);
    assert.equal(read("1/2/2020 13:00 PM", { format: "M/D/YYYY h:mm A" }), undefined);
  });

  test("timeReader takes the earlier of a repeated hour, and goes on after a skipped one", () => {
    const zone = zoneOf("Europe/Berlin");
    assert.equal(read("2024-10-27 02:30:00", { zone }), "2024-10-27T00:30:00.000Z");
    assert.equal(read("2024-03-31 02:30:00", { zone }), "2024-03-31T01:30:00.000Z");
    assert.equal(read("2024-10-27T02:30:00+01:00", { zone }), "2024-10-27T01:30:00.000Z");
    assert.equal(read(1_714_979_289, { zone }), "2024-05-06T07:08:09.000Z");
  });
});
