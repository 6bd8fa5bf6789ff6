import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { play } from "../helpers/conversation.ts";
import { Datafeed } from "../helpers/datafeed.ts";
import { type Block, blocksOf, PAGES } from "../helpers/documents.ts";
import { send, startServer, type TestServer } from "../helpers/server.ts";
import { until } from "../helpers/until.mjs";

const timeout = 120_000;
const NO_PYTHON = spawnSync("python3", ["--version"]).status === 0 ? false : "needs python3";
const snippets = (language: string) =>
  PAGES.flatMap(blocksOf).filter((block) => block.language === language);

/** Runs a snippet, in as much of a browser as it needs. */
class Reader {
  /** Values that the snippet has shown or received. */
  readonly seen: unknown[] = [];
  readonly faults: unknown[] = [];
  readonly #open: { close(): void }[] = [];
  readonly #server: TestServer;

  constructor(server: TestServer) {
    this.#server = server;
  }

  /** Every name that a snippet may use. */
  get names(): Record<string, unknown> {
    const see = (value: unknown) => void this.seen.push(value);
    return {
      console: {
        log: (...values: unknown[]) => see(values),
        error: (e: unknown) => this.faults.push(e),
      },
      WebSocket: this.#heard(WebSocket),
      EventSource: this.#heard(globalThis.EventSource ?? FetchedEvents),
      document: {
        getElementById: () => ({ replaceChildren: (...items: unknown[]) => see(items) }),
        createElement: () => ({}),
      },
      TradingView: { widget: class {} },
      Datafeeds: {
        UDFCompatibleDatafeed: class {
          constructor(url: string) {
            new Datafeed(url).ready().then(see);
          }
        },
      },
      served: (name: string) =>
        import(`../../static/${name}`).then((module) => ({
          ...module,
          connect: (...given: unknown[]) => this.#kept(module.connect(...given)),
        })),
    };
  }

  #kept<Open extends { close(): void }>(open: Open): Open {
    this.#open.push(open);
    return open;
  }

  #heard<Kind extends new (url: string) => EventTarget & { close(): void }>(kind: Kind) {
    const [seen, keep] = [this.seen, (open: { close(): void }) => this.#kept(open)];
    return class extends (kind as new (url: string) => EventTarget & { close(): void }) {
      constructor(url: string) {
        super(url);
        keep(this);
        this.addEventListener("message", (event) => seen.push((event as MessageEvent).data));
      }
    };
  }

  /** Runs a snippet until it has shown something. */
  async run({ at, text }: Block, more: Record<string, unknown> = {}): Promise<void> {
    const here = this.place(text)
      .replace(/^import (\{.*\}) from "http:.*\/static\/(.*)";$/m, 'const $1 = await served("$2");')
      .replace(/^import (\w+) from "(\w+)";$/m, 'const { default: $1 } = await import("$2");');
    const names = { ...this.names, ...more };
    const make = new Function(...Object.keys(names), `return (async () => {${here}\n})()`);
    await make(...Object.values(names));
    await until(`${at} shows something`, () => this.seen.length > 0);
    for (const open of this.#open.splice(0)) open.close();
    assert.deepEqual(this.faults, [], at);
  }

  place(text: string): string {
    return text.replaceAll(/(?:localhost|127\.0\.0\.1):5050/g, `127.0.0.1:${this.#server.port}`);
  }
}

/** An `EventSource` for a runtime without one. */
class FetchedEvents extends EventTarget {
  readonly #end = new AbortController();

  constructor(url: string) {
    super();
    void this.#read(url).catch(() => {});
  }

  async #read(url: string): Promise<void> {
    const { body } = await fetch(url, { signal: this.#end.signal });
    for await (const text of body!.pipeThrough(new TextDecoderStream())) {
      for (const [, data] of text.matchAll(/^data: (.*)$/gm)) {
        this.dispatchEvent(new MessageEvent("message", { data: data! }));
      }
    }
  }

  close(): void {
    this.#end.abort();
  }
}

describe("Snippets of the documents", () => {
  let server: TestServer;
  let folder: string;

  before(async () => {
    server = await startServer("--feed", "synthetic:?history=10m");
    folder = mkdtempSync(join(tmpdir(), "tickwire-snippets-"));
    await send(server, [{ symbol: "cpu", price: 1 }, { symbol: "DEMO", price: 1 }]);
  });
  after(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true });
  });

  for (const block of snippets("js").filter(({ text }) => !text.includes("krakenStockTicker"))) {
    it(`${block.at} shows something`, { timeout }, () => new Reader(server).run(block));
  }

  it("docs/clients/lowcoder.md: a query gets candles", { timeout }, async () => {
    const blocks = snippets("js").filter(({ text }) => text.includes("krakenStockTicker"));
    assert.equal(blocks.length, 2);
    const socket = new WebSocket(`${server.ws}/kraken`);
    await new Promise((resolve) => socket.onopen = resolve);
    const query = {
      data: undefined as unknown,
      broadcast: (frame: unknown) => socket.send(JSON.stringify(frame)),
    };
    const reader = new Reader(server);
    socket.onmessage = ({ data }) => {
      query.data = JSON.parse(data);
      if (Array.isArray(query.data)) reader.seen.push(data);
    };
    await reader.run(blocks[0]!, { krakenStockTicker: query });
    await reader.run(blocks[1]!, { krakenStockTicker: query });
    socket.close();
  });

  /** Starts a Python program and waits until it ends, or has printed so many lines. */
  async function python({ at, text }: Block, lines: number): Promise<string> {
    const file = join(folder, "program.py");
    writeFileSync(file, new Reader(server).place(text));
    const child: ChildProcess = spawn("python3", ["-u", file], { cwd: folder });
    let [said, complaint, code] = ["", "", undefined as number | null | undefined];
    child.stdout!.setEncoding("utf8").on("data", (text: string) => said += text);
    child.stderr!.setEncoding("utf8").on("data", (text: string) => complaint += text);
    child.on("close", (value) => code = value);
    const isDone = () => code !== undefined || said.split("\n").length > lines;
    await until(`${at} prints`, isDone);
    child.kill("SIGKILL");
    await until(`${at} is gone`, () => code !== undefined);
    assert.ok(said !== "" && complaint === "", `${at}: ${complaint}`);
    return said;
  }

  for (const block of snippets("python")) {
    it(`${block.at} prints something`, { timeout, skip: NO_PYTHON }, async () => {
      await python(block, 1);
    });
  }

  it("docs/clients/python.md: it resumes without missing or doubling ticks", {
    timeout,
    skip: NO_PYTHON,
  }, async () => {
    const resumes = snippets("python").find(({ text }) => text.includes("Last-Event-ID"))!;
    const seqsOf = (said: string) =>
      said.trim().split("\n").map((line) => Number(line.split(" ")[0]));
    rmSync(join(folder, "position.txt"), { force: true });
    const first = seqsOf(await python(resumes, 5));
    const second = seqsOf(await python(resumes, 5));
    const ticks: { seq: number }[] =
      await (await fetch(`${server.http}/ticks?symbol=DEMO,BTC/*&limit=10000`)).json();
    const whole = ticks.map(({ seq }) => seq);
    // The last frame may have been printed in part, or before its position was stored: it comes
    // again.
    const joined = [...new Set([...first, ...second])];
    const begin = whole.indexOf(joined[0]!);
    assert.deepEqual(joined, whole.slice(begin, begin + joined.length));
  });

  for (const block of PAGES.filter((page) => page !== "PROTOCOL.md").flatMap(blocksOf)) {
    if (block.language === "conversation") it(`${block.at} is true`, () => play(block.text));
  }
});
