import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Intake } from "../../src/hub/intake.ts";
import { Upkeep } from "../../src/hub/upkeep.ts";
import { TapeFull } from "../../src/store/tape_error.ts";

/** Counts what upkeep asks for; so many slices are to be saved and forgotten. */
function desk(toSave: number, toForget = 1) {
  const done = { saved: 0, forgot: 0, warnings: [] as string[], full: false, dropped: false };
  const write = () => {
    if (done.full) throw new TapeFull("the disk is full");
  };
  const intake = {
    seq: toSave,
    get shouldSave() {
      return done.dropped;
    },
    save() {
      write();
      done.dropped = false;
      return ++done.saved;
    },
    retain() {
      write();
      return ++done.forgot < toForget;
    },
  };
  const upkeep = new Upkeep(intake as unknown as Intake, {
    retentionMs: 1_000,
    bytesMax: 1,
    warn: (message) => void done.warnings.push(message),
  });
  return { done, upkeep };
}

describe("Upkeep", () => {
  it("Upkeep saves every five seconds, one slice a turn, until all from then is saved", () => {
    const { done, upkeep } = desk(3);
    assert.deepEqual([0, 1, 2, 3].map((now) => upkeep.run(now)), [true, true, true, false]);
    assert.deepEqual([done.saved, done.forgot], [3, 1]);
    assert.equal(upkeep.run(4_999), false);
    assert.equal(done.saved, 3);
    assert.equal(upkeep.run(5_000), true);
    assert.equal(done.saved, 4);
  });

  it("Upkeep forgets every ten seconds, one slice a turn, until nothing is left to forget", () => {
    const { done, upkeep } = desk(1, 3);
    assert.deepEqual([0, 1, 2].map((now) => upkeep.run(now)), [true, true, false]);
    for (const now of [3, 9_000, 10_001]) upkeep.run(now);
    assert.equal(done.forgot, 3);
    upkeep.run(10_002);
    assert.equal(done.forgot, 4);
  });

  it("Upkeep saves at once what readers do not find otherwise", () => {
    const { done, upkeep } = desk(1);
    upkeep.run(0);
    done.dropped = true;
    assert.equal(upkeep.run(250), true);
    assert.equal(upkeep.run(260), false);
    assert.equal(done.saved, 2);
  });

  it("Upkeep says once that it cannot write, waits for its next turn, and goes on", () => {
    const { done, upkeep } = desk(2);
    done.full = true;
    assert.deepEqual([0, 250, 500].map((now) => upkeep.run(now)), [false, false, false]);
    assert.deepEqual(done.warnings, ["the disk is full"]);
    done.full = false;
    assert.equal(upkeep.run(750), true);
    assert.equal(done.saved, 1);
  });

  it("Upkeep saves everything at the end, or as much as can be written", () => {
    const { done, upkeep } = desk(7);
    upkeep.finish();
    assert.equal(done.saved, 7);
    const full = desk(7);
    full.done.full = true;
    full.upkeep.finish();
    assert.equal(full.done.saved, 0);
  });
});
