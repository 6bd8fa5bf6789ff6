/**
 * The most used WebSocket server on Node: `node node_ws.mjs PORT`. One frame per tick and client.
 */
import { createServer } from "node:http";
import process from "node:process";
import { WebSocketServer } from "ws";

/** @typedef {import("node:events").EventEmitter & { send(text: string): void }} Socket */

/** @type {Set<Socket>} */
const clients = new Set();

/** @param {Socket} socket @param {{ url: string }} request */
function accept(socket, { url }) {
  if (!url.startsWith("/ticks")) {
    clients.add(socket);
    socket.on("close", () => clients.delete(socket));
    return;
  }
  socket.on("message", (batch) => {
    const lines = String(batch).split("\n");
    for (const line of lines) {
      const frame = JSON.stringify(JSON.parse(line));
      for (const client of clients) client.send(frame);
    }
    socket.send(JSON.stringify({ accepted: lines.length }));
  });
}

const server = createServer((_, response) => response.end("ready"));
new WebSocketServer({ server }).on("connection", accept);
server.listen(Number(process.argv[2]), "127.0.0.1");
