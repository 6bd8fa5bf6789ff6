import { spawnSync } from "node:child_process";
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { after, before } from "node:test";

/** A folder for the files of one test file, which is gone when its tests are done. */
export class TapeFolder {
  #path = "";
  #files = 0;

  constructor() {
    before(() => void (this.#path = mkdtempSync(join(tmpdir(), "tickwire-tape-"))));
    after(() => rmSync(this.#path, { recursive: true, force: true }));
  }

  get path(): string {
    return this.#path;
  }

  /** A path that nothing has used, in a folder of its own. */
  fresh(): string {
    const parent = join(this.#path, String(++this.#files));
    mkdirSync(parent);
    return join(parent, "tape.db");
  }

  /** What is left of a tape whose process is killed now. */
  killed(path: string): string {
    const copy = this.fresh();
    for (const end of ["", "-wal"]) {
      if (existsSync(path + end)) copyFileSync(path + end, copy + end);
    }
    return copy;
  }
}

/** The first value of the first row, if there is one. */
export function query(path: string, sql: string): unknown {
  const db = new DatabaseSync(path);
  const row = db.prepare(sql).get();
  db.close();
  return row === undefined ? undefined : Object.values(row)[0];
}

export function change(path: string, sql: string): void {
  const db = new DatabaseSync(path);
  db.exec(sql);
  db.close();
}

export function overwrite(path: string, offset: number, bytes: Uint8Array): void {
  const file = openSync(path, "r+");
  writeSync(file, bytes, 0, bytes.length, offset);
  closeSync(file);
}

/** Why no small disk can be had here; `undefined` when it can. */
export function diskFault(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "only root mounts a disk";
  const point = mkdtempSync(join(tmpdir(), "tickwire-disk-"));
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", point]);
  if (status === 0) spawnSync("umount", [point]);
  rmSync(point, { recursive: true, force: true });
  return status === 0 ? undefined : "no disk can be mounted here";
}

/** A disk of 8 MB for the tests of one suite, which can be filled to the last byte. */
export class SmallDisk {
  #point = "";

  constructor() {
    before(() => {
      this.#point = mkdtempSync(join(tmpdir(), "tickwire-disk-"));
      spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", this.#point]);
    });
    after(() => {
      // A test that failed may have left a file open.
      spawnSync("umount", ["-l", this.#point]);
      rmSync(this.#point, { recursive: true, force: true });
    });
  }

  path(name: string): string {
    return join(this.#point, name);
  }

  /** Leaves about so much room. */
  leave(bytes: number): void {
    this.fill();
    const { size } = statSync(this.path("ballast"));
    truncateSync(this.path("ballast"), Math.max(0, size - bytes));
  }

  /** Lets it be written from now on, or only read; no file may be open. */
  mount(mode: "ro" | "rw"): void {
    const { status } = spawnSync("mount", ["-o", `remount,${mode}`, this.#point]);
    if (status !== 0) throw new Error(`Cannot mount the disk anew: ${status}`);
  }

  remove(name: string): void {
    for (const end of ["", "-wal"]) rmSync(this.path(name + end), { force: true });
  }

  /** Leaves no byte. */
  fill(): void {
    for (let size = 2 ** 22; size >= 1;) {
      try {
        writeFileSync(this.path("ballast"), new Uint8Array(size), { flag: "a" });
      } catch (_) {
        size /= 2;
      }
    }
  }

  clear(): void {
    rmSync(this.path("ballast"), { force: true });
  }
}
