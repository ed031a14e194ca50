/**
 * Socket addresses in the kernel's layout: ip(7), ipv6(7), packet(7), netlink(7), unix(7).
 * Encoders and decoders of bytes; the same layout on x64 and arm64.
 */
import { Memory } from "./memory.ts";

/** Address families, socket(2). */
export const FAMILY = { UNSPECIFIED: 0, UNIX: 1, INET: 2, INET6: 10, NETLINK: 16, PACKET: 17 } as const;

/** The largest one (sockaddr_un has 110 bytes). */
export const SOCKET_ADDRESS_LIMIT_BYTES = 128;

export type SocketAddress =
  /** `address`: 4 bytes in network order. */
  | { readonly family: "inet"; readonly address: Uint8Array; readonly port: number }
  /** `address`: 16 bytes; `scope`: the interface index that a link-local address needs, else 0. */
  | { readonly family: "inet6"; readonly address: Uint8Array; readonly port: number; readonly scope: number }
  | { readonly family: "netlink"; readonly portId: number; readonly groups: number }
  /** `protocol`: EtherType in host order; `hardware`: destination MAC, up to 8 bytes. */
  | {
      readonly family: "packet";
      readonly protocol: number;
      readonly interfaceIndex: number;
      readonly hardware: Uint8Array;
    }
  /** A path; a leading `@` means the abstract name space. */
  | { readonly family: "unix"; readonly path: string };

/** A socket address that C can see, made once and used for many calls. */
export class SocketAddressMemory {
  readonly memory = new Memory(SOCKET_ADDRESS_LIMIT_BYTES);
  #length = 0;

  constructor(address?: SocketAddress) {
    if (address !== undefined) this.set(address);
  }

  /** How many bytes of `memory` count. */
  get byteLength(): number {
    return this.#length;
  }

  /** Called after the kernel wrote an address of `length` bytes. */
  setByteLength(length: number): void {
    this.#length = Math.min(length, SOCKET_ADDRESS_LIMIT_BYTES);
  }

  set(address: SocketAddress): void {
    this.#length = encodeSocketAddress(address, this.memory);
  }

  /** What the memory holds, or nothing for a family that isn't spoken here. The bytes are copies. */
  get(): SocketAddress | undefined {
    return decodeSocketAddress(this.memory, this.#length);
  }
}

function exactly(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.byteLength !== length) throw new Error(`an address of ${bytes.byteLength} bytes, expected ${length}`);
  return bytes;
}

function encodeUnix(path: string, memory: Memory): number {
  const abstract = path.startsWith("@");
  const bytes = new TextEncoder().encode(path);
  // sun_path has 108 bytes, of which a path uses one for its end.
  if (bytes.byteLength > 107) throw new Error(`socket path is longer than 107 bytes: ${path}`);
  memory.set(bytes, 2);
  if (abstract) memory.u8[2] = 0;
  return 2 + bytes.byteLength + (abstract ? 0 : 1);
}

/** Writes the address at the start of `memory`, returns its length in bytes. */
export function encodeSocketAddress(address: SocketAddress, memory: Memory): number {
  memory.clear();
  const view = memory.view;
  switch (address.family) {
    case "inet":
      view.setUint16(0, FAMILY.INET, true);
      view.setUint16(2, address.port);
      memory.set(exactly(address.address, 4), 4);
      return 16;
    case "inet6":
      view.setUint16(0, FAMILY.INET6, true);
      view.setUint16(2, address.port);
      memory.set(exactly(address.address, 16), 8);
      view.setUint32(24, address.scope, true);
      return 28;
    case "netlink":
      view.setUint16(0, FAMILY.NETLINK, true);
      view.setUint32(4, address.portId, true);
      view.setUint32(8, address.groups, true);
      return 12;
    case "packet":
      if (address.hardware.byteLength > 8) throw new Error("a hardware address has at most 8 bytes");
      view.setUint16(0, FAMILY.PACKET, true);
      view.setUint16(2, address.protocol);
      view.setInt32(4, address.interfaceIndex, true);
      memory.u8[11] = address.hardware.byteLength;
      memory.set(address.hardware, 12);
      return 20;
    case "unix":
      view.setUint16(0, FAMILY.UNIX, true);
      return encodeUnix(address.path, memory);
  }
}

/** Reads an address of `length` bytes; nothing when it is too short or of another family. */
export function decodeSocketAddress(memory: Memory, length: number): SocketAddress | undefined {
  const view = memory.view;
  const family = length >= 2 ? view.getUint16(0, true) : FAMILY.UNSPECIFIED;
  if (family === FAMILY.INET && length >= 8) {
    return { family: "inet", address: memory.u8.slice(4, 8), port: view.getUint16(2) };
  }
  if (family === FAMILY.INET6 && length >= 24) {
    const scope = length >= 28 ? view.getUint32(24, true) : 0;
    return { family: "inet6", address: memory.u8.slice(8, 24), port: view.getUint16(2), scope };
  }
  if (family === FAMILY.NETLINK && length >= 12) {
    return { family: "netlink", portId: view.getUint32(4, true), groups: view.getUint32(8, true) };
  }
  if (family === FAMILY.PACKET && length >= 12) {
    const hardware = memory.u8.slice(12, 12 + Math.min(8, memory.u8[11] ?? 0, length - 12));
    return { family: "packet", protocol: view.getUint16(2), interfaceIndex: view.getInt32(4, true), hardware };
  }
  if (family === FAMILY.UNIX) {
    if (length > 2 && memory.u8[2] === 0) {
      return { family: "unix", path: `@${new TextDecoder().decode(memory.bytes(3, length - 3))}` };
    }
    return { family: "unix", path: memory.text(2, length - 2) };
  }
  return undefined;
}
