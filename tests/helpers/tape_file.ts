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

/** A folder for one test file; it is removed after the tests. */
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

  /** A new path in its own folder. */
  fresh(): string {
    const parent = join(this.#path, String(++this.#files));
    mkdirSync(parent);
    return join(parent, "tape.db");
  }

  /** A copy of the files that a tape would leave if its process were killed now. */
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

/** Why a small disk cannot be mounted here; `undefined` if it can. */
export function diskFault(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return "only root mounts a disk";
  const point = mkdtempSync(join(tmpdir(), "tickwire-disk-"));
  const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", point]);
  if (status === 0) spawnSync("umount", [point]);
  rmSync(point, { recursive: true, force: true });
  return status === 0 ? undefined : "no disk can be mounted here";
}

/** A disk of 8 MB for one suite, which the test can fill to the last byte. */
export class SmallDisk {
  #point = "";

  constructor() {
    before(() => {
      this.#point = mkdtempSync(join(tmpdir(), "tickwire-disk-"));
      spawnSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", this.#point]);
    });
    after(() => {
      // A failed test may have left a file open.
      spawnSync("umount", ["-l", this.#point]);
      rmSync(this.#point, { recursive: true, force: true });
    });
  }

  path(name: string): string {
    return join(this.#point, name);
  }

  /** Fills the disk except for about this many bytes. */
  leave(bytes: number): void {
    this.fill();
    const { size } = statSync(this.path("ballast"));
    truncateSync(this.path("ballast"), Math.max(0, size - bytes));
  }

  /** Mounts the disk read-only or writable. No file may be open. */
  mount(mode: "ro" | "rw"): void {
    const { status } = spawnSync("mount", ["-o", `remount,${mode}`, this.#point]);
    if (status !== 0) throw new Error(`Cannot mount the disk anew: ${status}`);
  }

  remove(name: string): void {
    for (const end of ["", "-wal"]) rmSync(this.path(name + end), { force: true });
  }

  /** Fills the disk completely. */
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
