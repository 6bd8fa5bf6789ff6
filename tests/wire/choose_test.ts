import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { chooseDialect } from "../../src/wire/choose.ts";
import { native } from "../../src/wire/native.ts";
import { grid } from "../../src/wire/openbb.ts";
import { list, value } from "../../src/wire/plain.ts";

const choose = (query: string) => chooseDialect(new URLSearchParams(query));

describe("chooseDialect", () => {
  test("chooseDialect accepts value and list only in the address", () => {
    assert.equal(choose("symbol=cpu&format=value").wire, value);
    assert.equal(choose("format=list&every=10s").wire, list);
    assert.equal(choose("format=list&channel=quote").wire, list);
  });

  test("chooseDialect gives any other subscription in the address to the native protocol", () => {
    for (
      const query of ["symbol=A", "symbols=A", "channel=quote", "format=columns", "format=xml"]
    ) {
      const { wire, begin } = choose(query);
      assert.equal(wire, native, query);
      assert.ok(begin !== undefined, query);
    }
  });

  test("chooseDialect waits for the first frame if the address has no subscription", () => {
    for (const query of ["", "key=secret", "v=2"]) {
      const { wire, begin } = choose(query);
      assert.equal(begin, undefined, query);
      assert.ok(typeof wire === "function");
      assert.equal(wire('{"params":{"symbol":"A"}}'), grid);
      assert.equal(wire('{"type":"params"}'), grid);
      assert.equal(wire('{"op":"ping"}'), native);
      assert.equal(wire('{"hello":1}'), native);
      assert.equal(wire("not JSON"), native);
    }
  });
});
