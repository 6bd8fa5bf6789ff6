/** A minimal server on Deno: `deno run -A deno_send.ts PORT`. One frame per tick and client. */
const clients = new Set<WebSocket>();

Deno.serve({ hostname: "127.0.0.1", port: Number(Deno.args[0]), onListen() {} }, (request) => {
  if (request.headers.get("upgrade") !== "websocket") return new Response("ready");
  const { socket, response } = Deno.upgradeWebSocket(request);
  if (new URL(request.url).pathname === "/ticks") {
    socket.onmessage = ({ data }) => {
      const lines = data.split("\n");
      for (const line of lines) {
        const frame = JSON.stringify(JSON.parse(line));
        for (const client of clients) client.send(frame);
      }
      socket.send(JSON.stringify({ accepted: lines.length }));
    };
  } else {
    socket.onopen = () => clients.add(socket);
    socket.onclose = () => clients.delete(socket);
  }
  return response;
});
