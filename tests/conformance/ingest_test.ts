import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { Client } from "../helpers/client.ts";
import { startServer, type TestServer } from "../helpers/server.ts";

describe("Sending ticks over real sockets", () => {
  let server: TestServer;

  before(async () => {
    server = await startServer("--feed", "none", "--body-max", "1000000");
  });

  after(async () => {
    await server.stop();
    assert.deepEqual(server.log, []);
  });

  const seqOf = ({ position }: { position: string }) => Number(position.split(":")[1]);

  it("answers batches in order, each after it is on the tape and with its last position", async () => {
    const client = await Client.connect(`${server.ws}/ticks`);
    const reader = await Client.connect(`${server.ws}/ws?symbol=ORDER`);
    await reader.next(({ op }) => op === "subscribed");
    let sent = 0;
    let last = 0;
    for (let round = 0; round < 20; round++) {
      const counts = Array.from({ length: 10 }, (_, index) => 1 + (round * 37 + index * 101) % 700);
      for (const count of counts) {
        const batch = Array.from({ length: count }, () => ({ symbol: "ORDER", price: ++sent }));
        client.sendText(
          count % 2 === 0
            ? JSON.stringify(batch)
            : batch.map((tick) => JSON.stringify(tick)).join("\n") + "\n",
        );
      }
      for (const count of counts) {
        const answer = await client.next();
        assert.equal(answer.accepted, count);
        assert.equal(seqOf(answer), last + count);
        last += count;
      }
    }
    for (let expected = 1; expected <= sent;) {
      const { rows } = await reader.next(({ op }) => op === "data");
      for (const { price } of rows) assert.equal(price, expected++);
    }
    await reader.close();
    await client.close();
  });

  it("refuses errors in words and goes on, at the frame limit and beyond it", async () => {
    const client = await Client.connect(`${server.ws}/ticks`);
    const good = JSON.stringify({ symbol: "LIMIT", price: 1 });
    client.sendText(good.padEnd(1_000_000));
    assert.equal((await client.next()).accepted, 1);
    client.sendText(good.padEnd(1_000_001));
    assert.equal((await client.next()).code, "too_large");
    client.send([{ symbol: "LIMIT", price: 2 }, { symbol: "LIMIT" }]);
    const { code, detail, status } = await client.next();
    assert.deepEqual([code, status], ["bad_tick", 400]);
    assert.equal(detail, "Cannot read ticks: record 2: price is missing");
    client.sendText(good);
    assert.equal((await client.next()).accepted, 1);
    client.sendBinary(new Uint8Array([1]));
    assert.equal((await client.closed()).code, 4400);
  });

  it("delivers while it reads a large body, and takes that as a whole", async () => {
    const reader = await Client.connect(`${server.ws}/ws?symbol=LIVE`);
    await reader.next(({ op }) => op === "subscribed");
    const client = await Client.connect(`${server.ws}/ticks?format=ndjson`);
    const large = Array.from(
      { length: 20_000 },
      (_, index) => `{"symbol":"BULK","price":${index}}`,
    );
    const posted = fetch(`${server.http}/ticks`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson", "content-encoding": "gzip" },
      body: gzipSync(large.join("\n")),
    });
    for (let price = 0; price < 20; price++) {
      client.send({ symbol: "LIVE", price });
      assert.equal((await client.next()).accepted, 1);
      const { rows } = await reader.next(({ op }) => op === "data");
      assert.equal(rows[0].price, price);
    }
    const { accepted, position } = await (await posted).json();
    assert.equal(accepted, 20_000);
    const after = `${position.split(":")[0]}:${seqOf({ position }) - 20_000}`;
    const ticks = await (await fetch(`${server.http}/ticks?after=${after}&limit=20000`)).json();
    assert.ok(ticks.every((tick: { price: number }, index: number) => tick.price === index));
    await client.close();
    await reader.close();
  });
});
