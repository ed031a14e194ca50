import { crc32c } from "./checksum.ts";
import type { SlotSight, VoteBlock, VoteFlag } from "./disk-vote.ts";

/**
 * The bytes of a witness disk. One head, written once when the disk is made; then one block for each node. All numbers are
 * little-endian; each block lies in the first 512 bytes of its place, which every disk writes whole, and ends with a
 * checksum (CRC-32C).
 *
 *   head   magic 8, version 4, lease in ms 4, id 16, count 4, names 64 each (length 1, then text)
 *   block  magic 8, id 16, slot 4, flag 4, life 8, sequence 8, epoch 8
 */
/** Places are this far apart, so that disks with sectors of 4096 bytes do as well. */
export const PLACE_BYTES = 4096;
const SECTOR_BYTES = 512;
const CHECKSUM_AT = SECTOR_BYTES - 4;
export const MAX_DISK_NODES = 4;
const MAX_NAME_BYTES = 63;
const HEAD_MAGIC = "5NWDISK1";
const BLOCK_MAGIC = "5NWVOTE1";
const VERSION = 1;
const FLAGS: readonly VoteFlag[] = ["idle", "claim", "hold"];
/** A head and a place for each node that may be. */
export const DISK_BYTES = PLACE_BYTES * (1 + MAX_DISK_NODES);

export interface DiskHead {
  /** 32 hexadecimal digits: a disk that was made anew is another disk. */
  readonly id: string;
  /** How long a vote lasts, the same for every node. */
  readonly leaseMs: number;
  /** Nodes in the order of their places. */
  readonly nodes: readonly string[];
}

function sealed(write: (bytes: Buffer) => void): Buffer {
  const bytes = Buffer.alloc(PLACE_BYTES);
  write(bytes);
  bytes.writeUInt32LE(crc32c(bytes, 0, CHECKSUM_AT), CHECKSUM_AT);
  return bytes;
}

function isSealed(bytes: Buffer, magic: string): boolean {
  return bytes.toString("latin1", 0, 8) === magic && bytes.readUInt32LE(CHECKSUM_AT) === crc32c(bytes, 0, CHECKSUM_AT);
}

/** One place with the head. Throws for names and numbers that don't fit. */
export function encodeHead(head: DiskHead): Buffer {
  if (head.nodes.length < 2 || head.nodes.length > MAX_DISK_NODES)
    throw new Error("a witness disk is for 2 to 4 nodes");
  return sealed((bytes) => {
    bytes.write(HEAD_MAGIC, 0, "latin1");
    bytes.writeUInt32LE(VERSION, 8);
    bytes.writeUInt32LE(head.leaseMs, 12);
    bytes.write(head.id, 16, 16, "hex");
    bytes.writeUInt32LE(head.nodes.length, 32);
    for (const [at, name] of head.nodes.entries()) {
      const text = Buffer.from(name);
      if (text.length === 0 || text.length > MAX_NAME_BYTES) throw new Error(`a name of ${text.length} bytes`);
      bytes.writeUInt8(text.length, 36 + 64 * at);
      text.copy(bytes, 37 + 64 * at);
    }
  });
}

/** Null: no witness disk, or a damaged head, or one of another version. */
export function decodeHead(bytes: Buffer): DiskHead | null {
  if (bytes.length < SECTOR_BYTES || !isSealed(bytes, HEAD_MAGIC) || bytes.readUInt32LE(8) !== VERSION) return null;
  const count = bytes.readUInt32LE(32);
  if (count > MAX_DISK_NODES) return null;
  const nodes = Array.from({ length: count }, (_, at) => {
    const from = 37 + 64 * at;
    return bytes.toString("utf8", from, from + bytes.readUInt8(from - 1));
  });
  return { id: bytes.toString("hex", 16, 32), leaseMs: bytes.readUInt32LE(12), nodes };
}

/** One place with a node's block, on the disk with this id. `life`: 16 hexadecimal digits. */
export function encodeBlock(id: string, block: VoteBlock): Buffer {
  return sealed((bytes) => {
    bytes.write(BLOCK_MAGIC, 0, "latin1");
    bytes.write(id, 8, 16, "hex");
    bytes.writeUInt32LE(block.slot, 24);
    bytes.writeUInt32LE(FLAGS.indexOf(block.flag), 28);
    bytes.write(block.life, 32, 8, "hex");
    bytes.writeBigUInt64LE(BigInt(block.sequence), 40);
    bytes.writeBigUInt64LE(BigInt(block.epoch), 48);
  });
}

/** What stands in the place of a slot. Never throws. */
export function sightOf(id: string, slot: number, place: Buffer): SlotSight {
  const sector = place.subarray(0, SECTOR_BYTES);
  if (sector.every((byte) => byte === 0)) return { mark: "", block: null, damaged: false };
  const damaged = { mark: sector.toString("base64"), block: null, damaged: true };
  if (sector.length < SECTOR_BYTES || !isSealed(sector, BLOCK_MAGIC)) return damaged;
  const flag = FLAGS[sector.readUInt32LE(28)];
  // A block of another place or another disk says nothing of this one.
  if (sector.toString("hex", 8, 24) !== id || sector.readUInt32LE(24) !== slot || flag === undefined) return damaged;
  const life = sector.toString("hex", 32, 40);
  const sequence = Number(sector.readBigUInt64LE(40));
  const epoch = Number(sector.readBigUInt64LE(48));
  return { mark: `${life}/${sequence}`, block: { slot, life, sequence, epoch, flag }, damaged: false };
}
