import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { writeForm } from "../../src/records/form.ts";
import { formOfQuery } from "./reading.ts";

describe("A form", () => {
  test("A form is written as the options it was read from", () => {
    for (
      const query of [
        "",
        "format=csv&delimiter=tab&header=none&columns=a,,b&comment=%23&skip=3&decimal=,",
        "time=A+B&time-format=DD.MM.YYYY%20HH:mm&zone=%2B01:00&values=a,b&symbol={name}.{field}",
        "path=data.items&time-unit=us&map=price:Last%20Price,time:t&interval=1d&delimiter=;",
      ]
    ) {
      const [given, written] = [query, writeForm(formOfQuery(query))];
      assert.deepEqual(formOfQuery(written), formOfQuery(given), written);
      assert.ok(!/[\s#"'$]/.test(written), written);
    }
  });

  test("A form refuses bad options with the name of the option", () => {
    const wrong: [string, RegExp][] = [
      ["format=xls", /^format=xls is none of json, ndjson, csv, parquet, arrow$/],
      ["delimiter=::", /^delimiter=:: is not one character, nor tab or space$/],
      ["header=no", /^header=no is none of none, first$/],
      ["skip=some", /^skip=some is not a number of lines$/],
      ["decimal=;", /^decimal=; is none of \., ,$/],
      ["time-unit=min", /^time-unit=min is none of s, ms, us, ns$/],
      ["time-format=HH:mm", /^time-format=HH:mm needs YYYY, MM and DD, as in DD\.MM\.YYYY /],
      [
        "zone=Mars/Olympus",
        /^zone=Mars\/Olympus does not exist: give one such as America\/New_York/,
      ],
      ["zone=%2B99:00", /^zone=\+99:00 does not exist/],
      ["interval=2m", /^interval=2m is none of 1s, 5s, /],
      ["map=cost:x", /^map cost:x is not FIELD:NAME with a field of symbol, time, price, /],
      ["map=price:a,price:b", /^map names price twice$/],
      ["time=A&map=time:B", /^time and map both name the column of the time$/],
      ["time=A++B", /^time has an empty name$/],
      ["values=a,,b", /^values has an empty name$/],
      ["symbol=a%20b", /^symbol "a b": a symbol has no spaces$/],
    ];
    for (const [query, message] of wrong) {
      assert.throws(() => formOfQuery(query), { name: "RangeError", message }, query);
    }
  });
});
