import assert from "node:assert/strict";
import { test } from "node:test";
import { withOthers } from "../../src/http/added_figures.ts";

test("withOthers sums the figures of all processes, and takes the rest from the first one", () => {
  const text = [
    "# HELP tickwire_clients Clients",
    "tickwire_clients 3",
    "tickwire_tape_head 10",
    'tickwire_flush_seconds_bucket{le="0.1"} 5',
    'tickwire_feed_ticks_total{feed="synthetic"} 9',
    "tickwire_sent_bytes_total 1.5e3",
    "",
  ].join("\n");
  const other = [
    "tickwire_clients 2",
    "tickwire_tape_head 8",
    'tickwire_flush_seconds_bucket{le="0.1"} 7',
    "tickwire_sent_bytes_total 500",
  ].join("\n");
  assert.equal(withOthers(text, []), text);
  assert.deepEqual(withOthers(text, [other, other]).split("\n"), [
    "# HELP tickwire_clients Clients",
    "tickwire_clients 7",
    "tickwire_tape_head 10",
    'tickwire_flush_seconds_bucket{le="0.1"} 19',
    'tickwire_feed_ticks_total{feed="synthetic"} 9',
    "tickwire_sent_bytes_total 2500",
    "",
  ]);
});
