import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parquetWriteBuffer } from "hyparquet-writer";
import { NOW, refused, serve, type TestApp } from "../serve.ts";

const DAY = 86_400_000;

const tick = (price: number) => ({ symbol: "A", price });
const seqs = async (server: TestApp, query = "") =>
  (await server.get<{ seq: number }[]>(`/ticks?${query}`)).map(({ seq }) => seq);

/** A body in pieces that counts how many were read. */
function pieces(count: number, bytes: number): { body: ReadableStream; pulled: () => number } {
  let pulled = 0;
  const body = new ReadableStream({
    pull(controller) {
      if (pulled++ < count) controller.enqueue(new Uint8Array(bytes).fill(32));
      else controller.close();
    },
  });
  return { body, pulled: () => pulled };
}

describe("GET /ticks", () => {
  async function filled() {
    const server = serve();
    // The third tick is late: its time is before that of the second.
    for (const [symbol, second] of [["A", 1], ["B", 3], ["A", 2], ["C", 4], ["A", 5]] as const) {
      await server.send({ symbol, price: second, time: NOW + second * 1_000 });
    }
    return server;
  }

  test("/ticks answers ticks in tape order", async () => {
    const server = await filled();
    const ticks = await server.get("/ticks");
    assert.deepEqual(ticks.map(({ seq, symbol }) => `${seq}${symbol}`), [
      "1A",
      "2B",
      "3A",
      "4C",
      "5A",
    ]);
    assert.deepEqual(ticks[0], {
      seq: 1,
      symbol: "A",
      time: NOW + 1_000,
      price: 1,
      size: null,
      bid: null,
      ask: null,
    });
    assert.deepEqual(await serve().get("/ticks"), []);
  });

  test("/ticks accepts lists of symbols and prefixes", async () => {
    const server = await filled();
    assert.deepEqual(await seqs(server, "symbol=A"), [1, 3, 5]);
    assert.deepEqual(await seqs(server, "symbol=C,B,NOPE"), [2, 4]);
    assert.deepEqual(await seqs(server, "symbol=*"), [1, 2, 3, 4, 5]);
    assert.deepEqual(await seqs(server, "symbol=NOPE"), []);
    assert.deepEqual(await seqs(server, "symbol=X*"), []);
    await refused(server.request("/ticks?symbol=a%20b"), 400, "bad_symbol");
  });

  test("/ticks includes from and not to, by event time", async () => {
    const server = await filled();
    assert.deepEqual(await seqs(server, `from=${NOW + 2_000}`), [2, 3, 4, 5]);
    assert.deepEqual(await seqs(server, `to=${NOW + 3_000}`), [1, 3]);
    assert.deepEqual(await seqs(server, `from=${NOW + 2_000}&to=${NOW + 4_000}`), [2, 3]);
    assert.deepEqual(await seqs(server, "from=-1h&symbol=A"), [1, 3, 5]);
    await refused(server.request("/ticks?from=soon"), 400, "bad_from");
    await refused(server.request("/ticks?to=soon"), 400, "bad_to");
  });

  test("/ticks with limit gives the first ticks after a position or time, else the newest", async () => {
    const server = await filled();
    const position = (await server.request("/snapshot")).headers.get("tickwire-position")!;
    const [epoch] = position.split(":");
    assert.deepEqual(await seqs(server, "limit=2"), [4, 5]);
    assert.deepEqual(await seqs(server, "limit=2&symbol=A"), [3, 5]);
    assert.deepEqual(await seqs(server, `limit=2&to=${NOW + 5_000}`), [3, 4]);
    assert.deepEqual(await seqs(server, "limit=2&from=-1h"), [1, 2]);
    assert.deepEqual(await seqs(server, `limit=2&after=${epoch}:1`), [2, 3]);
    assert.deepEqual(await seqs(server, `limit=2&after=${epoch}:0`), [1, 2]);
    await refused(server.request("/ticks?limit=0"), 400, "bad_limit");
  });

  test("/ticks after a position answers later ticks, and none at the head", async () => {
    const server = await filled();
    const head = (await server.request("/snapshot")).headers.get("tickwire-position")!;
    const [epoch] = head.split(":");
    assert.deepEqual(await seqs(server, `after=${epoch}:3`), [4, 5]);
    assert.deepEqual(await seqs(server, `after=${epoch}:1&symbol=A`), [3, 5]);
    assert.deepEqual(await seqs(server, `after=${head}`), []);
    await server.send(tick(9));
    assert.deepEqual(await seqs(server, `after=${head}`), [6]);
  });

  test("/ticks after a position of another epoch is 410, a malformed one 400", async () => {
    const server = await filled();
    assert.match(await refused(server.request("/ticks?after=other:1"), 410, "gone"), /epoch/);
    for (const after of ["1", "x", ":1", "a:", "a:-1", "a:01", "a:1.5"]) {
      await refused(server.request(`/ticks?after=${after}`), 400, "bad_after");
    }
  });

  test("/ticks after a position that is no longer stored is 410", async () => {
    const server = serve("--tape", "memory:3");
    await server.send(...[1, 2, 3, 4, 5].map(tick));
    const [epoch] = (await server.request("/snapshot")).headers.get("tickwire-position")!.split(
      ":",
    );
    assert.deepEqual(await seqs(server, `after=${epoch}:2`), [3, 4, 5]);
    assert.match(await refused(server.request(`/ticks?after=${epoch}:1`), 410, "gone"), /kept$/);
  });
});

describe("POST /ticks", () => {
  test("/ticks accepts JSON, NDJSON and CSV and answers with the position of the last tick", async () => {
    const server = serve();
    const accepted = async (body: string, type: string) => {
      const response = await server.post(body, { "content-type": type });
      assert.equal(response.status, 200, type);
      return await response.json();
    };
    const first = await accepted(
      '[{"symbol":"A","price":1},{"symbol":"B","price":2}]',
      "application/json",
    );
    const [epoch, seq] = first.position.split(":");
    assert.match(epoch, /^[a-z0-9]+$/);
    assert.deepEqual([first.accepted, seq], [2, "2"]);
    const rest: [body: string, type: string, accepted: number, seq: number][] = [
      ['{"symbol":"A","price":3}', "Application/JSON; charset=utf-8", 1, 3],
      ['{"symbol":"A","price":4}\n{"symbol":"A","price":5}\n', "application/x-ndjson", 2, 5],
      ["symbol,price\nA,6\n", "text/csv;header=present", 1, 6],
      ["[]", "application/json", 0, 6],
      ["", "application/x-ndjson", 0, 6],
    ];
    for (const [body, type, count, last] of rest) {
      const answer = await accepted(body, type);
      assert.deepEqual(answer, { accepted: count, position: `${epoch}:${last}` });
    }
    const ticks = await server.get<{ price: number; time: number }[]>("/ticks");
    assert.deepEqual(ticks.map(({ price }) => price), [1, 2, 3, 4, 5, 6]);
    assert.ok(ticks.every(({ time }) => time === NOW));
  });

  test("/ticks reads a line of 1 MiB, and quotes only the start of a bad one", async () => {
    const server = serve();
    const long = "x".repeat(2 ** 20);
    const noted = JSON.stringify({ symbol: "A", price: 1, note: long });
    const bodies: [type: string, good: string, bad: string[]][] = [
      ["application/json", `[${noted}]`, [long, `{"symbol":"${long}","price":1}`]],
      ["application/x-ndjson", noted, [long, `{"symbol":"A","price":"${long}"}`]],
      ["text/csv", `symbol,price,note\nA,1,${long}`, [
        `symbol,price\n${long},1`,
        `symbol,price\nA${",".repeat(2 ** 20)}`,
      ]],
    ];
    for (const [type, good, bad] of bodies) {
      const headers = { "content-type": type };
      assert.equal((await server.post(good, headers)).status, 200, type);
      for (const body of bad) {
        const response = await server.post(body, headers);
        assert.equal(response.status, 400, type);
        assert.ok((await response.text()).length < 500, type);
      }
    }
    assert.equal((await server.get("/ticks")).length, 3);
  });

  test("/ticks reads records of any form by the options of its query, all or none", async () => {
    const server = serve();
    const parquet = new Uint8Array(parquetWriteBuffer({
      columnData: [
        { name: "t", data: [new Date(NOW - 5_000)], type: "TIMESTAMP" },
        { name: "price", data: [7], type: "DOUBLE" },
      ],
    }));
    const bodies: [query: string, type: string, body: string | Uint8Array, prices: number[]][] = [
      ["symbol=A", "text/csv", "time;price\n2024-01-03;1,5\n2024-01-02;1,75\n", [1.75, 1.5]],
      ["symbol=A&map=price:data.last", "application/x-ndjson", '{"data":{"last":"2"}}\n', [2]],
      ["symbol=A&path=d", "application/json", '{"d":{"time":[1704153600],"value":[3]}}', [3]],
      ["symbol=A&map=time:t", "application/vnd.apache.parquet", parquet, [7]],
    ];
    const all: number[] = [];
    for (const [query, type, body, prices] of bodies) {
      const response = await server.post(body, { "content-type": type }, `/ticks?${query}`);
      assert.deepEqual([response.status, (await response.json()).accepted], [200, prices.length]);
      all.push(...prices);
      const ticks = await server.get<{ price: number }[]>("/ticks?from=0");
      assert.deepEqual(ticks.map(({ price }) => price), all, query);
    }
    const wrong: [query: string, body: string, code: string, words: RegExp][] = [
      ["symbol=A", "time,price\n2024-01-02,1\n2024-01-03,x\n", "bad_tick", /: line 3: price "x" /],
      ["symbol=A", "time,price\n1.2.2024,1\n", "bad_tick", /give time-format=/],
      ["zone=Nowhere", "time,price\n", "bad_parameter", /zone=Nowhere does not exist/],
      ["colums=a,b", "1,2\n", "bad_parameter", /colums: there is no such parameter .*columns/],
    ];
    for (const [query, body, code, words] of wrong) {
      const response = server.post(body, { "content-type": "text/csv" }, `/ticks?${query}`);
      assert.match(await refused(response, 400, code), words);
    }
    assert.equal((await server.get("/ticks?from=0")).length, all.length);
  });

  test("/ticks refuses other content types", async () => {
    const server = serve();
    for (const type of ["text/plain", "application/xml", "json", "constructor", "toString", ""]) {
      const detail = await refused(
        server.post('{"symbol":"A","price":1}', { "content-type": type }),
        415,
        "bad_content_type",
      );
      assert.match(
        detail,
        /send application\/json, application\/x-ndjson, text\/csv, application\/vnd/,
      );
    }
    assert.deepEqual(await seqs(server), []);
  });

  test("/ticks adds the whole request or nothing, and names the bad record and field", async () => {
    const server = serve();
    await server.send(tick(1));
    const wrong: [body: string, type: string, code: string, words: RegExp][] = [
      [
        '[{"symbol":"A","price":1},{"symbol":"B","price":"x"}]',
        "application/json",
        "bad_tick",
        /record 2: price "x"/,
      ],
      [
        '{"symbol":"A","price":1}\n\n{"symbol":"A"}',
        "application/x-ndjson",
        "bad_tick",
        /line 3: price is missing$/,
      ],
      ["symbol,price,size\nA,1,\nA,2,-1", "text/csv", "bad_tick", /line 3: size -1 is negative$/],
      ['[{"symbol":"A","price":1},', "application/json", "bad_json", /^Cannot read ticks: /],
      ["", "application/json", "bad_json", /^Cannot read ticks: /],
    ];
    for (const [body, type, code, words] of wrong) {
      assert.match(await refused(server.post(body, { "content-type": type }), 400, code), words);
    }
    assert.deepEqual(await seqs(server), [1]);
    assert.equal((await server.get("/snapshot")).length, 1);
  });

  test("/ticks refuses invalid UTF-8", async () => {
    const server = serve();
    const bytes = new TextEncoder().encode('{"symbol":"A","price":1,"note":"?"}');
    bytes[bytes.indexOf(63)] = 0xff;
    await refused(server.post(bytes), 400, "bad_encoding");
    // Cut in the middle of a character.
    await refused(server.post(new Uint8Array([0x5b, 0x5d, 0xe2, 0x82])), 400, "bad_encoding");
    assert.deepEqual(await seqs(server), []);
  });

  test("/ticks reads characters that are split between two pieces of the body", async () => {
    const server = serve();
    const bytes = new TextEncoder().encode('{"symbol":"A","price":1,"note":"€"}');
    const body = new ReadableStream({
      start(controller) {
        for (const byte of bytes) controller.enqueue(new Uint8Array([byte]));
        controller.close();
      },
    });
    assert.equal((await server.post(body)).status, 200);
    assert.deepEqual(await seqs(server), [1]);
  });

  test("/ticks refuses a too large Content-Length before it reads the body", async () => {
    const server = serve("--body-max", "1000");
    const { body, pulled } = pieces(10, 100);
    const before = pulled();
    const answer = server.post(body, { "content-length": "1001" });
    assert.match(await refused(answer, 413, "too_large"), /more than 1000 bytes/);
    assert.ok(pulled() - before <= 1, `${pulled()} pieces were read`);
    assert.deepEqual(await seqs(server), []);
  });

  test("/ticks refuses a body that grows too large, and stops reading", async () => {
    const server = serve("--body-max", "1000");
    const { body, pulled } = pieces(1_000, 100);
    await refused(server.post(body), 413, "too_large");
    assert.ok(pulled() < 20, `${pulled()} pieces were read`);
    const exact = JSON.stringify([tick(1)]).padEnd(1_000);
    assert.equal((await server.post(exact)).status, 200);
    await refused(server.post(`${exact} `), 413, "too_large");
    assert.deepEqual(await seqs(server), [1]);
  });

  test("/ticks unpacks gzip, and limits the unpacked size", async () => {
    const server = serve("--body-max", "1000");
    const send = async (text: string, encoding = "gzip") => {
      const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
      const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
      return server.post(bytes, { "content-encoding": encoding });
    };
    assert.equal((await send(JSON.stringify([tick(1), tick(2)]))).status, 200);
    await refused(send(JSON.stringify([tick(1)]).padEnd(1_001)), 413, "too_large");
    await refused(send(" ".repeat(10_000_000)), 413, "too_large");
    await refused(send("[]", "br"), 415, "bad_content_encoding");
    await refused(server.post("[]", { "content-encoding": "gzip" }), 400, "bad_encoding");
    assert.deepEqual(await seqs(server), [1, 2]);
  });

  test("/ticks refuses more instruments than fit", async () => {
    const server = serve("--symbols-max", "2");
    await server.send({ symbol: "A", price: 1 });
    const two = [{ symbol: "B", price: 1 }, { symbol: "C", price: 1 }];
    const detail = await refused(server.post(two), 400, "too_many_symbols");
    assert.match(detail, /^Cannot take ticks of C: 2 symbols are the limit, see --symbols-max$/);
    assert.deepEqual(await seqs(server), [1]);
    await server.send({ symbol: "B", price: 1 }, { symbol: "A", price: 2 });
    assert.deepEqual(await seqs(server), [1, 2, 3]);
  });
});

describe("POST /ticks with an Idempotency-Key", () => {
  const keyed = (server: TestApp, key: string, body: object | string) =>
    server.post(body, { "idempotency-key": key });

  test("The same key gives the same answer and adds nothing, for any body", async () => {
    const server = serve();
    const first = await (await keyed(server, "k1", [tick(1), tick(2)])).json();
    await server.send(tick(3));
    for (const body of [[tick(1), tick(2)], [tick(7)]]) {
      const again = await keyed(server, "k1", body);
      assert.deepEqual([again.status, await again.json()], [200, first]);
    }
    assert.deepEqual(await seqs(server), [1, 2, 3]);
    const other = await (await keyed(server, "k2", [tick(4)])).json();
    assert.match(other.position, /:4$/);
  });

  test("The same key in two requests at once adds its ticks once", async () => {
    const server = serve();
    const answers = await Promise.all([1, 2, 3].map(() => keyed(server, "k1", [tick(1)])));
    const bodies = await Promise.all(answers.map((answer) => answer.json()));
    assert.deepEqual(await seqs(server), [1]);
    for (const body of bodies) assert.deepEqual(body, bodies[0]);
  });

  test("A refused request does not use its key", async () => {
    const server = serve();
    await refused(keyed(server, "k1", '{"symbol":"A"}'), 400, "bad_tick");
    await refused(
      server.post("x", { "idempotency-key": "k1", "content-type": "a/b" }),
      415,
      "bad_content_type",
    );
    assert.equal((await keyed(server, "k1", tick(1))).status, 200);
    assert.deepEqual(await seqs(server), [1]);
  });

  test("A key is remembered for a day", async () => {
    const server = serve();
    await keyed(server, "k1", tick(1));
    server.now += DAY - 1;
    await keyed(server, "k1", tick(2));
    assert.deepEqual(await seqs(server), [1]);
    server.now += 1;
    await keyed(server, "k1", tick(3));
    assert.deepEqual(await seqs(server), [1, 2]);
    await keyed(server, "k1", tick(4));
    assert.deepEqual(await seqs(server), [1, 2]);
  });
});
