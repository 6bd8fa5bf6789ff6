/// <reference types="bun-types" />
/**
 * A minimal server on Bun: `bun bun_publish.ts PORT`. One published frame per tick, to the clients of its symbol
 * (`/ws?symbol=A,B`) and to those of all (`/ws`).
 */
const ALL = "*";

interface Client {
  readonly sends: boolean;
  readonly symbols: readonly string[];
}

const server = Bun.serve<Client>({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  fetch(request, server) {
    const { pathname, searchParams } = new URL(request.url);
    const sends = pathname === "/ticks";
    const symbols = (searchParams.get("symbol") ?? ALL).split(",");
    return server.upgrade(request, { data: { sends, symbols } })
      ? undefined
      : new Response("ready");
  },
  websocket: {
    open(socket) {
      if (!socket.data.sends) socket.data.symbols.forEach((symbol) => socket.subscribe(symbol));
    },
    message(socket, batch) {
      const lines = String(batch).split("\n");
      for (const line of lines) {
        const tick: { readonly symbol: string } = JSON.parse(line);
        const text = JSON.stringify(tick);
        for (const topic of [ALL, tick.symbol]) server.publish(topic, text);
      }
      socket.send(JSON.stringify({ accepted: lines.length }));
    },
  },
});
