/** One TCP connection to a BGP peer in the deadline thread's loop: calling, signing, sending, receiving. Never waits. */
import { EAGAIN, EINPROGRESS, EINTR } from "../../../../shared/drive/ffi/errno.ts";
import { close } from "../../../../shared/drive/ffi/fd.ts";
import { errnoName, SystemError } from "../../../../shared/drive/ffi/libc.ts";
import { Memory } from "../../../../shared/drive/ffi/memory.ts";
import { POLL } from "../../../../shared/drive/ffi/poll.ts";
import type { PollLoop } from "../../../../shared/drive/ffi/poll-loop.ts";
import {
  bindSocket,
  bindToDevice,
  connect,
  getOption,
  LEVEL,
  receive,
  send,
  setOption,
  shutdown,
  socket,
  SOCKET_OPTION,
  SOCKET_TYPE,
  socketName,
} from "../../../../shared/drive/ffi/socket.ts";
import { FAMILY, type SocketAddress, SocketAddressMemory } from "../../../../shared/drive/ffi/socket-address.ts";
import { IP_OPTION, IPV6_OPTION } from "../../../../shared/drive/net/ip-options.ts";
import { setTcpMd5 } from "../../../../shared/drive/net/tcp-md5.ts";
import type { IpAddress } from "../../../../shared/text/address.ts";
import { type BgpPeerSettings, MAX_UNSENT_BYTES } from "../../model/bgp/bgp.ts";

const CHUNK_BYTES = 16_384;
/** Reads in one turn of the loop: a peer with a whole table to tell can't keep the thread from its deadlines. */
const READS_PER_TURN = 8;
const TCP_NO_DELAY = 1;
/** ip(7), ipv6(7): packets with fewer hops left are dropped before TCP sees them. */
const IP_LEAST_TTL = 21;
const IPV6_LEAST_HOPS = 73;
const ALL_HOPS = 255;

/** Shared by all connections: each call uses it and copies what it needs. */
const chunk = new Memory(CHUNK_BYTES);

export interface ConnectionHooks {
  readonly onConnected: () => void;
  /** A view that the next call overwrites. */
  readonly onBytes: (bytes: Uint8Array) => void;
  /** Once; the descriptor is closed by then. */
  readonly onClosed: (why: string) => void;
}

export class BgpConnection {
  #connected = false;
  #closed = false;
  #unsent: Uint8Array[] = [];
  #unsentBytes = 0;
  /** While only the peer's end is missing. */
  #onFinished: (() => void) | undefined;

  private constructor(
    private readonly loop: PollLoop,
    private readonly fd: number,
    private readonly hooks: ConnectionHooks,
  ) {}

  /**
   * Begins to call.
   * @param password for MD5 signatures; without it nothing is signed
   * @returns the connection, or in words why there can't be one; the hooks don't run before this returns
   */
  static call(
    loop: PollLoop,
    settings: BgpPeerSettings,
    password: Uint8Array | undefined,
    scope: number,
    hooks: ConnectionHooks,
  ): BgpConnection | string {
    const { address, port } = settings;
    let fd = -1;
    try {
      fd = socket(address.family === 4 ? FAMILY.INET : FAMILY.INET6, SOCKET_TYPE.STREAM, 0, { nonBlocking: true });
      prepare(fd, settings, password);
      const started = connect(fd, new SocketAddressMemory(socketAddress(address, port, scope)));
      if (started < 0 && started !== -EINPROGRESS) throw new Error(errnoName(started));
      const connection = new BgpConnection(loop, fd, hooks);
      loop.add(fd, POLL.OUT, (events) => connection.#onReady(events));
      return connection;
    } catch (error) {
      if (fd >= 0) close(fd);
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** Our own end. */
  get own(): IpAddress | undefined {
    const name = this.#closed ? undefined : socketName(this.fd);
    if (name?.family === "inet") return { family: 4, bytes: name.address };
    return name?.family === "inet6" ? { family: 6, bytes: name.address } : undefined;
  }

  send(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#unsent.push(bytes);
    this.#unsentBytes += bytes.length;
    this.#flush();
    if (this.#unsentBytes > MAX_UNSENT_BYTES) this.#end("it doesn't read what we send");
  }

  /** Ends it from our side; no hook runs. What was sent before still goes out. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.loop.remove(this.fd);
    close(this.fd);
  }

  /**
   * Ends our half: the peer reads what was sent before, then that there is no more, and closes its own half.
   * @param onEnded runs once when it has, at once when there is nobody to wait for, and not after `close`; no other
   * hook runs any more
   */
  finish(onEnded: () => void): void {
    if (this.#closed || !this.#connected || shutdown(this.fd, "write") < 0) {
      this.close();
      onEnded();
      return;
    }
    this.#onFinished = onEnded;
  }

  #end(why: string): void {
    if (this.#closed) return;
    this.close();
    if (this.#onFinished === undefined) this.hooks.onClosed(why);
    else this.#onFinished();
  }

  #onReady(events: number): void {
    if (!this.#connected) {
      const error = getOption(this.fd, LEVEL.SOCKET, SOCKET_OPTION.ERROR);
      if (error !== 0) {
        this.#end(errnoName(error));
        return;
      }
      this.#connected = true;
      this.loop.change(this.fd, POLL.IN);
      this.hooks.onConnected();
      return;
    }
    if ((events & POLL.OUT) !== 0) this.#flush();
    for (let reads = 0; reads < READS_PER_TURN && !this.#closed; reads += 1) {
      const count = receive(this.fd, chunk, 0, CHUNK_BYTES);
      if (count === -EAGAIN || count === -EINTR) return;
      if (count <= 0) {
        this.#end(count === 0 ? "it closed the connection" : errnoName(count));
        return;
      }
      if (this.#onFinished === undefined) this.hooks.onBytes(chunk.bytes(0, count));
    }
  }

  #flush(): void {
    while (!this.#closed && this.#unsent.length > 0) {
      const [first] = this.#unsent;
      if (first === undefined) break;
      const part = first.subarray(0, CHUNK_BYTES);
      chunk.set(part);
      const sent = send(this.fd, chunk, 0, part.length);
      if (sent === -EAGAIN || sent === -EINTR) break;
      if (sent < 0) {
        this.#end(errnoName(sent));
        return;
      }
      this.#unsentBytes -= sent;
      if (sent < first.length) this.#unsent[0] = first.subarray(sent);
      else this.#unsent.shift();
    }
    if (!this.#closed && this.#connected) {
      this.loop.change(this.fd, this.#unsent.length > 0 ? POLL.IN | POLL.OUT : POLL.IN);
    }
  }
}

function socketAddress({ bytes, family }: IpAddress, port: number, scope: number): SocketAddress {
  return family === 4 ? { family: "inet", address: bytes, port } : { family: "inet6", address: bytes, port, scope };
}

/** Throws what the system refuses: a session without its signature or its TTL would be another one than configured. */
function prepare(fd: number, settings: BgpPeerSettings, password: Uint8Array | undefined): void {
  const { address, device, source, ttlSecurity } = settings;
  setOption(fd, LEVEL.TCP, TCP_NO_DELAY, 1);
  if (device !== undefined) bindToDevice(fd, device);
  if (ttlSecurity && address.family === 4) {
    setOption(fd, LEVEL.IP, IP_OPTION.TIME_TO_LIVE, ALL_HOPS);
    setOption(fd, LEVEL.IP, IP_LEAST_TTL, ALL_HOPS);
  } else if (ttlSecurity) {
    setOption(fd, LEVEL.IPV6, IPV6_OPTION.UNICAST_HOPS, ALL_HOPS);
    setOption(fd, LEVEL.IPV6, IPV6_LEAST_HOPS, ALL_HOPS);
  }
  if (password !== undefined) {
    const signed = setTcpMd5(fd, address.bytes, password);
    if (signed < 0) throw new SystemError("setsockopt TCP_MD5SIG", -signed);
  }
  if (source !== undefined) bindSocket(fd, socketAddress(source, 0, 0));
}
