/// <reference types="bun-types" />
/** The least that a server on Bun can do: `bun bun_publish.ts PORT`. One published frame per tick. */
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  async fetch(request, server) {
    if (server.upgrade(request)) return undefined;
    if (request.method === "GET") return new Response("ready");
    let accepted = 0;
    for (const line of (await request.text()).split("\n")) {
      server.publish("ticks", JSON.stringify(JSON.parse(line)));
      accepted++;
    }
    return Response.json({ accepted });
  },
  websocket: {
    open: (socket) => void socket.subscribe("ticks"),
    message: () => {},
  },
});
process.once("SIGTERM", () => server.stop(true));
