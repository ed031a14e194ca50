/** The bytes of a witness disk, past every cache: each read asks the disk, each write is on it when it returns. */
import type { SlotSight, VoteBlock } from "../../effect/disk-vote.ts";
import {
  decodeHead,
  DISK_BYTES,
  encodeBlock,
  encodeHead,
  PLACE_BYTES,
  sightOf,
  type DiskHead,
} from "../../effect/disk-block.ts";
import { close, fdatasync, ftruncate, open, OPEN, pread, pwrite } from "../ffi/fd.ts";
import { check, SystemError } from "../ffi/libc.ts";
import { Memory } from "../ffi/memory.ts";
import { EINVAL } from "../ffi/errno.ts";

const FLAGS = OPEN.READ_WRITE | OPEN.DIRECT | OPEN.DATA_SYNC;

/** Not a witness disk of this node, or not the one that it was. */
export class WrongDisk extends Error {
  override readonly name = "WrongDisk";
}

export class WitnessDevice {
  private readonly memory = new Memory(DISK_BYTES + PLACE_BYTES);
  /** Direct I/O wants its memory aligned as its places on the disk are. */
  private readonly start = this.memory.alignedOffset(PLACE_BYTES);

  private constructor(
    private readonly fd: number,
    readonly path: string,
  ) {}

  /** Opens a block device or a file. Throws `SystemError`: none (ENOENT), no direct I/O (EINVAL), no access (EACCES). */
  static open(path: string, use: "vote" | "look"): WitnessDevice {
    return new WitnessDevice(open(path, use === "vote" ? FLAGS : OPEN.READ_ONLY | OPEN.DIRECT), path);
  }

  /** Writes a head and empty blocks; a file is made when there is none. Throws when anything stands there already. */
  static create(path: string, head: DiskHead): void {
    const bytes = encodeHead(head);
    const fd = open(path, FLAGS | OPEN.CREATE);
    const device = new WitnessDevice(fd, path);
    try {
      if (device.length() === 0) check(ftruncate(fd, DISK_BYTES), "ftruncate", path);
      if (device.readPlaces(DISK_BYTES).some((byte) => byte !== 0)) throw new WrongDisk("it is not empty");
      device.writePlace(0, bytes);
      check(fdatasync(fd), "fdatasync", path);
    } finally {
      device.close();
    }
  }

  /** How much of the places there is: nothing of a new file, all of a device that is large enough. */
  private length(): number {
    const read = pread(this.fd, this.memory, this.start, DISK_BYTES, 0);
    return check(read, "read", this.path);
  }

  private readPlaces(byteLength: number): Buffer {
    const read = check(pread(this.fd, this.memory, this.start, byteLength, 0), "read", this.path);
    if (read < byteLength) throw new WrongDisk(`only ${read} bytes could be read`);
    return Buffer.from(this.memory.bytes(this.start, byteLength));
  }

  private writePlace(place: number, bytes: Uint8Array): void {
    this.memory.set(bytes, this.start);
    const written = pwrite(this.fd, this.memory, this.start, PLACE_BYTES, place * PLACE_BYTES);
    if (check(written, "write", this.path) < PLACE_BYTES) throw new SystemError("short write", EINVAL, this.path);
  }

  /** Throws `WrongDisk` for what is no witness disk. */
  head(): DiskHead {
    const head = decodeHead(this.readPlaces(PLACE_BYTES));
    if (head === null) throw new WrongDisk("it holds no witness disk");
    return head;
  }

  /** Every node's block. Throws `SystemError`, and `WrongDisk` when the disk has been made anew meanwhile. May hang. */
  read(known: DiskHead): readonly SlotSight[] {
    const bytes = this.readPlaces(PLACE_BYTES * (1 + known.nodes.length));
    if (decodeHead(bytes.subarray(0, PLACE_BYTES))?.id !== known.id) throw new WrongDisk("it was made anew");
    return known.nodes.map((_, slot) => {
      const at = PLACE_BYTES * (1 + slot);
      return sightOf(known.id, slot, bytes.subarray(at, at + PLACE_BYTES));
    });
  }

  /** Writes one node's block. Throws `SystemError`. May hang. */
  write(known: DiskHead, block: VoteBlock): void {
    this.writePlace(1 + block.slot, encodeBlock(known.id, block));
  }

  close(): void {
    close(this.fd);
  }
}
