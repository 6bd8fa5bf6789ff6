/// <reference types="bun-types" />
/** A minimal server on Bun: `bun bun_publish.ts PORT`. One published frame per tick. */
const server = Bun.serve<{ readonly sends: boolean }>({
  hostname: "127.0.0.1",
  port: Number(process.argv[2]),
  fetch(request, server) {
    const sends = new URL(request.url).pathname === "/ticks";
    return server.upgrade(request, { data: { sends } }) ? undefined : new Response("ready");
  },
  websocket: {
    open(socket) {
      if (!socket.data.sends) socket.subscribe("ticks");
    },
    message(socket, batch) {
      const lines = String(batch).split("\n");
      for (const line of lines) server.publish("ticks", JSON.stringify(JSON.parse(line)));
      socket.send(JSON.stringify({ accepted: lines.length }));
    },
  },
});
