import { NatsServer } from "../tests/helpers/nats_server.ts";
import { print, wait } from "./measured.ts";
import { lines, type Place, places, type ReplicaSetOptions, SYMBOLS } from "./replica_set.ts";

/** A socket that sends batches, each with a key, until they are acknowledged. */
class SendingSocket {
  #socket: WebSocket | undefined;
  #told: ((isTaken: boolean) => void) | undefined;

  constructor(readonly place: Place) {}

  async send(ticks: unknown[], id: string): Promise<boolean> {
    const socket = this.#socket ??= await this.#open();
    if (socket === undefined) return false;
    const told = new Promise<boolean>((resolve) => this.#told = resolve);
    socket.send(JSON.stringify({ id, key: id, ticks }));
    return await told;
  }

  #open(): Promise<WebSocket | undefined> {
    const socket = new WebSocket(`${this.place.http.replace("http", "ws")}/ticks`);
    socket.onmessage = ({ data }) => this.#told?.(JSON.parse(data).accepted !== undefined);
    socket.onerror = () => {};
    return new Promise((resolve) => {
      socket.onopen = () => resolve(socket);
      socket.onclose = () => {
        this.#socket = undefined;
        this.#told?.(false);
        resolve(undefined);
      };
    });
  }
}

/** A client that resumes its subscription at any replica. */
class Watcher {
  static resumes: number[] = [];
  static gaps = 0;
  static doubled = 0;
  static lost = 0;
  rows = 0;
  isOver = false;
  #seq: number | undefined;
  #epoch = "";
  #lostAt: number | undefined;

  constructor(readonly symbol: string, readonly mode: string, readonly all: readonly Place[]) {}

  connect(): void {
    const { port } = this.all[Math.floor(Math.random() * this.all.length)]!;
    if (this.mode === "sse") return void this.#listen(port).finally(() => this.#ended());
    const socket = new WebSocket(`ws://127.0.0.1:${port}/ws`);
    socket.onopen = () => {
      const from = this.#seq === undefined ? {} : { from: `${this.#epoch}:${this.#seq}` };
      const { mode, symbol } = this;
      socket.send(
        JSON.stringify({ op: "subscribe", channel: "tick", mode, symbols: [symbol], ...from }),
      );
    };
    socket.onmessage = ({ data }) => this.#read(JSON.parse(data));
    socket.onclose = () => this.#ended();
    socket.onerror = () => {};
  }

  #ended(): void {
    if (this.isOver) return;
    this.#lostAt ??= performance.now();
    setTimeout(() => this.connect(), 50 + 100 * Math.random());
  }

  /** Reads a stream of events until it breaks. */
  async #listen(port: number): Promise<void> {
    const headers = new Headers();
    if (this.#seq !== undefined) headers.set("last-event-id", `${this.#epoch}:${this.#seq}`);
    try {
      const query = `channel=tick&symbol=${this.symbol}`;
      const { body } = await fetch(`http://127.0.0.1:${port}/stream?${query}`, { headers });
      let rest = "";
      for await (const text of body!.pipeThrough(new TextDecoderStream())) {
        const events = (rest + text).split("\n\n");
        rest = events.pop()!;
        for (const event of events) {
          const data = /^data: (.*)$/m.exec(event)?.[1];
          if (data !== undefined && !event.includes("event: ")) this.#read(JSON.parse(data));
        }
      }
    } catch {
      // The server is down.
    }
  }

  // deno-lint-ignore no-explicit-any -- frames are whatever the server sends
  #read({ op, position, recovered, prev, seq, rows }: any): void {
    if (op === "subscribed") {
      if (this.#seq !== undefined && !recovered) Watcher.lost++;
      const [epoch, at] = position.split(":");
      this.#epoch = epoch;
      this.#seq ??= Number(at);
    }
    if (op !== "data") return;
    if (this.#lostAt !== undefined) Watcher.resumes.push(performance.now() - this.#lostAt);
    this.#lostAt = undefined;
    if (prev !== this.#seq) Watcher.gaps++;
    if (seq <= this.#seq!) Watcher.doubled++;
    this.#seq = seq;
    this.rows += rows.length;
  }
}

/**
 * Kills a replica or a nats-server every ten seconds, and prints lost and doubled ticks and
 * clients' gaps.
 */
export async function chaos(options: ReplicaSetOptions, seconds: number): Promise<void> {
  const servers = await NatsServer.cluster(3);
  await wait(3_000);
  const urls = servers.map(({ url }) => url).join(",");
  const all = await places(options, 3, ["--log", `${urls}?stream=chaos&replicas=3`]);
  await underFire(all, seconds, async (kills) => {
    if (kills % 2 === 0) {
      const server = servers[kills % 3]!;
      await server.kill();
      await wait(2_000);
      await server.begin();
    } else {
      const place = all[kills % 3]!;
      place.kill();
      await wait(500);
      await place.start();
    }
  });
  for (const place of all) place.kill();
  await Promise.all(servers.map((server) => server.stop()));
}

/**
 * Sends 5,000 ticks a second to 300 clients that resume after a break, and prints lost and doubled
 * ticks and gaps. @param all places, each with its own sender @param strike called every ten
 * seconds
 */
export async function underFire(
  all: readonly Place[],
  seconds: number,
  strike: (kills: number) => Promise<void>,
): Promise<void> {
  const watchers = Array.from(
    { length: 300 },
    (_, index) =>
      new Watcher(SYMBOLS[index % SYMBOLS.length]!, ["all", "latest", "sse"][index % 3]!, all),
  );
  watchers.forEach((watcher) => watcher.connect());
  const taken: number[] = [];
  let isOver = false, refused = 0, batch = 0;
  const write = async (place: Place) => {
    const socket = new SendingSocket(place);
    while (!isOver) {
      const begun = performance.now();
      const { body, serials } = lines(100);
      const ticks = body.split("\n").map((line) => JSON.parse(line));
      const key = `b${++batch}`;
      while (!await socket.send(ticks, key) && !isOver) {
        refused++;
        await wait(100);
      }
      if (!isOver) { for (const each of serials) taken.push(each); }
      await wait(Math.max(0, 60 - (performance.now() - begun)));
    }
  };
  const writing = Promise.all(all.map(write));
  let kills = 0;
  for (const begun = performance.now(); performance.now() - begun < seconds * 1_000;) {
    await wait(10_000);
    await strike(++kills);
  }
  await wait(5_000);
  isOver = true;
  await writing;
  await wait(5_000);
  for (const watcher of watchers) watcher.isOver = true;
  for (const [index, { http }] of [...new Set(all)].entries()) {
    const counts = new Map<number, number>();
    const text = await (await fetch(`${http}/ticks?limit=10000000&format=ndjson`)).text();
    for (const line of text.trim().split("\n")) {
      const { price } = JSON.parse(line);
      counts.set(price, (counts.get(price) ?? 0) + 1);
    }
    const lost = taken.filter((each) => !counts.has(each)).length;
    const doubled = [...counts.values()].filter((count) => count > 1).length;
    print(
      `replica ${index}: ${counts.size} ticks, ${taken.length} acknowledged: ${lost} lost, ${doubled} doubled`,
    );
  }
  const took = Watcher.resumes.sort((a, b) => a - b);
  const at = (q: number) => (took[Math.floor(q * (took.length - 1))] ?? NaN).toFixed(0);
  const rows = watchers.reduce((sum, watcher) => sum + watcher.rows, 0);
  print(
    `chaos, ${seconds} s, ${kills} kills, ${refused} refused attempts: 300 clients got ${rows} ticks, ` +
      `${Watcher.gaps} gaps, ${Watcher.doubled} doubled, ${Watcher.lost} not recovered; ` +
      `${took.length} times from a broken connection to the next frame: p50 ${at(0.5)} ms, p99 ${
        at(0.99)
      } ms`,
  );
}
