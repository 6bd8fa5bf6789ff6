import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TapeError } from "../../src/store/tape_error.ts";
import { RECEIPT_MS } from "../../src/tape/receipts.ts";
import { tick } from "../core/ticks.ts";
import { TestReplica } from "../helpers/replica.ts";
import { TapeFolder } from "../helpers/tape_file.ts";

const folder = new TapeFolder();

describe("Writer: keys", () => {
  test("Writer answers a key of the last day with its first answer, also after a kill", async () => {
    let path = folder.fresh();
    let test = new TestReplica({ path });
    const restart = () => {
      const { now } = test;
      const left = folder.killed(path);
      test.close();
      test = new TestReplica({ path: path = left });
      test.now = now;
    };
    const answer = { accepted: 2, position: "e1:2" };
    assert.deepEqual(await test.send([tick(), tick()], { key: "k" }), answer);
    for (const ms of [0, 1, RECEIPT_MS - 2]) {
      test.now += ms;
      assert.deepEqual(await test.send([tick()], { key: "k" }), answer);
      restart();
      assert.deepEqual(await test.send([tick()], { key: "k" }), answer);
    }
    test.now += 1;
    assert.deepEqual(await test.send([tick()], { key: "k" }), { accepted: 1, position: "e1:3" });
    assert.deepEqual(await test.send([], { key: "k" }), { accepted: 1, position: "e1:3" });
    assert.equal(test.tape.head, 3);
    test.close();
  });

  test("Writer keeps an answer for a day when the clock is set back", async () => {
    const test = new TestReplica();
    const answer = await test.send([tick()], { key: "k" });
    test.now -= 1_000;
    assert.deepEqual(await test.send([tick()], { key: "k" }), answer);
    test.now -= RECEIPT_MS;
    assert.deepEqual(await test.send([tick()], { key: "k" }), { accepted: 1, position: "e1:2" });
    test.close();
  });

  test("Writer gives equal keys at the same time one answer, and other keys another", async () => {
    const test = new TestReplica();
    const answers = ["k", "l", "k", "k"].map((key) => test.writer.accept([tick()], { key }));
    test.work();
    const [first, other, ...same] = await Promise.all(answers);
    assert.deepEqual([first, other], [
      { accepted: 1, position: "e1:1" },
      { accepted: 1, position: "e1:2" },
    ]);
    for (const each of same) assert.deepEqual(each, first);
    assert.equal(test.tape.head, 2);
    test.close();
  });

  test("Writer answers when the audience was told of a whole batch, and so for equal keys", async () => {
    const test = new TestReplica();
    const answered: string[] = [];
    const send = async (name: string, count: number, key?: string) => {
      const batch = Array.from({ length: count }, () => tick());
      const { position } = await test.writer.accept(batch, { key });
      answered.push(`${name} ${position}`);
    };
    const sent = [send("large", 22_345, "k")];
    test.replica.work();
    await Promise.resolve();
    assert.deepEqual(answered, []);
    sent.push(send("small", 1), send("none", 0), send("again", 1, "k"));
    test.work();
    await Promise.all(sent);
    assert.equal(test.published.length, 22_346);
    assert.deepEqual(answered.toSorted(), [
      "again e1:22345",
      "large e1:22345",
      "none e1:22346",
      "small e1:22346",
    ]);
    test.close();
  });

  test("Writer does not use the key of a batch that is refused or fails", async () => {
    const test = new TestReplica({ symbolsMax: 1 });
    const both = [1, 2].map(() =>
      test.writer.accept([tick({ symbol: "A" }), tick({ symbol: "B" })], { key: "k" })
    );
    test.work();
    for (const each of both) await assert.rejects(each, /1 symbols are the limit/);
    const { log } = test;
    const append = log.append;
    log.append = () => Promise.reject(new TapeError("full"));
    await assert.rejects(test.send([tick()], { key: "k" }), TapeError);
    log.append = append;
    assert.deepEqual(await test.send([tick()], { key: "k" }), { accepted: 1, position: "e1:1" });
    test.close();
  });

  test("Writer rejects a batch that cannot be written, and takes it when it is sent again", async () => {
    const test = new TestReplica({ path: folder.fresh() });
    const batch = [tick({ symbol: "NEW" })];
    const marks = [{ name: "feed", value: "1" }];
    test.store.writable(false);
    await assert.rejects(test.send(batch, { key: "k", marks }), TapeError);
    assert.deepEqual([test.published, test.tape.mark("feed")], [[], undefined]);
    test.store.writable(true);
    const answer = await test.send(batch, { key: "k", marks });
    assert.deepEqual(answer, { accepted: 1, position: "e1:1" });
    assert.equal(test.tape.mark("feed"), "1");
    test.close();
  });
});

describe("Writer: symbols", () => {
  test("Writer refuses a batch whose symbols have no room, and takes others", async () => {
    const test = new TestReplica({ symbolsMax: 2 });
    await test.send([tick({ symbol: "A" })]);
    const reason = {
      code: "too_many_symbols",
      message: "Cannot take ticks of C: 2 symbols are the limit, see --symbols-max",
    };
    const batch = ["A", "B", "C"].map((symbol) => tick({ symbol }));
    await assert.rejects(test.send(batch), reason);
    assert.equal(test.tape.head, 1);
    await test.send(batch.slice(0, 2));
    await test.send([...batch.slice(0, 2), ...batch.slice(0, 2)]);
    await assert.rejects(test.send(batch.slice(2)), reason);
    test.close();
  });

  test("Writer counts symbols that are being written, but only until that has succeeded or failed", async () => {
    const test = new TestReplica({ symbolsMax: 2 });
    const many = Array.from(
      { length: 20_000 },
      (_, at) => tick({ symbol: at < 19_000 ? "A" : "B" }),
    );
    const large = test.writer.accept(many);
    const same = test.writer.accept(many.slice(-1));
    test.replica.work();
    await assert.rejects(test.writer.accept([tick({ symbol: "C" })]), /2 symbols are the limit/);
    await assert.rejects(test.writer.define("C", {}), /2 symbols are the limit/);
    test.work();
    assert.equal((await large).accepted, 20_000);
    assert.equal((await same).accepted, 1);
    const append = test.log.append;
    const other = new TestReplica({ symbolsMax: 1 });
    other.log.append = () => Promise.reject(new TapeError("full"));
    await assert.rejects(other.send([tick({ symbol: "A" })]), TapeError);
    other.log.append = append.bind(other.log);
    // A failed batch no longer counts.
    await other.send([tick({ symbol: "B" })]);
    other.close();
    test.close();
  });
});

describe("Writer: definitions", () => {
  test("Writer defines only as many instruments as fit, and changes existing ones", async () => {
    const test = new TestReplica({ symbolsMax: 1 });
    await test.define("A", { name: "first" });
    const reason = { message: "Cannot define B: 1 symbols are the limit, see --symbols-max" };
    await assert.rejects(test.define("B", {}), reason);
    await test.define("A", { name: "second" });
    assert.deepEqual(test.market.catalogue.all().map(({ name }) => name), ["second"]);
    test.close();
  });

  test("Writer changes nothing of an instrument whose definition cannot be logged", async () => {
    const path = folder.fresh();
    const test = new TestReplica({ path });
    await test.define("A", { name: "first", decimals: 3 });
    const before = test.market.catalogue.all();
    test.store.writable(false);
    await assert.rejects(test.define("A", { name: "second", decimals: null }), TapeError);
    await assert.rejects(test.define("B", { name: "new" }), TapeError);
    assert.deepEqual(test.market.catalogue.all(), before);
    test.store.writable(true);
    const killed = new TestReplica({ path: folder.killed(path) });
    assert.deepEqual(killed.market.catalogue.all(), before);
    await killed.define("B", { name: "new" });
    assert.deepEqual(killed.market.catalogue.all().map(({ name }) => name), ["first", "new"]);
    killed.close();
    test.close();
  });

  test("Writer answers a definition when the audience knows the instrument", async () => {
    const test = new TestReplica();
    const defined = test.writer.define("A", { name: "a" });
    assert.equal(test.market.catalogue.has("A"), false);
    test.work();
    await defined;
    assert.equal(test.market.catalogue.get("A")!.name, "a");
    await assert.rejects(test.define("no symbol", {}), RangeError);
    test.close();
  });

  test("Writer logs nothing for a definition that changes nothing", async () => {
    const test = new TestReplica();
    let drafts = 0;
    const append = test.log.append.bind(test.log);
    test.log.append = (draft) => {
      drafts++;
      return append(draft);
    };
    const steps: [object, logged: boolean][] = [
      [{ name: "a" }, true],
      [{ name: "a" }, false],
      [{}, false],
      [{ name: "a", shares: 5 }, true],
      [{ shares: null }, true],
      [{ shares: null, name: "a" }, false],
      [{ decimals: null }, false],
      // Decimals are learned until they are defined, even with the same value.
      [{ decimals: 2 }, true],
      [{ decimals: 2 }, false],
      [{ decimals: null }, true],
    ];
    for (const [fields, logged] of steps) {
      drafts = 0;
      await test.define("A", fields);
      assert.equal(drafts > 0, logged, JSON.stringify(fields));
    }
    test.close();
  });

  test("Writer fixes learned decimals by a definition", async () => {
    const test = new TestReplica();
    await test.send([tick({ price: 1.25 })]);
    await test.define("A", { decimals: 2 });
    await test.send([tick({ price: 1.23456 })]);
    assert.equal(test.market.catalogue.get("A")!.decimals, 2);
    test.close();
  });
});
