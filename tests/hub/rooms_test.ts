import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DEFAULT_LIMITS, type Limits } from "../../src/hub/limits.ts";
import { Rooms } from "../../src/hub/rooms.ts";
import { FakeSocket } from "../helpers/fake_socket.ts";

const NAME = "desk";

class House {
  now = 0;
  wakes = 0;
  readonly rooms: Rooms;

  constructor(limits: Partial<Limits> = {}) {
    const all = { ...DEFAULT_LIMITS, ...limits };
    this.rooms = new Rooms({ limits: all, now: () => this.now, wake: () => this.wakes++ });
  }

  enter(name = NAME) {
    const socket = new FakeSocket();
    return { socket, member: this.rooms.open(name, socket) };
  }

  pass(ms: number): void {
    this.now += ms;
    this.rooms.flush();
    this.rooms.tend(this.now);
  }
}

const codeOf = ({ closedWith }: FakeSocket) => closedWith?.code;
const say = (value: unknown) => JSON.stringify({ value });

describe("Rooms", () => {
  it("Rooms pass a message to every other client of the room, in one order, and to nobody else", () => {
    const house = new House();
    const [one, two, three] = [house.enter(), house.enter(), house.enter()];
    const elsewhere = house.enter("elsewhere");
    one.member.receive('{"from":1}');
    two.member.receive('["from 2"]');
    one.member.receive("{}");
    assert.deepEqual(one.socket.take(), [["from 2"]]);
    assert.deepEqual(two.socket.take(), [{ from: 1 }, {}]);
    assert.deepEqual(three.socket.take(), [{ from: 1 }, ["from 2"], {}]);
    assert.deepEqual(elsewhere.socket.take(), []);
  });

  it("Rooms pass the text on unchanged", () => {
    const house = new House();
    const { member } = house.enter();
    const texts: string[] = [];
    house.rooms.open(NAME, { buffered: 0, send: (text) => void texts.push(text), close() {} });
    const sent = [' { "a" : 1.0,"a":\t"\\u00e9 é 字" }\n', "[ 1e2 ]"];
    for (const text of sent) member.receive(text);
    assert.deepEqual(texts, sent);
  });

  it("Rooms give a newcomer the newest message, even if its sender has left", () => {
    const house = new House();
    const { member } = house.enter();
    assert.deepEqual(house.enter().socket.take(), []);
    member.receive(say(1));
    member.receive(say(2));
    assert.deepEqual(house.enter().socket.take(), [{ value: 2 }]);
    member.closed();
    assert.deepEqual(house.enter().socket.take(), [{ value: 2 }]);
  });

  it("Rooms close a sender with 4400 for anything but a JSON object or array, and pass nothing on", () => {
    const wrong = ["", "nonsense", "5", '"text"', "null", "true", "{", "NaN", "{}{}", "\u0000"];
    for (const text of wrong) {
      const house = new House();
      const [sender, other] = [house.enter(), house.enter()];
      sender.member.receive(text);
      assert.equal(codeOf(sender.socket), 4400, text);
      assert.match(sender.socket.closedWith!.reason, /^Cannot pass on .*[^.]$/);
      sender.member.receive(say("too late"));
      assert.deepEqual(other.socket.take(), []);
      assert.equal(codeOf(other.socket), undefined);
      assert.equal(house.rooms.sessionCount, 1);
    }
    const { member, socket } = new House().enter();
    member.receiveBinary();
    assert.equal(codeOf(socket), 4400);
  });

  it("Rooms pass on a message at the limit of characters, and close the sender of a longer one", () => {
    const house = new House({ roomMessageMax: 20 });
    const [sender, other] = [house.enter(), house.enter()];
    sender.member.receive("[]".padEnd(20));
    assert.deepEqual(other.socket.take(), [[]]);
    sender.member.receive("[]".padEnd(21));
    assert.equal(codeOf(sender.socket), 4400);
    assert.match(sender.socket.closedWith!.reason, /21 characters: the limit is 20/);
    assert.deepEqual(other.socket.take(), []);
  });

  it("Rooms pass on every message of a dragged cursor", () => {
    const house = new House();
    const [sender, other] = [house.enter(), house.enter()];
    for (let count = 0; count < 60 * 60; count++) {
      sender.member.receive(say(count));
      house.pass(1_000 / 60);
    }
    assert.deepEqual(other.socket.take().map(({ value }) => value), [...Array(60 * 60).keys()]);
    assert.equal(house.wakes, 0);
  });

  it("Rooms pass on the newest of too frequent messages, at their own pace, and close nobody", () => {
    const house = new House({ roomMessagesPerSecond: 10 });
    const [sender, other] = [house.enter(), house.enter()];
    const values = () => other.socket.take().map(({ value }) => value);
    for (let count = 0; count < 50; count++) sender.member.receive(say(count));
    assert.deepEqual(values(), [...Array(20).keys()]);
    assert.equal(house.wakes, 1);
    assert.ok(house.rooms.flush());
    house.pass(100);
    assert.deepEqual(values(), [49]);
    assert.ok(!house.rooms.flush());
    for (let count = 50; count < 1_050; count++) {
      sender.member.receive(say(count));
      house.pass(1);
    }
    house.pass(100);
    const passed = values();
    assert.ok(passed.length >= 9 && passed.length <= 12, String(passed));
    assert.deepEqual(passed, [...passed].sort((a, b) => a - b));
    assert.equal(passed.at(-1), 1_049);
    assert.deepEqual([codeOf(sender.socket), codeOf(other.socket)], [undefined, undefined]);
    // Other senders do not have to wait.
    other.member.receive(say("other"));
    assert.deepEqual(sender.socket.take(), [{ value: "other" }]);
  });

  it("Rooms pass on the last held message of a client that leaves or is closed", () => {
    for (const leave of ["closed", "receiveBinary"] as const) {
      const house = new House({ roomMessagesPerSecond: 1 });
      const [sender, other] = [house.enter(), house.enter()];
      for (let count = 0; count < 5; count++) sender.member.receive(say(count));
      sender.member[leave]();
      assert.deepEqual(other.socket.take().map(({ value }) => value), [0, 1, 4]);
      house.pass(10_000);
      assert.deepEqual(other.socket.take(), []);
      assert.deepEqual(house.enter().socket.take(), [{ value: 4 }]);
    }
  });

  it("Rooms never close an idle client, and send nothing of their own", () => {
    const house = new House();
    const { socket } = house.enter();
    for (let hour = 0; hour < 48; hour++) house.pass(3_600_000);
    assert.deepEqual([socket.take(), socket.closedWith], [[], undefined]);
  });

  it("Rooms send a slow client the newest message once it reads again", () => {
    const house = new House({ bufferedBytesMax: 100, stalledMsMax: 1_000 });
    const [sender, slow, reader] = [house.enter(), house.enter(), house.enter()];
    slow.socket.reads(false);
    for (let count = 1; count <= 50; count++) sender.member.receive(say(count));
    assert.ok(slow.socket.bufferedAtSendMax <= 100);
    assert.equal(reader.socket.take().length, 50);
    assert.equal(house.wakes, 1);
    assert.ok(house.rooms.flush());
    slow.socket.reads(true);
    assert.ok(!house.rooms.flush());
    const values = slow.socket.take().map(({ value }) => value);
    assert.equal(values.at(-1), 50);
    assert.ok(values.length < 20);
    assert.deepEqual(values, [...values].sort((a, b) => a - b));
    house.pass(60_000);
    assert.deepEqual([slow.socket.take(), slow.socket.closedWith], [[], undefined]);
  });

  it("Rooms never send a slow client an older message after its own", () => {
    const house = new House({ bufferedBytesMax: 10 });
    const [sender, slow] = [house.enter(), house.enter()];
    slow.socket.reads(false);
    sender.member.receive(say("first, which is more than ten bytes"));
    sender.member.receive(say("missed"));
    slow.member.receive(say("own"));
    slow.socket.reads(true);
    house.rooms.flush();
    assert.deepEqual(slow.socket.take().map(({ value }) => value), [
      "first, which is more than ten bytes",
    ]);
    assert.deepEqual(sender.socket.take(), [{ value: "own" }]);
  });

  it("Rooms close a client that reads nothing with 4408, even after a long silence", () => {
    const house = new House({ stalledMsMax: 1_000 });
    const [sender, stalled] = [house.enter(), house.enter()];
    house.pass(100_000);
    stalled.socket.reads(false);
    sender.member.receive(say(1));
    house.pass(250);
    house.pass(500);
    assert.equal(codeOf(stalled.socket), undefined);
    sender.member.receive(say(2));
    house.pass(250);
    assert.equal(codeOf(stalled.socket), 4408);
    assert.equal(house.rooms.sessionCount, 1);
    assert.equal(codeOf(sender.socket), undefined);
  });

  it("Rooms do not count a client as stalled while it reads, for characters of any length in bytes", () => {
    const house = new House({ stalledMsMax: 1_000 });
    const [sender, slow] = [house.enter(), house.enter()];
    slow.socket.reads(false);
    for (let count = 0; count < 10; count++) sender.member.receive(say("字".repeat(1_000)));
    for (let bytes = 30_000; bytes > 0; bytes -= 1_500) {
      slow.socket.buffered = bytes;
      house.pass(900);
      assert.equal(codeOf(slow.socket), undefined);
    }
  });

  it("Rooms refuse one client too many, in a room or on the server", () => {
    const house = new House({ roomMembersMax: 2, sessionsMax: 3 });
    const first = house.enter();
    house.enter();
    assert.equal(codeOf(house.enter().socket), 4429);
    house.enter("other");
    assert.equal(codeOf(house.enter("another").socket), 4429);
    assert.deepEqual([house.rooms.sessionCount, house.rooms.roomCount], [3, 2]);
    first.member.closed();
    assert.equal(codeOf(house.enter().socket), undefined);
  });

  it("Rooms keep the newest message of an empty room for a time, and then delete it", () => {
    const house = new House({ roomKeptMs: 1_000 });
    const first = house.enter();
    first.member.receive(say(1));
    first.member.closed();
    house.pass(999);
    const second = house.enter();
    assert.deepEqual(second.socket.take(), [{ value: 1 }]);
    house.pass(5_000);
    assert.deepEqual(house.enter().socket.take(), [{ value: 1 }]);
    second.member.closed();
    house.rooms.closeSome(1);
    house.pass(1_000);
    assert.equal(house.rooms.roomCount, 0);
    assert.deepEqual(house.enter().socket.take(), []);
  });

  it("Rooms delete an empty room without a message at once", () => {
    const house = new House();
    house.enter().member.closed();
    assert.deepEqual([house.rooms.roomCount, house.rooms.sessionCount], [0, 0]);
  });

  it("Rooms replace the room that is empty for longest, and refuse a new one when none is empty", () => {
    const house = new House({ roomsMax: 2 });
    for (const name of ["a", "b"]) {
      const { member } = house.enter(name);
      member.receive(say(name));
      member.closed();
      house.pass(10);
    }
    const { socket } = house.enter("c");
    assert.equal(codeOf(socket), undefined);
    assert.deepEqual(house.enter("b").socket.take(), [{ value: "b" }]);
    assert.equal(house.rooms.roomCount, 2);
    const refused = house.enter("a");
    assert.equal(codeOf(refused.socket), 4429);
    refused.member.closed();
    assert.equal(house.rooms.sessionCount, 2);
  });

  it("Rooms close their clients with 1012 and without a message, a given share at a time", () => {
    const house = new House();
    const sockets = ["a", "a", "b", "c"].map((name) => house.enter(name).socket);
    house.rooms.closeSome(0.5);
    assert.equal(house.rooms.sessionCount, 2);
    house.rooms.closeSome(1);
    assert.equal(house.rooms.sessionCount, 0);
    for (const socket of sockets) {
      assert.equal(codeOf(socket), 1012);
      assert.deepEqual(socket.take(), []);
    }
  });
});
