/**
 * Listening sockets by the address that they listen on. They belong to this store and not to the configuration that
 * uses them: a reload, other certificates or another process go on with the same socket, and the connections that
 * wait in it.
 */
import { chmodSync, lchownSync, lstatSync, renameSync, rmSync } from "node:fs";
import { close, duplicate, setNonBlocking } from "../../../shared/drive/ffi/fd.ts";
import {
  bindSocket,
  bindToDevice,
  getOption,
  LEVEL,
  listen,
  setOption,
  shutdown,
  socket,
  SOCKET_OPTION,
  SOCKET_TYPE,
  socketName,
  trySetOption,
} from "../../../shared/drive/ffi/socket.ts";
import { FAMILY, type SocketAddress } from "../../../shared/drive/ffi/socket-address.ts";
import type { Bind } from "../model/bind.ts";
import { parseIp } from "../model/ip.ts";
import { groupNumber, userOf } from "./user-names.ts";

/** Where listeners get their sockets from. */
export interface SocketSource {
  /** Descriptors that stay the source's; throws when there are none. */
  take(bind: Bind, port: number): readonly number[];
}

const ACCEPTS_CONNECTIONS = 30;
/** Longest queue of connections that nobody has taken yet; the kernel has a limit of its own (somaxconn). */
const BACKLOG = 4096;
const IPV6_ONLY = 26;
const IP_TRANSPARENT = 19;
const IPV6_TRANSPARENT = 75;
const TCP = { MAXIMUM_SEGMENT: 2, DEFER_ACCEPT: 9, USER_TIMEOUT: 18, FAST_OPEN: 23 } as const;

/** The address of a `bind` with one of its ports, as the kernel wants it; none for inherited descriptors. */
function addressOf(bind: Bind, port: number): SocketAddress | undefined {
  const { address } = bind;
  switch (address.kind) {
    case "unix":
      return { family: "unix", path: address.abstract ? `@${address.path}` : address.path };
    case "ip": {
      const any = address.host === "" || address.host === "*";
      const ip = parseIp(any ? (address.family === 6 ? "::" : "0.0.0.0") : address.host);
      if (ip === undefined) throw new Error(`'${address.host}' is no address`);
      const bytes = Buffer.from(ip.toBytes(), "latin1");
      return ip.family === 4
        ? { family: "inet", address: bytes, port }
        : { family: "inet6", address: bytes, port, scope: 0 };
    }
    case "name":
      throw new Error("a name can't be listened on");
    case "descriptor":
      return undefined;
  }
}

/** The name under which sockets of one address are found again, also by the next process. */
function keyOfAddress(address: SocketAddress, v6only: boolean): string {
  switch (address.family) {
    case "inet":
      return `4 ${address.address.join(".")}:${address.port}`;
    case "inet6":
      return `6${v6only ? "only" : ""} ${Buffer.from(address.address).toString("hex")}:${address.port}`;
    case "unix":
      // A socket keeps the name that it was bound under before it was moved into place.
      return `unix ${address.path.replace(/\.\d+\.tmp$/, "")}`;
    default:
      return address.family;
  }
}

/** As the system's own default has it (net.ipv6.bindv6only), an IPv6 socket takes both families unless told otherwise. */
const isV6Only = (bind: Bind): boolean => bind.v6only;

export function keyOf(bind: Bind, port: number): string {
  const device = bind.interfaceName === undefined ? "" : ` ${bind.interfaceName}`;
  if (bind.address.kind === "descriptor") return `fd ${bind.address.descriptor}`;
  const address = addressOf(bind, port);
  return address === undefined ? bind.text : keyOfAddress(address, isV6Only(bind)) + device;
}

/** Opens a listening socket; throws what the system says. */
function open(bind: Bind, port: number, shared: boolean): number {
  const address = addressOf(bind, port);
  if (address === undefined) return bind.address.kind === "descriptor" ? duplicate(bind.address.descriptor) : -1;
  const isPath = address.family === "unix";
  const family = isPath ? FAMILY.UNIX : address.family === "inet6" ? FAMILY.INET6 : FAMILY.INET;
  const fd = socket(family, SOCKET_TYPE.STREAM, 0, { nonBlocking: true });
  try {
    if (isPath) bindPath(fd, bind, address.path);
    else {
      setInternetOptions(fd, bind, family, shared);
      bindSocket(fd, address);
    }
    listen(fd, bind.backlog ?? BACKLOG);
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** The runtime sets a short queue of its own when it begins to listen. */
export function restoreQueue(fd: number, bind: Bind): void {
  listen(fd, bind.backlog ?? BACKLOG);
}

/** Connections are refused from here on, until `restoreQueue`. The address stays ours. */
export function refuseConnections(fd: number, bind: Bind): void {
  if (bind.address.kind === "ip") shutdown(fd, "both");
}

function setInternetOptions(fd: number, bind: Bind, family: number, shared: boolean): void {
  setOption(fd, LEVEL.SOCKET, SOCKET_OPTION.REUSE_ADDRESS, 1);
  if (shared) setOption(fd, LEVEL.SOCKET, SOCKET_OPTION.REUSE_PORT, 1);
  if (family === FAMILY.INET6) setOption(fd, LEVEL.IPV6, IPV6_ONLY, isV6Only(bind) ? 1 : 0);
  if (bind.interfaceName !== undefined) bindToDevice(fd, bind.interfaceName);
  if (bind.transparent) {
    if (family === FAMILY.INET6) setOption(fd, LEVEL.IPV6, IPV6_TRANSPARENT, 1);
    else setOption(fd, LEVEL.IP, IP_TRANSPARENT, 1);
  }
  // What a kernel hasn't got only makes it slower.
  if (bind.mss !== undefined) trySetOption(fd, LEVEL.TCP, TCP.MAXIMUM_SEGMENT, Math.abs(bind.mss));
  if (bind.deferAccept) trySetOption(fd, LEVEL.TCP, TCP.DEFER_ACCEPT, 1);
  if (bind.userTimeoutMs !== undefined) trySetOption(fd, LEVEL.TCP, TCP.USER_TIMEOUT, bind.userTimeoutMs);
  if (bind.fastOpen) trySetOption(fd, LEVEL.TCP, TCP.FAST_OPEN, bind.backlog ?? BACKLOG);
}

/** Under another name first, then moved into place with its rights: nobody finds the place empty or open to all. */
function bindPath(fd: number, bind: Bind, path: string): void {
  if (path.startsWith("@")) {
    bindSocket(fd, { family: "unix", path });
    return;
  }
  const temporary = `${path}.${process.pid}.tmp`;
  rmSync(temporary, { force: true });
  bindSocket(fd, { family: "unix", path: temporary });
  if (bind.user !== undefined || bind.group !== undefined) {
    const { user, group } = bind;
    const number = (name: string, find: (name: string) => number) => (/^\d+$/.test(name) ? Number(name) : find(name));
    const own = lstatSync(temporary);
    const uid = user === undefined ? own.uid : number(user, (name) => userOf(name).uid);
    lchownSync(temporary, uid, group === undefined ? own.gid : number(group, groupNumber));
  }
  if (bind.mode !== undefined) chmodSync(temporary, bind.mode);
  renameSync(temporary, path);
}

export interface ListeningSocket {
  readonly key: string;
  readonly id: number;
  readonly fd: number;
  readonly device: string;
}

/** Sockets of one address. Each has a number that is never used again, unlike its descriptor. */
interface Shared {
  readonly sockets: { readonly fd: number; readonly id: number }[];
  /** The interface that they are bound to, or nothing. */
  readonly device: string;
}

/** A process's own sockets: opened at the first use, kept until `keepOnly` or `closeAll`. */
export class OwnSockets implements SocketSource {
  private readonly byKey = new Map<string, Shared>();
  private lastId = 0;

  /** `each`: sockets that share one internet address, one for each process that takes connections. */
  constructor(
    private readonly each: number,
    private readonly shared: boolean,
  ) {}

  /**
   * A socket from another process, which is found by its address from now on. What doesn't listen is closed here, what
   * no configuration wants by `keepOnly`.
   */
  adopt(fd: number, device: string): void {
    const address = socketName(fd);
    if (address === undefined || getOption(fd, LEVEL.SOCKET, ACCEPTS_CONNECTIONS) === 0) {
      close(fd);
      return;
    }
    const v6only = address.family === "inet6" && getOption(fd, LEVEL.IPV6, IPV6_ONLY) === 1;
    setNonBlocking(fd, true);
    this.add(keyOfAddress(address, v6only) + (device === "" ? "" : ` ${device}`), fd, device);
  }

  private add(key: string, fd: number, device: string): void {
    const known = this.byKey.get(key) ?? { sockets: [], device };
    known.sockets.push({ fd, id: (this.lastId += 1) });
    this.byKey.set(key, known);
  }

  take(bind: Bind, port: number): readonly number[] {
    const key = keyOf(bind, port);
    const known = this.byKey.get(key);
    // Those of another process may not share their address with new ones: then they are all there is.
    if (known !== undefined) return known.sockets.map(({ fd }) => fd);
    const spread = this.shared && bind.address.kind === "ip";
    for (let count = 0; count < (spread ? this.each : 1); count += 1)
      this.add(key, open(bind, port, spread), bind.interfaceName ?? "");
    return this.byKey.get(key)?.sockets.map(({ fd }) => fd) ?? [];
  }

  /** Closes what no configuration uses any more. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const [key, { sockets }] of this.byKey) {
      if (keys.has(key)) continue;
      for (const { fd } of sockets) close(fd);
      this.byKey.delete(key);
    }
  }

  closeAll(): void {
    this.keepOnly(new Set());
  }

  all(): readonly ListeningSocket[] {
    return [...this.byKey].flatMap(([key, { sockets, device }]) =>
      sockets.map(({ fd, id }) => ({ key, id, fd, device })),
    );
  }
}
