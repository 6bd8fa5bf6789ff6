/** The least that a server on Deno can do: `deno run -A deno_send.ts PORT`. One frame per tick and client. */
const clients = new Set<WebSocket>();

Deno.serve(
  { hostname: "127.0.0.1", port: Number(Deno.args[0]), onListen() {} },
  async (request) => {
    if (request.headers.get("upgrade") === "websocket") {
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.onopen = () => clients.add(socket);
      socket.onclose = () => clients.delete(socket);
      return response;
    }
    if (request.method === "GET") return new Response("ready");
    let accepted = 0;
    for (const line of (await request.text()).split("\n")) {
      const text = JSON.stringify(JSON.parse(line));
      for (const client of clients) client.send(text);
      accepted++;
    }
    return Response.json({ accepted });
  },
);
