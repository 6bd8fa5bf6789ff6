import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { UNANSWERED_MAX } from "../../../src/http/native/tick_socket.ts";
import { until } from "../../helpers/until.mjs";
import { BASE, refused, serve, type TestApp } from "../serve.ts";

/** Opens a socket; `answered` waits for so many answers. */
function open(server: TestApp, query = "") {
  const frames: Record<string, unknown>[] = [];
  const texts: string[] = [];
  const closes: number[] = [];
  const headers = { upgrade: "websocket" };
  const accept = server.app.upgrade(new Request(`${BASE}/ticks${query}`, { headers }));
  assert.ok(typeof accept === "function");
  const socket = {
    buffered: 0,
    send(text: string) {
      texts.push(text);
      frames.push(JSON.parse(text));
    },
    close: (code: number) => void closes.push(code),
  };
  const connection = accept(socket);
  return {
    socket,
    texts,
    closes,
    connection,
    send: (frame: unknown) =>
      connection.receive(typeof frame === "string" ? frame : JSON.stringify(frame)),
    async answered(count: number) {
      server.now += 1_000;
      await until(`there are ${count} answers`, () => frames, ({ length }) => length >= count);
      return frames.splice(0);
    },
  };
}

const tick = (price: number) => ({ symbol: "A", price });
const prices = async (server: TestApp) =>
  (await server.get<{ price: number }[]>("/ticks")).map(({ price }) => price);

describe("WS /ticks", () => {
  test("A frame is a batch, and is answered with its position once it is on the tape", async () => {
    const server = serve();
    const { send, answered } = open(server);
    send(tick(1));
    send([tick(2), tick(3)]);
    send(`${JSON.stringify(tick(4))}\n${JSON.stringify(tick(5))}\n`);
    send(JSON.stringify(tick(6), null, 2));
    send("[]");
    const answers = await answered(5);
    assert.deepEqual(answers.map(({ accepted }) => accepted), [1, 2, 2, 1, 0]);
    assert.deepEqual(
      answers.map(({ position }) => String(position).split(":")[1]),
      ["1", "3", "5", "6", "6"],
    );
    assert.deepEqual(await prices(server), [1, 2, 3, 4, 5, 6]);
  });

  test("The address names the format", async () => {
    const server = serve();
    const csv = open(server, "?format=csv");
    csv.send("symbol,price\nA,1\nA,2\n");
    assert.equal((await csv.answered(1))[0]!["accepted"], 2);
    const influx = open(server, "?format=influx");
    influx.send('m,a=b value=3,s="x"');
    const [answer] = await influx.answered(1);
    assert.deepEqual([answer!["accepted"], answer!["skipped"]], [1, 1]);
    // Here a batch is taken whole or not at all.
    influx.send("m,a=b value=3\nm,a=b value=oops");
    const [refusal] = await influx.answered(1);
    assert.match(
      String(refusal!["detail"]),
      /^Cannot read ticks: line 2: field "value": "oops" is/,
    );
    const lines = open(server, "?format=ndjson");
    lines.send(tick(4));
    await lines.answered(1);
    assert.deepEqual(await prices(server), [1, 2, 3, 4]);
    const headers = { upgrade: "websocket" };
    const bad = server.app.upgrade(new Request(`${BASE}/ticks?format=xml`, { headers }));
    assert.ok(bad instanceof Response);
    assert.match(await refused(bad, 400, "bad_format"), /none of json, ndjson, csv, influx$/);
  });

  test("An envelope has an id for its answer and a key that makes a retry safe", async () => {
    const server = serve();
    const { send, answered } = open(server);
    for (let round = 0; round < 2; round++) send({ id: "x", key: "k", ticks: [tick(1), tick(2)] });
    send({ id: 3, ticks: [tick(3)] });
    const answers = await answered(3);
    assert.deepEqual(answers.map(({ id, accepted }) => [id, accepted]), [["x", 2], ["x", 2], [
      3,
      1,
    ]]);
    assert.equal(answers[0]!["position"], answers[1]!["position"]);
    assert.deepEqual(await prices(server), [1, 2, 3]);
  });

  test("A bad frame is answered in order, adds nothing, and the connection stays open", async () => {
    const server = serve("--body-max", "1000");
    const { send, answered, closes } = open(server);
    send(tick(1));
    send([tick(8), { symbol: "A", price: "x" }]);
    send("nonsense");
    send({ id: 4, ticks: [tick(8), {}] });
    send({ id: {}, ticks: [] });
    send({ id: 5, key: 5, ticks: [] });
    send({ ticks: 5 });
    send({ id: 6, key: "x".repeat(201), ticks: [tick(8)] });
    send(JSON.stringify([tick(8)]).padEnd(1_001));
    send(tick(2));
    const answers = await answered(10);
    assert.deepEqual(
      answers.map(({ code, status }) => [code, status]),
      [
        [undefined, undefined],
        ["bad_tick", 400],
        ["bad_json", 400],
        ["bad_tick", 400],
        ["bad_request", 400],
        ["bad_request", 400],
        ["bad_request", 400],
        ["bad_idempotency_key", 400],
        ["too_large", 413],
        [undefined, undefined],
      ],
    );
    assert.match(String(answers[1]!["detail"]), /^Cannot read ticks: record 2: price "x"/);
    assert.deepEqual([answers[3]!["id"], answers[7]!["id"]], [4, 6]);
    assert.deepEqual([closes, await prices(server)], [[], [1, 2]]);
  });

  test("A batch that takes long to read is not overtaken by the next one", async () => {
    const server = serve();
    const { send, answered } = open(server);
    send(Array.from({ length: 20_000 }, (_, index) => tick(index)));
    send([tick(-1)]);
    const [first, second] = await answered(2);
    assert.deepEqual([first!["accepted"], second!["accepted"]], [20_000, 1]);
    const newest = await server.get<{ price: number }[]>("/ticks?limit=2");
    assert.deepEqual(newest.map(({ price }) => price), [19_999, -1]);
  });

  test("Too many waiting batches are refused by id, and many more end the connection", async () => {
    const server = serve();
    const { send, answered, closes } = open(server);
    for (let id = 0; id < 2 * UNANSWERED_MAX; id++) send({ id, ticks: [tick(id)] });
    assert.deepEqual(closes, []);
    const answers = await answered(2 * UNANSWERED_MAX);
    assert.ok(answers.every(({ id }, index) => id === index));
    const refusals = answers.filter(({ code }) => code === "too_many");
    assert.equal(refusals.length, UNANSWERED_MAX);
    assert.ok(refusals.every(({ id, status }) => Number(id) >= UNANSWERED_MAX && status === 429));
    assert.equal((await server.get("/ticks?limit=100000")).length, UNANSWERED_MAX);
    for (let count = 0; count <= 2 * UNANSWERED_MAX; count++) send(tick(count));
    assert.deepEqual(closes, [4429]);
  });

  test("Many small batches are taken a few at a time, and other work runs between", async () => {
    const server = serve();
    const { send, answered } = open(server);
    let rounds = 0;
    let waits = true;
    const goOn = () => {
      rounds++;
      if (waits) setImmediate(goOn);
    };
    for (let id = 0; id < 1_000; id++) send({ id, ticks: [tick(id)] });
    goOn();
    const answers = await answered(1_000);
    waits = false;
    assert.ok(answers.every(({ id, accepted }, index) => id === index && accepted === 1));
    assert.ok(rounds > 10, `${rounds} rounds`);
    assert.deepEqual((await prices(server)).at(-1), 999);
  });

  test("An answer repeats the id as sent, for any other error in the frame", async () => {
    const server = serve();
    const { send, texts, answered } = open(server);
    const good = ["7", '"x"', "9007199254740993", `"${"x".repeat(1_000)}"`];
    for (const id of good) send(`{"ticks":[],"id":${id}}`);
    for (const id of good) send(`{"ticks":5,"id":${id}}`);
    for (const id of good) send(`{"ticks":[],"key":5,"id":${id}}`);
    for (const id of ["null", "{}", "[1]", "true"]) send(`{"ticks":[],"id":${id}}`);
    // An object without `ticks` is itself a tick, whose `id` is not the frame's.
    send('{"symbol":"A","price":"x","id":8}');
    send('{"symbol":"A","price":1,"id":{"of":"a trade"}}');
    await answered(18);
    const ids = [...good, ...good, ...good, "null", "{}", "[1]", "true", "8"];
    ids.forEach((id, index) => assert.ok(texts[index]!.startsWith(`{"id":${id},`), id));
    assert.match(texts.at(-1)!, /^\{"accepted":1/);
  });

  test("A client that does not read its answers is disconnected, and so is one that sends a binary frame", () => {
    const server = serve("--buffered-max", "1000");
    const slow = open(server);
    slow.socket.buffered = 4_001;
    slow.send(tick(1));
    assert.deepEqual(slow.closes, [4408]);
    const binary = open(server);
    binary.connection.receiveBinary();
    assert.deepEqual(binary.closes, [4400]);
  });

  test("One sender too many is closed with 4429", () => {
    const server = serve("--sessions-max", "1");
    const first = open(server);
    assert.deepEqual(open(server).closes, [4429]);
    first.connection.closed();
    assert.deepEqual(open(server).closes, []);
  });

  test("A stop answers all received batches and closes with 1012", async () => {
    const server = serve();
    const { send, answered, closes } = open(server);
    send(tick(1));
    send(tick(2));
    await server.app.stop();
    const answers = await answered(2);
    assert.deepEqual(answers.map(({ accepted }) => accepted), [1, 1]);
    assert.deepEqual(closes, [1012]);
  });
});
