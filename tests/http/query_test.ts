import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ALL } from "../../src/hub/grant.ts";
import { LIMIT_DEFAULT, LIMIT_MAX, Query } from "../../src/http/query.ts";
import { HttpError } from "../../src/http/http_error.ts";

const NOW = 1_763_700_000_000;
const query = (text: string) => new Query(`http://localhost/?${text}`, NOW, ALL);

describe("Query", () => {
  test("Query treats an empty parameter as absent", () => {
    const empty = query("text=&from=&limit=&choice=&symbol=");
    assert.equal(empty.text("text"), undefined);
    assert.equal(empty.time("from"), undefined);
    assert.equal(empty.limit(), LIMIT_DEFAULT);
    assert.equal(empty.choice("choice", ["a", "b"], "b"), "b");
    assert.deepEqual(empty.symbols(), []);
  });

  test("Query reads limits from 1 to 10,000,000", () => {
    assert.equal(query("").limit(), 1_000);
    assert.equal(query("limit=1").limit(), 1);
    assert.equal(query("limit=10000000").limit(), LIMIT_MAX);
    for (
      const text of ["0", "10000001", "-1", "1.5", "1e3", "x", "%201", "0x10", "1".repeat(400)]
    ) {
      assert.throws(() => query(`limit=${text}`).limit(), HttpError, text);
    }
  });

  test("Query reads times, also with a plus sign that came as a blank", () => {
    const times: [string, number][] = [
      ["1763700000000.5", NOW + 0.5],
      ["-1h", NOW - 3_600_000],
      ["2025-11-21T04:40:00Z", NOW],
      ["2025-11-21T05:40:00+01:00", NOW],
      ["2025-11-21T05:40:00%2B0100", NOW],
      ["2025-11-21+04:40", NOW],
      ["2025-11-21%2004:40:00+00:00", NOW],
    ];
    for (const [text, time] of times) assert.equal(query(`from=${text}`).time("from"), time, text);
    for (const text of ["x", "1h", "+1h", "2025-13-01"]) {
      assert.throws(() => query(`from=${text}`).time("from"), HttpError, text);
    }
  });

  test("Query reads one of several words, in their exact letter case", () => {
    assert.equal(query("fill=a").choice("fill", ["a", "b"], "b"), "a");
    assert.throws(() => query("fill=A").choice("fill", ["a", "b"], "b"), HttpError);
    assert.throws(() => query("fill=toString").choice("fill", ["a", "b"], "b"), HttpError);
  });

  test("Query reads names and prefixes from lists and repeated parameters, each once", () => {
    assert.deepEqual(query("symbol=A,B&symbol=C,A").symbols(), ["A", "B", "C"]);
    assert.deepEqual(query("symbol=%20A%20,,B/*,*").symbols(), ["A", "B/*", "*"]);
    assert.deepEqual(query("symbols=A,B").symbols(), ["A", "B"]);
    assert.deepEqual(query("symbols=A&symbol=B,A").symbols(), ["B", "A"]);
    for (const text of ["a%20b", "A*B", "**", "%00", "%3Dcmd", "-1", "@a", "x".repeat(256)]) {
      assert.throws(() => query(`symbol=${text}`).symbols(), HttpError, text);
    }
  });

  test("Query accepts an existing symbol, even one that begins like a formula", () => {
    const known = new Set(["=cmd"]);
    assert.deepEqual(query("symbol=%3Dcmd,%3D*").symbols(known), ["=cmd", "=*"]);
    assert.equal(query("symbol=%3Dcmd").symbol("draw", known), "=cmd");
    assert.throws(() => query("symbol=%3Dother").symbols(known), /does not begin with = - or @$/);
  });

  test("Query reads one symbol where one is needed, and names its purpose", () => {
    assert.equal(query("symbol=BTC/USD").symbol("draw"), "BTC/USD");
    assert.equal(query("symbol=A,A").symbol("draw"), "A");
    for (const text of ["", "symbol=A,B", "symbol=A*", "symbol=*"]) {
      assert.throws(() => query(text).symbol("draw"), /^Error: Cannot draw: name one symbol$/);
    }
  });
});
