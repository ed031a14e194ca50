/**
 * An IP address as one or four 32-bit words, so that networks match with a mask and two compares.
 * IPv4: `words` has one element.
 */
export class IpAddress {
  readonly family: 4 | 6;
  readonly words: readonly number[];
  /** Made at first use: one address is often printed many times. */
  private text = "";

  constructor(family: 4 | 6, words: readonly number[]) {
    if (words.length !== (family === 4 ? 1 : 4)) throw new Error("an address has one or four words");
    this.family = family;
    this.words = words;
  }

  toString(): string {
    if (this.text === "") this.text = this.family === 4 ? formatIpv4(this.words[0] ?? 0) : formatIpv6(this.words);
    return this.text;
  }

  /** The address as bytes in network order, one UTF-16 unit per byte. */
  toBytes(): string {
    let bytes = "";
    for (const word of this.words) {
      bytes += String.fromCharCode(word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255);
    }
    return bytes;
  }

  equals(other: IpAddress): boolean {
    return this.family === other.family && this.words.every((word, index) => word === other.words[index]);
  }

  /** `::ffff:a.b.c.d` as IPv4; other IPv6 addresses have no IPv4 form. */
  toIpv4(): IpAddress | undefined {
    if (this.family === 4) return this;
    const [a, b, c, d] = this.words;
    if (a !== 0 || b !== 0 || d === undefined) return undefined;
    if (c === 0xffff || (c === 0 && d !== 0 && d !== 1)) return new IpAddress(4, [d]);
    return undefined;
  }

  toIpv6(): IpAddress {
    return this.family === 6 ? this : new IpAddress(6, [0, 0, 0xffff, this.words[0] ?? 0]);
  }

  /** Keeps the bits that `mask`, of the same family, has set: they need not be the first ones. */
  maskWith(mask: IpAddress): IpAddress {
    return new IpAddress(
      this.family,
      this.words.map((word, index) => (word & (mask.words[index] ?? 0)) >>> 0),
    );
  }

  /** Keeps the first `bits` bits. */
  mask(bits: number): IpAddress {
    return new IpAddress(
      this.family,
      this.words.map((word, index) => maskWord(word, bits - index * 32)),
    );
  }
}

function maskWord(word: number, bits: number): number {
  if (bits >= 32) return word;
  if (bits <= 0) return 0;
  return (word & (0xffffffff << (32 - bits))) >>> 0;
}

function formatIpv4(word: number): string {
  return `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`;
}

function formatIpv6(words: readonly number[]): string {
  if (words[0] === 0 && words[1] === 0 && words[2] === 0xffff) return `::ffff:${formatIpv4(words[3] ?? 0)}`;
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  let bestStart = -1;
  let bestLength = 1;
  for (let start = 0; start < 8; start += 1) {
    let end = start;
    while (end < 8 && groups[end] === 0) end += 1;
    if (end - start > bestLength) [bestStart, bestLength] = [start, end - start];
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (bestStart < 0) return hex(groups);
  return `${hex(groups.slice(0, bestStart))}::${hex(groups.slice(bestStart + bestLength))}`;
}

/** Strict dotted quad; with `short` also the forms of inet_aton(3), whose last number fills the rest (`127.1`). */
export function parseIpv4(text: string, short = false): IpAddress | undefined {
  const parts = text.split(".");
  if (parts.length > 4 || (!short && parts.length !== 4)) return undefined;
  let word = 0;
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const places = isLast ? 5 - parts.length : 1;
    if (!/^\d{1,10}$/.test(part)) return undefined;
    const value = Number(part);
    if (value >= 256 ** places) return undefined;
    word = word * 256 ** places + value;
  }
  return new IpAddress(4, [word]);
}

export function parseIpv6(text: string): IpAddress | undefined {
  if (text.length > 45 || !/^[0-9a-fA-F:.]+$/.test(text) || !text.includes(":")) return undefined;
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = expandGroups(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? expandGroups(halves[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...Array<number>(missing).fill(0), ...tail];
  const words = [0, 2, 4, 6].map((index) => ((groups[index] ?? 0) * 65536 + (groups[index + 1] ?? 0)) >>> 0);
  return new IpAddress(6, words);
}

/** Groups of one side of `::`; a dotted quad may end the right-most side. */
function expandGroups(text: string, last: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".")) {
      const quad = last && index === parts.length - 1 ? parseIpv4(part) : undefined;
      if (quad === undefined) return undefined;
      const word = quad.words[0] ?? 0;
      groups.push(word >>> 16, word & 0xffff);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

export function parseIp(text: string): IpAddress | undefined {
  return text.includes(":") ? parseIpv6(text) : parseIpv4(text);
}

/** A network: `matches` when the first `bits` bits are those of `address`. */
export interface IpNetwork {
  readonly address: IpAddress;
  readonly bits: number;
}

/** `10.0.0.0/8`, `127.1/8`, `192.168.0.0/255.255.0.0`, `2001:db8::/32`, or one address. */
export function parseNetwork(text: string): IpNetwork | undefined {
  const slash = text.indexOf("/");
  const base = slash < 0 ? text : text.slice(0, slash);
  const suffix = slash < 0 ? undefined : text.slice(slash + 1);
  const address = base.includes(":") ? parseIpv6(base) : parseIpv4(base, true);
  if (address === undefined) return undefined;
  const full = address.family === 4 ? 32 : 128;
  if (suffix === undefined) return { address, bits: full };
  const bits = parsePrefix(suffix, address.family);
  return bits === undefined ? undefined : { address: address.mask(bits), bits };
}

function parsePrefix(suffix: string, family: 4 | 6): number | undefined {
  if (/^\d{1,3}$/.test(suffix)) {
    const bits = Number(suffix);
    return bits <= (family === 4 ? 32 : 128) ? bits : undefined;
  }
  const mask = family === 4 ? parseIpv4(suffix) : undefined;
  const word = mask?.words[0];
  if (word === undefined) return undefined;
  const inverted = ~word >>> 0;
  return (inverted & (inverted + 1)) === 0
    ? 32 - (inverted === 0 ? 0 : Math.floor(Math.log2(inverted)) + 1)
    : undefined;
}

/** Is `address` inside `network`? An IPv4-mapped IPv6 address is compared as IPv4, as HAProxy does. */
export function isInNetwork(address: IpAddress, network: IpNetwork): boolean {
  let candidate = address;
  if (address.family !== network.address.family) {
    const converted = network.address.family === 4 ? address.toIpv4() : address.toIpv6();
    if (converted === undefined) return false;
    candidate = converted;
  }
  for (let index = 0, left = network.bits; left > 0; index += 1, left -= 32) {
    if (maskWord(candidate.words[index] ?? 0, left) !== network.address.words[index]) return false;
  }
  return true;
}
