import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

/**
 * Sealed datagrams between nodes: AES-256-GCM under the cluster's key. What can be read is who sent it and the nonce, and
 * both are authenticated. A receiver takes each datagram at most once (a sliding window, as RFC 4303 §3.4.3 has it),
 * and none that was made before the sender's present life, or for another cluster.
 *
 * Layout: version 1 byte, length of the name 1 byte, name, life 8 bytes, counter 8 bytes, sealed body, tag 16 bytes.
 * The nonce is made of life and counter: the life is the boot number with a random tail, the counter rises with
 * each datagram, so no nonce is used twice under one key by one sender; the name separates the senders' keys.
 */
const VERSION = 1;
const TAG_BYTES = 16;
const NUMBERS_BYTES = 16;
const WINDOW = 64n;
const MAX_NAME_BYTES = 64;
export const MAX_DATAGRAM_BYTES = 1400;

function senderKey(clusterKey: Uint8Array, name: string): Buffer {
  return Buffer.from(hkdfSync("sha256", clusterKey, new Uint8Array(0), `sender ${name}`, 32));
}

function nonceOf(life: bigint, counter: bigint): Buffer {
  const nonce = Buffer.alloc(12);
  // 64 bits of life and 32 bits of counter: a sender takes a new life before its counter is used up.
  nonce.writeBigUInt64BE(life, 0);
  nonce.writeUInt32BE(Number(counter & 0xffffffffn), 8);
  return nonce;
}

/** Makes datagrams in the name of one node. `boot` rises with every start: the boot number of the state directory. */
export class DatagramSealer {
  private readonly head: Buffer;
  private readonly key: Buffer;
  private life: bigint;
  private counter = 0n;

  constructor(clusterKey: Uint8Array, name: string, boot: number) {
    const bytes = Buffer.from(name);
    if (bytes.length === 0 || bytes.length > MAX_NAME_BYTES) throw new Error("a node's name must have 1 to 64 bytes");
    this.head = Buffer.concat([Buffer.from([VERSION, bytes.length]), bytes]);
    this.key = senderKey(clusterKey, name);
    this.life = (BigInt(boot) << 20n) | BigInt(randomBytes(4).readUInt32BE(0) & 0xfffff);
  }

  seal(body: Uint8Array): Buffer {
    this.counter += 1n;
    if (this.counter > 0xfffffff0n) {
      this.life += 1n;
      this.counter = 1n;
    }
    const numbers = Buffer.alloc(NUMBERS_BYTES);
    numbers.writeBigUInt64BE(this.life, 0);
    numbers.writeBigUInt64BE(this.counter, 8);
    const open = Buffer.concat([this.head, numbers]);
    const cipher = createCipheriv("aes-256-gcm", this.key, nonceOf(this.life, this.counter));
    cipher.setAAD(open);
    const sealed = Buffer.concat([open, cipher.update(body), cipher.final(), cipher.getAuthTag()]);
    if (sealed.length > MAX_DATAGRAM_BYTES) throw new Error(`a datagram of ${sealed.length} bytes`);
    return sealed;
  }
}

interface SenderWindow {
  /** The cluster's key of now, and those that are accepted while it is changed. */
  readonly keys: readonly Buffer[];
  life: bigint;
  highest: bigint;
  /** Bit n: the counter `highest - n` was taken. */
  seen: bigint;
}

export type OpenedDatagram =
  | { readonly ok: true; readonly from: string; readonly body: Buffer }
  | { readonly ok: false; readonly why: "malformed" | "unknownSender" | "forged" | "replayed" };

/** Opens datagrams of the known nodes. */
export class DatagramOpener {
  private readonly senders = new Map<string, SenderWindow>();

  /** `clusterKeys`: more than one while the key is changed; what any of them opens is authentic. */
  constructor(clusterKeys: readonly Uint8Array[], names: Iterable<string>) {
    for (const name of names) {
      const keys = clusterKeys.map((key) => senderKey(key, name));
      this.senders.set(name, { keys, life: 0n, highest: 0n, seen: 0n });
    }
  }

  open(datagram: Buffer): OpenedDatagram {
    const nameLength = datagram[1] ?? 0;
    const bodyAt = 2 + nameLength + NUMBERS_BYTES;
    if (datagram[0] !== VERSION || datagram.length < bodyAt + TAG_BYTES) return { ok: false, why: "malformed" };
    const from = datagram.toString("utf8", 2, 2 + nameLength);
    const sender = this.senders.get(from);
    if (sender === undefined) return { ok: false, why: "unknownSender" };
    const life = datagram.readBigUInt64BE(2 + nameLength);
    const counter = datagram.readBigUInt64BE(2 + nameLength + 8);
    if (!isNew(sender, life, counter)) return { ok: false, why: "replayed" };
    let body: Buffer | null = null;
    for (const key of sender.keys) body ??= decrypt(key, datagram, bodyAt, life, counter);
    if (body === null) return { ok: false, why: "forged" };
    // Only what is authentic moves the window.
    accept(sender, life, counter);
    return { ok: true, from, body };
  }
}

function decrypt(key: Buffer, datagram: Buffer, bodyAt: number, life: bigint, counter: bigint): Buffer | null {
  const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(life, counter));
  decipher.setAAD(datagram.subarray(0, bodyAt));
  decipher.setAuthTag(datagram.subarray(datagram.length - TAG_BYTES));
  try {
    const sealed = datagram.subarray(bodyAt, datagram.length - TAG_BYTES);
    return Buffer.concat([decipher.update(sealed), decipher.final()]);
  } catch {
    return null;
  }
}

function isNew(sender: SenderWindow, life: bigint, counter: bigint): boolean {
  if (life !== sender.life) return life > sender.life;
  if (counter > sender.highest) return true;
  const age = sender.highest - counter;
  return age < WINDOW && ((sender.seen >> age) & 1n) === 0n;
}

function accept(sender: SenderWindow, life: bigint, counter: bigint): void {
  if (life > sender.life) {
    sender.life = life;
    sender.highest = counter;
    sender.seen = 1n;
  } else if (counter > sender.highest) {
    const shift = counter - sender.highest;
    sender.seen = shift >= WINDOW ? 1n : ((sender.seen << shift) | 1n) & ((1n << WINDOW) - 1n);
    sender.highest = counter;
  } else {
    sender.seen |= 1n << (sender.highest - counter);
  }
}
