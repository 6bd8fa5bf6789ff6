import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NOW, refused, serve, type TestApp } from "../serve.ts";

const cancel = (server: TestApp, path: string) => server.request(path, { method: "DELETE" });
const told = async (answer: Promise<Response>) => {
  const response = await answer;
  assert.equal(response.status, 200);
  const { cancelled, position, ...rest } = await response.json();
  return { cancelled, seq: Number(position.split(":")[1]), ...rest };
};

async function filled(...flags: string[]): Promise<TestApp> {
  const server = serve(...flags);
  await server.send(
    ...[1, 2, 3, 4].map((price) => ({ symbol: "A", price, time: NOW - 10_000 + price * 1_000 })),
    { symbol: "B/C", price: 5 },
  );
  return server;
}

describe("DELETE /ticks", () => {
  test("It answers with the number of cancelled ticks and the position of the correction", async () => {
    const server = await filled();
    const epoch =
      (await (await server.request("/ticks")).headers.get("tickwire-position")!).split(":")[0];
    assert.deepEqual(await told(cancel(server, `/ticks?symbol=A&seq=1,${epoch}:3,3,5,99`)), {
      ...{ cancelled: 2, seq: 6 },
    });
    assert.deepEqual((await server.get("/ticks")).map(({ seq }) => seq), [2, 4, 5]);
    const span = `from=${NOW - 8_000}&to=${NOW - 7_000}`;
    assert.deepEqual(await told(cancel(server, `/ticks?symbol=A&${span}`)), {
      ...{ cancelled: 1, seq: 7 },
    });
    assert.deepEqual(await told(cancel(server, `/ticks?symbol=B/C&to=${NOW}`)), {
      ...{ cancelled: 0, seq: 7 },
    });
    assert.deepEqual(await told(cancel(server, `/ticks?symbol=B/C&from=${NOW}`)), {
      ...{ cancelled: 1, seq: 8 },
    });
    const [row] = await server.get("/snapshot?symbol=B/C");
    assert.equal(row!["price"], null);
  });

  test("A dry run changes nothing, and a correction without effect is not logged", async () => {
    const server = await filled();
    for (const path of ["/ticks?symbol=A&from=0", "/symbols/A?"]) {
      const answer = await told(cancel(server, `${path}&dry_run=true`));
      assert.deepEqual(answer, { cancelled: 4, seq: 5, dry_run: true });
    }
    assert.deepEqual(await told(cancel(server, "/ticks?symbol=A&seq=5,6")), {
      ...{ cancelled: 0, seq: 5 },
    });
    assert.equal((await server.get("/ticks")).length, 5);
  });

  test("Many ticks by seq make several corrections", async () => {
    const server = await filled();
    await server.send(...Array.from({ length: 60 }, (_, index) => ({ symbol: "A", price: index })));
    const seqs = Array.from({ length: 45 }, (_, index) => 10 + index);
    const answer = await told(cancel(server, `/ticks?symbol=A&seq=${seqs}`));
    assert.deepEqual(answer, { cancelled: 45, seq: 68 });
    assert.equal((await server.get("/ticks?symbol=A")).length, 19);
  });

  test("A malformed correction is refused, and changes nothing", async () => {
    const server = await filled();
    const many = Array.from({ length: 1_001 }, (_, index) => index + 1);
    const wrong: [string, number, string][] = [
      ["symbol=A", 400, "bad_parameter"],
      ["symbol=A&seq=1&to=5000000000000", 400, "bad_parameter"],
      ["seq=1", 400, "bad_symbol"],
      ["symbol=A,B/C&seq=1", 400, "bad_symbol"],
      ["symbol=A*&seq=1", 400, "bad_symbol"],
      ["symbol=a%20b&seq=1", 400, "bad_symbol"],
      ["symbol=A&seq=0", 400, "bad_seq"],
      ["symbol=A&seq=1,,2", 400, "bad_seq"],
      ["symbol=A&seq=-1", 400, "bad_seq"],
      [`symbol=A&seq=${many}`, 400, "bad_seq"],
      ["symbol=A&from=x", 400, "bad_from"],
      ["symbol=A&from=-1h&to=-2h", 400, "bad_to"],
      ["symbol=A&seq=1&dry_run=maybe", 400, "bad_dry_run"],
      ["symbol=A&sequ=1", 400, "bad_parameter"],
      ["symbol=A&seq=other:1", 410, "gone"],
      ["symbol=NOPE&seq=1", 404, "unknown_symbol"],
    ];
    for (const [query, status, code] of wrong) {
      await refused(cancel(server, `/ticks?${query}`), status, code);
    }
    assert.equal((await server.get("/ticks")).length, 5);
  });

  test("A tick that has been forgotten cannot be cancelled", async () => {
    const server = serve("--tape", "memory:3");
    await server.send(...[1, 2, 3, 4, 5].map((price) => ({ symbol: "A", price })));
    const [oldest] = await server.get("/ticks?symbol=A");
    await refused(cancel(server, `/ticks?symbol=A&seq=${Number(oldest!["seq"]) - 1}`), 410, "gone");
    assert.equal(
      (await told(cancel(server, `/ticks?symbol=A&seq=${oldest!["seq"]}`))).cancelled,
      1,
    );
  });
});

describe("DELETE /symbols/:symbol", () => {
  test("All data of a symbol is removed, and a later tick starts it anew", async () => {
    const server = await filled();
    await server.request("/symbols/B/C", {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: '{"name":"Mistake","decimals":5}',
    });
    assert.deepEqual(await told(cancel(server, "/symbols/B/C")), { cancelled: 1, seq: 6 });
    await refused(server.request("/symbols/B/C"), 404, "unknown_symbol");
    assert.deepEqual(await server.get("/bars?symbol=B/C"), []);
    assert.deepEqual((await server.get("/snapshot")).map(({ symbol }) => symbol), ["A"]);
    await refused(cancel(server, "/symbols/B/C"), 404, "unknown_symbol");
    await refused(cancel(server, "/symbols/a%20b"), 400, "bad_symbol");
    await server.send({ symbol: "B/C", price: 7.5 });
    const { name, decimals } = await server.get<Record<string, unknown>>("/symbols/B/C");
    assert.deepEqual([name, decimals], [null, 2]);
    assert.deepEqual((await server.get("/bars?symbol=B/C")).map(({ open }) => open), [7.5]);
  });
});
