/** Sockets: socket(2), socket(7), ip(7), ipv6(7). Descriptors are plain numbers, closed with `close` of fd.ts. */
import { bind, orErrno, orThrow } from "./libc.ts";
import { Memory } from "./memory.ts";
import { FAMILY, type SocketAddress, SocketAddressMemory } from "./socket-address.ts";

const C = bind({
  socket: { args: ["i32", "i32", "i32"], returns: "i32" },
  socketpair: { args: ["i32", "i32", "i32", "ptr"], returns: "i32" },
  bind: { args: ["i32", "ptr", "u32"], returns: "i32" },
  connect: { args: ["i32", "ptr", "u32"], returns: "i32" },
  listen: { args: ["i32", "i32"], returns: "i32" },
  accept4: { args: ["i32", "ptr", "ptr", "i32"], returns: "i32" },
  getsockname: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  getpeername: { args: ["i32", "ptr", "ptr"], returns: "i32" },
  setsockopt: { args: ["i32", "i32", "i32", "ptr", "u32"], returns: "i32" },
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
  shutdown: { args: ["i32", "i32"], returns: "i32" },
  send: { args: ["i32", "ptr", "u64", "i32"], returns: "i32" },
  recv: { args: ["i32", "ptr", "u64", "i32"], returns: "i32" },
  sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i32" },
  recvfrom: { args: ["i32", "ptr", "u64", "i32", "ptr", "ptr"], returns: "i32" },
});

export const SOCKET_TYPE = { STREAM: 1, DATAGRAM: 2, RAW: 3, SEQUENCED: 5 } as const;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;

/** Flags of send(2) and recv(2). */
export const MESSAGE = {
  OUT_OF_BAND: 0x1,
  PEEK: 0x2,
  TRUNCATED: 0x20,
  DONT_WAIT: 0x40,
  NO_SIGNAL: 0x4000,
  MORE: 0x8000,
} as const;

/** Option levels of setsockopt(2). */
export const LEVEL = { IP: 0, SOCKET: 1, TCP: 6, IPV6: 41, PACKET: 263, NETLINK: 270 } as const;

/** Options of level SOCKET, socket(7). */
export const SOCKET_OPTION = {
  REUSE_ADDRESS: 2,
  ERROR: 4,
  BROADCAST: 6,
  SEND_BUFFER: 7,
  RECEIVE_BUFFER: 8,
  KEEP_ALIVE: 9,
  PRIORITY: 12,
  LINGER: 13,
  REUSE_PORT: 15,
  PEER_CREDENTIALS: 17,
  BIND_TO_DEVICE: 25,
  ATTACH_FILTER: 26,
  DETACH_FILTER: 27,
  SEND_BUFFER_FORCE: 32,
  RECEIVE_BUFFER_FORCE: 33,
  MARK: 36,
  LOCK_FILTER: 44,
} as const;

/** A close-on-exec socket; throws. `protocol` is in host order except for AF_PACKET, as the call wants it. */
export function socket(
  family: number,
  type: number,
  protocol: number,
  options: { readonly nonBlocking: boolean },
): number {
  const flags = SOCK_CLOEXEC | (options.nonBlocking ? SOCK_NONBLOCK : 0);
  return orThrow(C.socket(family, type | flags, protocol), "socket", `family ${family} protocol ${protocol}`);
}

/** Two connected Unix sockets. Throws. */
export function socketPair(type: number, options: { readonly nonBlocking: boolean }): readonly [number, number] {
  const pair = new Memory(8);
  const flags = SOCK_CLOEXEC | (options.nonBlocking ? SOCK_NONBLOCK : 0);
  orThrow(C.socketpair(FAMILY.UNIX, type | flags, 0, pair.address), "socketpair");
  return [pair.i32[0] ?? -1, pair.i32[1] ?? -1];
}

/** Throws. */
export function bindSocket(fd: number, address: SocketAddress): void {
  const to = new SocketAddressMemory(address);
  orThrow(C.bind(fd, to.memory.address, to.byteLength), "bind", address.family);
}

/** 0, -EINPROGRESS on a non-blocking stream, or another -errno. Hot. */
export function connect(fd: number, to: SocketAddressMemory): number {
  return orErrno(C.connect(fd, to.memory.address, to.byteLength));
}

/** Throws. */
export function listen(fd: number, backlog: number): void {
  orThrow(C.listen(fd, backlog), "listen");
}

const peerLength = new Memory(8);

/** The next connection, non-blocking and close-on-exec, or -errno. Fills `peer` when given. Hot. */
export function accept(fd: number, peer?: SocketAddressMemory): number {
  if (peer === undefined) return orErrno(C.accept4(fd, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC));
  peerLength.u32[0] = peer.memory.byteLength;
  const accepted = orErrno(C.accept4(fd, peer.memory.address, peerLength.address, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (accepted >= 0) peer.setByteLength(peerLength.u32[0] ?? 0);
  return accepted;
}

/** The socket's own address. Throws. */
export function socketName(fd: number): SocketAddress | undefined {
  const name = new SocketAddressMemory();
  peerLength.u32[0] = name.memory.byteLength;
  orThrow(C.getsockname(fd, name.memory.address, peerLength.address), "getsockname");
  name.setByteLength(peerLength.u32[0] ?? 0);
  return name.get();
}

/** The other end's address; nothing when not connected (any more). */
export function peerName(fd: number): SocketAddress | undefined {
  const name = new SocketAddressMemory();
  peerLength.u32[0] = name.memory.byteLength;
  if (C.getpeername(fd, name.memory.address, peerLength.address) < 0) return undefined;
  name.setByteLength(peerLength.u32[0] ?? 0);
  return name.get();
}

/** Sends to a connected socket; the count or -errno. Never raises SIGPIPE. Hot. */
export function send(fd: number, from: Memory, offset: number, length: number, flags = 0): number {
  return orErrno(C.send(fd, from.range(offset, length), length, flags | MESSAGE.NO_SIGNAL));
}

/**
 * As `send`, straight from a view of any kind: its address is taken for this one call, and the kernel has copied the
 * bytes when it returns. Hot.
 */
export function sendView(fd: number, bytes: Uint8Array): number {
  return orErrno(C.send(fd, bytes, bytes.byteLength, MESSAGE.NO_SIGNAL | MESSAGE.DONT_WAIT));
}

/** Receives; the count, 0 at the end of a stream, or -errno. With TRUNCATED: a datagram's full length. Hot. */
export function receive(fd: number, into: Memory, offset: number, length: number, flags = 0): number {
  return orErrno(C.recv(fd, into.range(offset, length), length, flags));
}

/** Sends a datagram; the count or -errno. Hot. */
export function sendTo(
  fd: number,
  from: Memory,
  offset: number,
  length: number,
  to: SocketAddressMemory,
  flags = 0,
): number {
  const address = from.range(offset, length);
  return orErrno(C.sendto(fd, address, length, flags | MESSAGE.NO_SIGNAL, to.memory.address, to.byteLength));
}

/** Receives a datagram and its sender; the count or -errno. Hot. */
export function receiveFrom(
  fd: number,
  into: Memory,
  offset: number,
  length: number,
  peer: SocketAddressMemory,
  flags = 0,
): number {
  peerLength.u32[0] = peer.memory.byteLength;
  const address = into.range(offset, length);
  const count = orErrno(C.recvfrom(fd, address, length, flags, peer.memory.address, peerLength.address));
  if (count >= 0) peer.setByteLength(peerLength.u32[0] ?? 0);
  return count;
}

const DIRECTIONS = { read: 0, write: 1, both: 2 } as const;

/** Ends one or both directions; 0 or -errno (-ENOTCONN when the other end was faster). Hot. */
export function shutdown(fd: number, direction: keyof typeof DIRECTIONS): number {
  return orErrno(C.shutdown(fd, DIRECTIONS[direction]));
}

const optionWord = new Memory(8);

/** Sets an option whose value is an `int`; 0 or -errno. */
export function trySetOption(fd: number, level: number, option: number, value: number): number {
  optionWord.i32[0] = value;
  return orErrno(C.setsockopt(fd, level, option, optionWord.address, 4));
}

/** Sets an option whose value is an `int`. Throws. */
export function setOption(fd: number, level: number, option: number, value: number): void {
  optionWord.i32[0] = value;
  orThrow(C.setsockopt(fd, level, option, optionWord.address, 4), "setsockopt", `level ${level} option ${option}`);
}

/** Sets an option whose value is a structure of `length` bytes. Throws. */
export function setOptionBytes(fd: number, level: number, option: number, value: Memory, length: number): void {
  orThrow(
    C.setsockopt(fd, level, option, value.range(0, length), length),
    "setsockopt",
    `level ${level} option ${option}`,
  );
}

const linger = new Memory(8);

/** Whether the last `close` throws away what was not sent and resets the connection, SO_LINGER of socket(7). Throws. */
export function setResetOnClose(fd: number, on: boolean): void {
  linger.i32[0] = on ? 1 : 0;
  linger.i32[1] = 0;
  setOptionBytes(fd, LEVEL.SOCKET, SOCKET_OPTION.LINGER, linger, 8);
}

/** Reads an option whose value is an `int`. Throws. */
export function getOption(fd: number, level: number, option: number): number {
  peerLength.u32[0] = 4;
  optionWord.i32[0] = 0;
  const result = C.getsockopt(fd, level, option, optionWord.address, peerLength.address);
  orThrow(result, "getsockopt", `level ${level} option ${option}`);
  return optionWord.i32[0] ?? 0;
}

/** Reads an option whose value is a structure; returns how many bytes of `into` count. Throws. */
export function getOptionBytes(fd: number, level: number, option: number, into: Memory): number {
  peerLength.u32[0] = into.byteLength;
  const result = C.getsockopt(fd, level, option, into.address, peerLength.address);
  orThrow(result, "getsockopt", `level ${level} option ${option}`);
  return peerLength.u32[0] ?? 0;
}

/** Ties a socket to one interface by name: it sends and receives only there. Needs CAP_NET_RAW when changed. Throws. */
export function bindToDevice(fd: number, interfaceName: string): void {
  const name = Memory.cString(interfaceName);
  const length = new TextEncoder().encode(interfaceName).byteLength + 1;
  const result = C.setsockopt(fd, LEVEL.SOCKET, SOCKET_OPTION.BIND_TO_DEVICE, name.address, length);
  orThrow(result, "setsockopt SO_BINDTODEVICE", interfaceName);
}

/** Bounds of a receive buffer that a caller may ask for. */
export const RECEIVE_BUFFER_MINIMUM_BYTES = 4096;
export const RECEIVE_BUFFER_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Asks for a receive buffer of `byteLength`; past net.core.rmem_max where CAP_NET_ADMIN allows it.
 * Returns what the kernel gave, which counts its own bookkeeping: about twice what was asked. Throws.
 */
export function setReceiveBuffer(fd: number, byteLength: number): number {
  const wanted = Math.min(RECEIVE_BUFFER_LIMIT_BYTES, Math.max(RECEIVE_BUFFER_MINIMUM_BYTES, Math.ceil(byteLength)));
  if (trySetOption(fd, LEVEL.SOCKET, SOCKET_OPTION.RECEIVE_BUFFER_FORCE, wanted) < 0) {
    setOption(fd, LEVEL.SOCKET, SOCKET_OPTION.RECEIVE_BUFFER, wanted);
  }
  return getOption(fd, LEVEL.SOCKET, SOCKET_OPTION.RECEIVE_BUFFER);
}

/** Who opened the other end of a Unix stream, SO_PEERCRED of unix(7). Throws. */
export function peerCredentials(fd: number): { readonly pid: number; readonly uid: number; readonly gid: number } {
  const credentials = new Memory(16);
  getOptionBytes(fd, LEVEL.SOCKET, SOCKET_OPTION.PEER_CREDENTIALS, credentials);
  return { pid: credentials.i32[0] ?? 0, uid: credentials.u32[1] ?? 0, gid: credentials.u32[2] ?? 0 };
}
