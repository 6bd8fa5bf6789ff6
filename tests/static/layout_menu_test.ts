import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultOf } from "../../static/layout_menu.js";

test("The start layout of a machine has no moment, range or room", () => {
  const search =
    "?symbol=A&range=600s&layout=2&symbol2=B/C&range2=60s&time=1763700000000&room=desk" +
    "&theme=dark&indicators2=sma-20";
  assert.equal(defaultOf(search), "?symbol=A&layout=2&symbol2=B/C&indicators2=sma-20");
});
