import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { ClientError } from "../../src/hub/client_error.ts";
import type { Command } from "../../src/hub/wire.ts";
import { commandFromQuery, native, readEvery, splitList } from "../../src/wire/native.ts";
import { PacedHub } from "../helpers/conversation.ts";
import { playGolden } from "./golden.ts";

playGolden(
  "native_ticks",
  "native_errors",
  "native_columns",
  "native_wildcards",
  "native_bars",
  "native_bars_by_clock",
  "native_latest",
  "native_latest_order",
  "native_url",
  "native_corrected",
);

function errorOf(work: () => unknown): ClientError {
  try {
    work();
  } catch (error) {
    assert.ok(error instanceof ClientError, String(error));
    return error;
  }
  assert.fail("no error");
}

function decode(fields: Record<string, unknown>): Command {
  const [command] = native.decode(JSON.stringify(fields));
  return command!;
}

describe("native", () => {
  test("native accepts a text or a number as id, and repeats any other id in the error", () => {
    for (const id of ["", "x".repeat(64), 0, -1.5]) {
      assert.equal((decode({ op: "ping", id }) as { id?: unknown }).id, id);
    }
    for (const id of [{}, [], true, "x".repeat(65)]) {
      const error = errorOf(() => decode({ op: "ping", id }));
      assert.equal(error.code, "bad_request");
      assert.deepEqual(error.id, id);
    }
  });

  test("native repeats every id as sent, in answers and errors", () => {
    const client = new PacedHub().join();
    const ids = ["0", "-1.5", '"x"', "9007199254740993", "-123456789012345678901234567890"];
    for (const id of [...ids, "0.1000000000000000055511"]) {
      client.send(`{"op":"ping","x":{"id":7},"id":${id}}`);
      client.send(`{"id":${id},"op":"unsubscribe","sub":"t9","x":[{"id":7}]}`);
      const [pong = "", error = ""] = client.texts();
      assert.ok(pong.startsWith(`{"op":"pong","id":${id},`), pong);
      assert.ok(error.startsWith(`{"op":"error","id":${id},"code":"unknown_sub"`), error);
    }
    for (const id of ["null", "true", '{"a":[1]}', `"${"x".repeat(1_000)}"`, "1e400"]) {
      client.send(`{"op":"ping","id":${id}}`);
      const [error = ""] = client.texts();
      assert.ok(error.startsWith(`{"op":"error","id":${id},"code":"bad_request"`), error);
    }
  });

  test("native reports the default mode of a channel", () => {
    const modeOf = (fields: Record<string, unknown>) => {
      const command = decode({ op: "subscribe", symbols: ["A"], ...fields });
      assert.equal(command.kind, "subscribe");
      return command.kind === "subscribe" ? command.subscription.mode : undefined;
    };
    assert.equal(modeOf({}), "all");
    assert.equal(modeOf({ channel: "tick" }), "all");
    assert.equal(modeOf({ channel: "quote" }), "latest");
    assert.equal(modeOf({ channel: "bar:1w" }), "latest");
    assert.equal(modeOf({ channel: "bar:1w", mode: "all" }), "latest");
    assert.equal(modeOf({ channel: "quote", mode: "all" }), "all");
    assert.equal(modeOf({ channel: "tick", mode: "latest" }), "latest");
  });

  test("native passes on the start position", () => {
    for (const from of ["k3f9:1042", "-1h", 1_763_700_000_000]) {
      const command = decode({ op: "subscribe", symbols: ["A"], from });
      assert.equal(command.kind === "subscribe" && command.from, from);
    }
  });

  test("native refuses a channel with more than one interval", () => {
    for (const channel of ["bar:1m:", "bar:1m:1h", "tick:1m", "bar:", "quote:"]) {
      const error = errorOf(() => decode({ op: "subscribe", symbols: ["A"], channel }));
      assert.equal(error.code, "bad_channel");
    }
  });

  test("native describes in words the right type of a field", () => {
    for (
      const fields of [
        {},
        { symbols: 5 },
        { symbols: [5] },
        { symbols: ["A"], every: true },
        { symbols: ["A"], from: true },
      ]
    ) {
      const { code, message } = errorOf(() => decode({ op: "subscribe", ...fields }));
      assert.equal(code, "bad_request");
      assert.doesNotMatch(message, /invalid input$/, message);
    }
  });

  test("native answers any frame with a command or an error", () => {
    const field = fc.constantFrom("op", "id", "symbols", "channel", "mode", "every", "from", "sub");
    const word = fc.constantFrom(
      "subscribe",
      "unsubscribe",
      "ping",
      "A",
      "bar:1m",
      "*",
      "__proto__",
    );
    const value = fc.oneof(word, fc.array(word), fc.jsonValue());
    fc.assert(fc.property(fc.dictionary(field, value), (fields) => {
      try {
        assert.ok(decode(fields));
      } catch (error) {
        assert.ok(error instanceof ClientError, String(error));
        assert.match(error.code, /^[a-z_]+$/);
        assert.match(error.message, /^Cannot [^\n]*[^.\n]$/);
      }
    }));
    fc.assert(fc.property(fc.string(), (text) => {
      try {
        assert.ok(native.decode(text));
      } catch (error) {
        assert.ok(error instanceof ClientError, String(error));
      }
    }));
  });

  test("native writes symbols, prices and times so that JSON reads equal values", () => {
    const hub = new PacedHub();
    for (const format of ["object", "columns"]) {
      const client = hub.join(`symbol=*&format=${format}`);
      client.texts();
      const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
      fc.assert(fc.property(finite, fc.option(finite.map(Math.abs)), (price, size) => {
        hub.ticks({ symbol: "A.b_c:/^=-1", price, size, bid: price, ask: null });
        hub.pass(20);
        const frame = client.frames().at(-1) as { rows: (number[] & Record<string, unknown>)[] };
        const [row] = frame.rows;
        const found = format === "object"
          ? ["price", "size", "bid", "ask"].map((name) => row![name])
          : row!.slice(3);
        // JSON has no negative zero.
        assert.deepEqual(found, [price + 0, size, price + 0, null]);
      }));
      client.leave();
    }
  });
});

describe("commandFromQuery", () => {
  test("commandFromQuery selects every symbol if only a channel is given", () => {
    const command = commandFromQuery(new URLSearchParams("channel=quote"));
    assert.deepEqual(command.kind === "subscribe" && command.subscription.selection.patterns, [
      "*",
    ]);
  });

  test("commandFromQuery accepts a repeated symbol", () => {
    const command = commandFromQuery(new URLSearchParams("symbol=A&symbol=B,C"));
    const patterns = command.kind === "subscribe" && command.subscription.selection.patterns;
    assert.deepEqual(patterns, ["A", "B", "C"]);
  });
});

test("splitList trims names and drops empty ones", () => {
  assert.deepEqual(splitList(" A, B ,,C,"), ["A", "B", "C"]);
  assert.deepEqual(splitList(" , "), []);
});

test("readEvery reads milliseconds and durations and refuses other values", () => {
  assert.equal(readEvery(250), 250);
  assert.equal(readEvery("250"), 250);
  assert.equal(readEvery("10s"), 10_000);
  for (const text of ["", "s", "-1s", "1 s", "10x", "1e3"]) {
    assert.equal(errorOf(() => readEvery(text)).code, "bad_every", text);
  }
});
