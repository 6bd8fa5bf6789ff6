import assert from "node:assert/strict";
import { test } from "node:test";
import { maskSecrets } from "../../src/core/mask.ts";

test("maskSecrets hides keys in queries, and user names and passwords before a host", () => {
  const masked: [text: string, shown: string][] = [
    ["tickwire:wss://other/ws?symbols=*&key=a/b+c", "tickwire:wss://other/ws?symbols=*&key=****"],
    ["GET /ws?key=one&symbol=A failed", "GET /ws?key=****&symbol=A failed"],
    [
      "x?apikey=1&api_key=2&access_token=3&API-KEY=4",
      "x?apikey=****&api_key=****&access_token=****&API-KEY=****",
    ],
    ["https://user:pa%40ss@host/x?a=b", "https://****@host/x?a=b"],
    ['fetch("http://h/?token=abc") failed', 'fetch("http://h/?token=****") failed'],
  ];
  for (const [text, shown] of masked) assert.equal(maskSecrets(text), shown);
});

test("maskSecrets leaves other text unchanged", () => {
  const texts = [
    "replay:a.csv?map=time:key,price:p",
    "monkey=1",
    "https://host/a@b",
    "?key=",
    "a?keys=1",
  ];
  for (const text of texts) assert.equal(maskSecrets(text), text);
});
