import assert from "node:assert/strict";
import { test } from "node:test";
import { readView } from "../../static/address.js";
import { Room, type Shared } from "../../static/room.js";

/** A server that passes each message to all others, and the newest message to newcomers. */
class TestRooms {
  now = 0;
  newest: string | undefined;
  readonly sockets: FakeSocket[] = [];
  readonly rooms: Room[] = [];

  enter(id: string) {
    const adopted: string[] = [];
    const room = new Room({
      url: () => "ws://x/rooms/a",
      id,
      name: id.toUpperCase(),
      WebSocket: socketsOf(this),
      now: () => this.now,
      adopt: ({ symbol }) => adopted.push(symbol),
    });
    this.rooms.push(room);
    return { room, adopted };
  }

  pass(ms: number): void {
    for (const end = this.now + ms; this.now < end; this.now += 50) {
      for (const room of this.rooms) room.tick();
    }
  }
}

class FakeSocket extends EventTarget {
  readyState = 0;
  readonly #rooms: TestRooms;

  constructor(rooms: TestRooms) {
    super();
    this.#rooms = rooms;
    rooms.sockets.push(this);
    queueMicrotask(() => {
      this.readyState = 1;
      this.dispatchEvent(new Event("open"));
      if (rooms.newest !== undefined) this.hear(rooms.newest);
    });
  }

  send(text: string): void {
    this.#rooms.newest = text;
    for (const socket of this.#rooms.sockets) if (socket !== this) socket.hear(text);
  }

  hear(data: string): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  leave(): void {
    this.readyState = 3;
    this.dispatchEvent(new Event("close"));
  }
}

function socketsOf(rooms: TestRooms): new (url: string) => WebSocket {
  const InRooms = class extends FakeSocket {
    constructor() {
      super(rooms);
    }
  };
  return InRooms as unknown as new (url: string) => WebSocket;
}

const view = (symbol: string): Shared => ({
  ...readView(new URLSearchParams({ symbol })),
  isPaused: true,
  speed: 1,
});
const rest = () => new Promise((done) => setImmediate(done));

async function two() {
  const rooms = new TestRooms();
  const [a, b] = [rooms.enter("a"), rooms.enter("b")];
  rooms.pass(50);
  await rest();
  rooms.pass(1_000);
  return { rooms, a, b };
}

test("All clients of a room follow the newest choice", async () => {
  const { rooms, a, b } = await two();
  a.room.moved(view("X"));
  rooms.pass(200);
  assert.deepEqual(b.adopted, ["X"]);
  b.room.moved(view("Y"));
  rooms.pass(200);
  assert.deepEqual(a.adopted, ["Y"]);
  assert.deepEqual(a.room.members.map(({ name, isLeading }) => [name, isLeading]), [
    ["A", false],
    ["B", true],
  ]);
});

test("A newcomer sees the view of the room, whoever spoke last", async () => {
  const { rooms, a } = await two();
  a.room.moved(view("X"));
  rooms.pass(6_000);
  const c = rooms.enter("c");
  rooms.pass(50);
  await rest();
  rooms.pass(500);
  assert.deepEqual(c.adopted, ["X"]);
  assert.equal(c.room.members.length, 3);
});

test("A newcomer listens first, and does not lead with its own view", async () => {
  const { rooms, a, b } = await two();
  a.room.moved(view("X"));
  rooms.pass(200);
  const c = rooms.enter("z");
  for (const symbol of ["P", "Q", "R", "S"]) c.room.moved(view(symbol));
  rooms.pass(50);
  await rest();
  rooms.pass(1_000);
  assert.deepEqual([a.adopted, b.adopted, c.adopted], [[], ["X"], ["X"]]);
});

test("A newcomer alone in a room leads with its own view", async () => {
  const rooms = new TestRooms();
  const a = rooms.enter("a");
  a.room.moved(view("X"));
  rooms.pass(50);
  await rest();
  rooms.pass(1_000);
  const b = rooms.enter("b");
  b.room.moved(view("Y"));
  rooms.pass(50);
  await rest();
  rooms.pass(1_000);
  assert.deepEqual([a.adopted, b.adopted], [[], ["X"]]);
});

test("A client that does not follow leads nobody, and catches up when it follows again", async () => {
  const { rooms, a, b } = await two();
  b.room.follows = false;
  a.room.moved(view("X"));
  b.room.moved(view("Z"));
  rooms.pass(500);
  assert.deepEqual([a.adopted, b.adopted], [[], []]);
  assert.equal(a.room.members[1]!.follows, false);
  b.room.follows = true;
  assert.deepEqual(b.adopted, ["X"]);
});

test("A client that leaves is forgotten, and a lost room is entered again", async () => {
  const { rooms, a } = await two();
  assert.equal(a.room.members.length, 2);
  rooms.rooms.pop();
  rooms.pass(13_000);
  assert.equal(a.room.members.length, 1);
  rooms.sockets[0]!.leave();
  assert.equal(a.room.isJoined, false);
  rooms.pass(3_000);
  await rest();
  assert.equal(a.room.isJoined, true);
});

test("An invalid message changes nothing", async () => {
  const { rooms, a } = await two();
  const good = JSON.parse(rooms.newest!);
  for (
    const bad of [
      "x",
      "null",
      "[]",
      "{}",
      JSON.stringify({ ...good, id: "evil", moved: 1e300, view: view("Q") }),
      JSON.stringify({ ...good, id: "evil", moved: 9, by: "evil", view: { symbol: 5 } }),
      JSON.stringify({ ...good, id: "x".repeat(99), moved: 9, by: "y", view: view("Q") }),
    ]
  ) rooms.sockets[0]!.hear(bad);
  assert.deepEqual(a.adopted, []);
});
