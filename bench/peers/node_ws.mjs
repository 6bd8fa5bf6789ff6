/** The most used WebSocket server on Node: `node node_ws.mjs PORT`. One frame per tick and client. */
import { createServer } from "node:http";
import process from "node:process";
import { text } from "node:stream/consumers";
import { WebSocketServer } from "ws";

const server = createServer(async (request, response) => {
  let accepted = 0;
  if (request.method === "POST") {
    for (const line of (await text(request)).split("\n")) {
      const frame = JSON.stringify(JSON.parse(line));
      for (const client of sockets.clients) client.send(frame);
      accepted++;
    }
  }
  const body = JSON.stringify({ accepted });
  response.writeHead(200, { "content-length": body.length }).end(body);
});
const sockets = new WebSocketServer({ server });
server.listen(Number(process.argv[2]), "127.0.0.1");
