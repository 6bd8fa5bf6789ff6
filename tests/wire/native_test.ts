import { readFileSync } from "node:fs";
import { play } from "../helpers/conversation.ts";
import { test } from "node:test";
for (
  const n of [
    "native_ticks",
    "native_errors",
    "native_columns",
    "native_wildcards",
    "native_bars","native_bars_by_clock",
    "native_latest",
    "native_url",
    "value",
    "list",
    "grid",
  ]
) test(n, () => play(readFileSync(new URL(`golden/${n}.txt`, import.meta.url), "utf8")));
