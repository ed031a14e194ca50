/** A netlink socket to the kernel: requests matched with their answers by sequence number, netlink(7). */
import { monotonicNs } from "../ffi/clock.ts";
import { EAGAIN, EINTR, EMSGSIZE, ENOBUFS, ETIMEDOUT } from "../ffi/errno.ts";
import { close } from "../ffi/fd.ts";
import { errnoName, errnoText } from "../ffi/libc.ts";
import { MessageBuffer } from "../ffi/message.ts";
import { POLL, pollOne } from "../ffi/poll.ts";
import { bindSocket, LEVEL, MESSAGE, setReceiveBuffer, socket, SOCKET_TYPE, trySetOption } from "../ffi/socket.ts";
import { FAMILY, SocketAddressMemory } from "../ffi/socket-address.ts";
import {
  NETLINK_FLAG,
  NETLINK_TYPE,
  type NetlinkMessage,
  readNetlinkError,
  readNetlinkMessages,
} from "./netlink-message.ts";

/** Why the kernel (or the socket) refused. A value: callers put it into words of their own catalogue. */
export interface NetlinkFailure {
  readonly errno: number;
  /** `EEXIST`, `ENODEV` … */
  readonly name: string;
  /** The kernel's explanation where it gave one, else the C library's words for the number. */
  readonly text: string;
}

export type NetlinkAnswer<Value> =
  { readonly ok: true; readonly value: Value } | { readonly ok: false; readonly failure: NetlinkFailure };

/** The kernel answers inside the sending call; only a starving machine needs any of this time. */
export const ANSWER_TIMEOUT_NS = 2_000_000_000;
/** The kernel fills dump datagrams up to 32 KiB. */
const DATAGRAM_LIMIT_BYTES = 65536;
/** More objects than this in one dump (a full Internet routing table has about a million) is refused. */
export const DUMP_LIMIT_MESSAGES = 262_144;
const RECEIVE_BUFFER_BYTES = 1 << 20;

/** struct nlmsghdr */
const FLAGS_AT = 6;
const SEQUENCE_AT = 8;

const NETLINK_ROUTE = 0;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NETLINK_GET_STRICT_CHECK = 12;

const KERNEL: SocketAddressMemory = new SocketAddressMemory({ family: "netlink", portId: 0, groups: 0 });

export function netlinkFailure(errno: number, text = ""): NetlinkFailure {
  return { errno, name: errnoName(errno), text: text === "" ? errnoText(errno) : text };
}

export function refused<Value>(errno: number, text = ""): NetlinkAnswer<Value> {
  return { ok: false, failure: netlinkFailure(errno, text) };
}

/** What one datagram brought to a waiting request. */
export type Progress = "more" | "interrupted" | NetlinkAnswer<null>;

export class NetlinkSocket {
  readonly #buffer = new MessageBuffer(DATAGRAM_LIMIT_BYTES);
  private constructor(readonly fd: number) {}

  /** A socket of the routing family; `groups` is the mask of multicast groups to hear. Throws `SystemError`. */
  static open(options: { readonly groups?: number; readonly receiveBufferBytes?: number } = {}): NetlinkSocket {
    const fd = socket(FAMILY.NETLINK, SOCKET_TYPE.RAW, NETLINK_ROUTE, { nonBlocking: true });
    try {
      // Each is a comfort that old kernels lack: explanations, short quotes, filters in dumps.
      for (const option of [NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHECK]) {
        trySetOption(fd, LEVEL.NETLINK, option, 1);
      }
      setReceiveBuffer(fd, options.receiveBufferBytes ?? RECEIVE_BUFFER_BYTES);
      bindSocket(fd, { family: "netlink", portId: 0, groups: options.groups ?? 0 });
      return new NetlinkSocket(fd);
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  close(): void {
    close(this.fd);
  }

  /** Sends requests without waiting; 0 or -errno. */
  send(requests: Uint8Array): number {
    if (requests.byteLength > this.#buffer.data.byteLength) return -EMSGSIZE;
    this.#buffer.data.set(requests);
    const sent = this.#buffer.send(this.fd, requests.byteLength, KERNEL);
    return sent < 0 ? sent : 0;
  }

  /**
   * The messages of the next datagram from the kernel: views that the next call overwrites.
   * -EAGAIN when there is none; -ENOBUFS when the kernel had to drop some. A datagram that another
   * process sent is nobody's answer: it is thrown away and counts as empty.
   */
  receive(): readonly NetlinkMessage[] | number {
    const count = this.#buffer.receive(this.fd, MESSAGE.DONT_WAIT);
    if (count < 0) return count;
    const sender = this.#buffer.sender;
    if (sender?.family !== "netlink" || sender.portId !== 0) return [];
    // A cut datagram lost messages, just like a full receive buffer.
    return this.#buffer.truncated ? -ENOBUFS : readNetlinkMessages(this.#buffer.bytes);
  }

  /**
   * Sends one request and gathers its answer: all messages of a dump, one object, or nothing but "done".
   * Messages with another sequence number belong to requests given up earlier; they are dropped.
   * A dump that the kernel calls interrupted is refused with EINTR: ask again.
   */
  exchange(request: Uint8Array): NetlinkAnswer<readonly NetlinkMessage[]> {
    const view = new DataView(request.buffer, request.byteOffset, request.byteLength);
    const sequence = view.getUint32(8, true);
    const sent = this.send(request);
    if (sent < 0) return refused(-sent);
    const gathered: NetlinkMessage[] = [];
    // Without ACK and DUMP the one object is the whole answer.
    const single = (view.getUint16(6, true) & (NETLINK_FLAG.ACK | NETLINK_FLAG.DUMP)) === 0;
    const deadlineNs = monotonicNs() + ANSWER_TIMEOUT_NS;
    let interrupted = false;
    for (;;) {
      const messages = this.#await(deadlineNs);
      if (typeof messages === "number") return refused(-messages);
      for (const message of messages) {
        if (message.sequence !== sequence) continue;
        const progress = advance(message, gathered);
        if (progress === "interrupted") interrupted = true;
        else if (progress !== "more") {
          if (!progress.ok) return progress;
          return interrupted ? refused(EINTR, "the tables changed while they were read") : okay(gathered);
        } else if (single && gathered.length > 0) return okay(gathered);
      }
      if (gathered.length > DUMP_LIMIT_MESSAGES) return refused(EMSGSIZE, "more objects than this program reads");
    }
  }

  /** Waits for the next datagram until the deadline. */
  #await(deadlineNs: number): readonly NetlinkMessage[] | number {
    for (;;) {
      const messages = this.receive();
      if (typeof messages !== "number") return messages;
      if (messages !== -EAGAIN && messages !== -EINTR) return messages;
      const leftNs = deadlineNs - monotonicNs();
      if (leftNs <= 0) return -ETIMEDOUT;
      const ready = pollOne(this.fd, POLL.IN, leftNs);
      if (ready < 0 && ready !== -EINTR) return ready;
    }
  }

  /**
   * Sends several requests in one go and waits for the answer to the last of them, which comes after all failures of
   * those before. @returns the first failure, or that of the last
   */
  exchangeLast(requests: readonly Uint8Array[], sequence: number): NetlinkAnswer<null> {
    const block = this.#buffer.data;
    let at = 0;
    let last = 0;
    for (const request of requests) {
      if (at + request.byteLength > block.byteLength) return refused(EMSGSIZE);
      block.set(request, at);
      last = at;
      // Only failures are answered.
      block.view.setUint16(at + FLAGS_AT, block.view.getUint16(at + FLAGS_AT, true) & ~NETLINK_FLAG.ACK, true);
      at += request.byteLength;
    }
    if (at === 0) return { ok: true, value: null };
    block.view.setUint16(last + FLAGS_AT, block.view.getUint16(last + FLAGS_AT, true) | NETLINK_FLAG.ACK, true);
    block.view.setUint32(last + SEQUENCE_AT, sequence, true);
    const sent = this.#buffer.send(this.fd, at, KERNEL);
    return sent < 0 ? refused(-sent) : this.#awaitLast(sequence);
  }

  #awaitLast(sequence: number): NetlinkAnswer<null> {
    const deadlineNs = monotonicNs() + ANSWER_TIMEOUT_NS;
    let failed: NetlinkAnswer<null> | undefined;
    for (;;) {
      const messages = this.#await(deadlineNs);
      if (typeof messages === "number") return refused(-messages);
      for (const message of messages) {
        if (message.type !== NETLINK_TYPE.ERROR) continue;
        const { errno, text } = readNetlinkError(message);
        if (errno !== 0) failed ??= refused(errno, text);
        if (message.sequence === sequence) return failed ?? { ok: true, value: null };
      }
    }
  }

  /** Sends several acknowledged requests in one go; one answer each, in order of `sequences`. */
  exchangeAll(requests: Uint8Array, sequences: readonly number[]): readonly NetlinkAnswer<null>[] {
    const sent = this.send(requests);
    const answers = new Map<number, NetlinkAnswer<null>>();
    const deadlineNs = monotonicNs() + ANSWER_TIMEOUT_NS;
    let broken = sent;
    while (broken >= 0 && answers.size < sequences.length) {
      const messages = this.#await(deadlineNs);
      if (typeof messages === "number") {
        broken = messages;
        continue;
      }
      for (const message of messages) {
        if (message.type !== NETLINK_TYPE.ERROR || !sequences.includes(message.sequence)) continue;
        const { errno, text } = readNetlinkError(message);
        answers.set(message.sequence, errno === 0 ? { ok: true, value: null } : refused(errno, text));
      }
    }
    return sequences.map((sequence) => answers.get(sequence) ?? refused(broken < 0 ? -broken : ETIMEDOUT));
  }
}

function okay(gathered: readonly NetlinkMessage[]): NetlinkAnswer<readonly NetlinkMessage[]> {
  return { ok: true, value: gathered };
}

/** What one message of an answer means; objects are added to `gathered`. Exported for its tests. */
export function advance(message: NetlinkMessage, gathered: NetlinkMessage[]): Progress {
  const interrupted = (message.flags & NETLINK_FLAG.DUMP_INTERRUPTED) !== 0;
  switch (message.type) {
    case NETLINK_TYPE.NOOP:
      return "more";
    case NETLINK_TYPE.OVERRUN:
      return refused(ENOBUFS);
    case NETLINK_TYPE.ERROR:
    case NETLINK_TYPE.DONE: {
      const { errno, text } = readNetlinkError(message);
      if (errno !== 0) return refused(errno, text);
      // The flag may come with the last message alone.
      return message.type === NETLINK_TYPE.DONE && interrupted ? refused(EINTR) : { ok: true, value: null };
    }
    default:
      // Copied: the buffer serves the next datagram.
      gathered.push({ ...message, body: message.body.slice() });
      return interrupted ? "interrupted" : "more";
  }
}
