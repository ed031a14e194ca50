/**
 * Every hot wrapper, called with results that are known beforehand. Each case gives the number of wrong
 * results after `calls` calls; 0 is the only good answer.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { monotonicNs } from "../../shared/drive/ffi/clock.ts";
import { Epoll, EPOLL } from "../../shared/drive/ffi/epoll.ts";
import { EAGAIN, EBADF, ENOENT } from "../../shared/drive/ffi/errno.ts";
import { EventFd } from "../../shared/drive/ffi/eventfd.ts";
import * as fd from "../../shared/drive/ffi/fd.ts";
import { FileStatus } from "../../shared/drive/ffi/file-status.ts";
import { Memory } from "../../shared/drive/ffi/memory.ts";
import { MessageBuffer } from "../../shared/drive/ffi/message.ts";
import { POLL, PollSet } from "../../shared/drive/ffi/poll.ts";
import * as sockets from "../../shared/drive/ffi/socket.ts";
import { FAMILY, SocketAddressMemory } from "../../shared/drive/ffi/socket-address.ts";
import { splice } from "../../shared/drive/ffi/splice.ts";
import { TimerFd } from "../../shared/drive/ffi/timerfd.ts";
import { wordAt } from "../../shared/drive/net/datagram.ts";
import { decodeAddress, encodeAddressAdd } from "../../shared/drive/net/address-codec.ts";
import { readNetlinkMessages } from "../../shared/drive/net/netlink-message.ts";

export type HotCase = (calls: number) => number;

const { DATAGRAM, STREAM } = sockets.SOCKET_TYPE;

function clock(calls: number): number {
  let wrong = 0;
  let last = monotonicNs();
  for (let call = 0; call < calls; call += 1) {
    const now = monotonicNs();
    if (now < last || now - last > 60e9) wrong += 1;
    last = now;
  }
  return wrong;
}

function eventfd(calls: number): number {
  const event = EventFd.create();
  let wrong = 0;
  for (let call = 0; call < calls; call += 1) {
    const count = (call % 1000) + 1;
    if (event.signal(count) !== 0) wrong += 1;
    if (event.drain() !== count) wrong += 1;
    if (call % 4 === 0 && event.drain() !== 0) wrong += 1;
  }
  event.close();
  return wrong;
}

function ppoll(calls: number): number {
  const events = [EventFd.create(), EventFd.create(), EventFd.create()] as const;
  const set = new PollSet(3);
  for (const event of events) set.add(event.fd, POLL.IN);
  let wrong = 0;
  for (let call = 0; call < calls; call += 1) {
    // Which of the three are ready changes every 16 calls, as a counter in binary.
    const bits = (call >> 4) & 7;
    if (call % 16 === 0) {
      for (const [slot, event] of events.entries()) {
        event.drain();
        if ((bits >> slot) & 1) event.signal();
      }
    }
    const expected = (bits & 1) + ((bits >> 1) & 1) + (bits >> 2);
    if (set.wait(0) !== expected) wrong += 1;
    for (let slot = 0; slot < 3; slot += 1) {
      if (expected > 0 && set.happened(slot) !== ((bits >> slot) & 1) * POLL.IN) wrong += 1;
    }
  }
  for (const event of events) event.close();
  return wrong;
}

function errors(calls: number): number {
  const epoll = Epoll.create();
  const event = EventFd.create();
  let wrong = 0;
  for (let call = 0; call < calls; call += 1) {
    // Three different refusals in turn: a stale errno would show.
    const kind = call % 3;
    if (kind === 0 && fd.close(-1) !== -EBADF) wrong += 1;
    if (kind === 1 && epoll.control("remove", event.fd, 0) !== -ENOENT) wrong += 1;
    if (kind === 2 && fd.read(event.fd, ERROR_MEMORY, 0, 8) !== -EAGAIN) wrong += 1;
  }
  epoll.close();
  event.close();
  return wrong;
}
const ERROR_MEMORY = new Memory(8);

/** Send a value, get that value and nothing else. The other half of the calls is made where data is spliced. */
function sendReceive(calls: number): number {
  const [left, right] = sockets.socketPair(DATAGRAM, { nonBlocking: true });
  const from = new Memory(64);
  const into = new Memory(64);
  let wrong = 0;
  for (let call = 0; call < calls / 2; call += 1) {
    const length = 8 + (call % 48);
    from.u32[0] = call;
    from.u8[length - 1] = call & 255;
    if (sockets.send(left, from, 0, length) !== length) wrong += 1;
    if (sockets.receive(right, into, 0, 64) !== length) wrong += 1;
    if (into.u8[length - 1] !== (call & 255) || (length > 8 && into.u32[0] !== call)) wrong += 1;
  }
  fd.close(left);
  fd.close(right);
  return wrong;
}

/** A Unix datagram socket with a name of the kernel's choice: cheaper than UDP, and with addresses all the same. */
function named(): { readonly socket: number; readonly address: SocketAddressMemory } {
  const socket = sockets.socket(FAMILY.UNIX, DATAGRAM, 0, { nonBlocking: true });
  namedCount += 1;
  const address = { family: "unix", path: `@ffi-${process.pid}-${namedCount}` } as const;
  sockets.bindSocket(socket, address);
  return { socket, address: new SocketAddressMemory(address) };
}
let namedCount = 0;

/** Datagrams with addresses: the sender reported is the sender. */
function sendToReceiveFrom(calls: number): number {
  const [a, b, target] = [named(), named(), named()];
  const from = new Memory(16);
  const into = new Memory(16);
  const peer = new SocketAddressMemory();
  const last = (address: SocketAddressMemory) => address.memory.u8[address.byteLength - 1];
  let wrong = 0;
  for (let call = 0; call < calls; call += 1) {
    const sender = call % 2 === 0 ? a : b;
    from.u32[0] = call;
    if (sockets.sendTo(sender.socket, from, 0, 8, target.address) !== 8) wrong += 1;
    if (sockets.receiveFrom(target.socket, into, 0, 16, peer) !== 8) wrong += 1;
    if (into.u32[0] !== call || last(peer) !== last(sender.address)) wrong += 1;
  }
  for (const each of [a, b, target]) fd.close(each.socket);
  return wrong;
}

/** sendmsg and recvmsg: pointers stored in C structures, ancillary data (our process number) parsed. */
function messages(calls: number): number {
  const [a, target] = [named(), named()];
  const ownPid = process.pid;
  const SO_PASSCRED = 16;
  const SCM_CREDENTIALS = 2;
  sockets.setOption(target.socket, sockets.LEVEL.SOCKET, SO_PASSCRED, 1);
  const sending = new MessageBuffer(64);
  const receiving = new MessageBuffer(64);
  let wrong = 0;
  for (let call = 0; call < calls; call += 1) {
    const length = 4 + (call % 60);
    sending.data.u32[0] = call;
    if (sending.send(a.socket, length, target.address) !== length) wrong += 1;
    if (receiving.receive(target.socket) !== length || receiving.truncated) wrong += 1;
    if (receiving.data.u32[0] !== call) wrong += 1;
    const credentials = receiving.control(sockets.LEVEL.SOCKET, SCM_CREDENTIALS)?.data;
    if (credentials === undefined || wordAt(credentials, 0) !== ownPid) wrong += 1;
  }
  fd.close(a.socket);
  fd.close(target.socket);
  return wrong;
}

function inFolder<Result>(use: (folder: string) => Result): Result {
  const folder = mkdtempSync(join(tmpdir(), "ffi-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function readWriteAt(calls: number): number {
  return inFolder((folder) => {
    const file = fd.open(join(folder, "file"), fd.OPEN.READ_WRITE | fd.OPEN.CREATE);
    const from = new Memory(16);
    const into = new Memory(16);
    let wrong = 0;
    for (let call = 0; call < calls; call += 1) {
      const position = (call % 512) * 8;
      from.u32[0] = call;
      from.u32[1] = ~call;
      if (fd.pwrite(file, from, 0, 8, position) !== 8) wrong += 1;
      if (fd.pread(file, into, 8, 8, position) !== 8) wrong += 1;
      if (into.u32[2] !== call || into.i32[3] !== ~call) wrong += 1;
    }
    fd.close(file);
    return wrong;
  });
}

/** The case that shows the hazard when memory is handled wrongly: a large out-parameter, two answers in turn. */
function fileStatus(calls: number): number {
  return inFolder((folder) => {
    const path = join(folder, "file");
    writeFileSync(path, "12345");
    const file = fd.open(path, fd.OPEN.READ_ONLY);
    const directory = fd.open(folder, fd.OPEN.READ_ONLY | fd.OPEN.DIRECTORY);
    const status = new FileStatus();
    let wrong = 0;
    for (let call = 0; call < calls; call += 1) {
      const isFile = call % 2 === 0;
      if (status.read(isFile ? file : directory) !== 0) wrong += 1;
      if (status.type !== (isFile ? "file" : "directory")) wrong += 1;
      if (isFile && status.byteLength !== 5) wrong += 1;
    }
    fd.close(file);
    fd.close(directory);
    return wrong;
  });
}

function epollWait(calls: number): number {
  const epoll = Epoll.create();
  const [one, two] = [EventFd.create(), EventFd.create()];
  epoll.control("add", one.fd, EPOLL.IN, 11);
  epoll.control("add", two.fd, EPOLL.IN, 22);
  one.signal();
  two.signal();
  let wrong = 0;
  for (let call = 0; call < calls; call += 1) {
    const both = call % 8 < 4;
    if (call % 4 === 0 && epoll.control("modify", two.fd, both ? EPOLL.IN : 0, 22) !== 0) wrong += 1;
    const count = epoll.wait(0);
    let tags = 0;
    for (let at = 0; at < count; at += 1) tags += epoll.happened(at) === EPOLL.IN ? epoll.tag(at) : 1000;
    if (tags !== (both ? 33 : 11)) wrong += 1;
  }
  for (const each of [epoll, one, two]) each.close();
  return wrong;
}

/** Socket to pipe to socket, as a data plane does. */
function spliceThrough(calls: number): number {
  const [client, front] = sockets.socketPair(STREAM, { nonBlocking: true });
  const [back, server] = sockets.socketPair(STREAM, { nonBlocking: true });
  const { readEnd, writeEnd } = fd.pipe({ nonBlocking: true });
  const memory = new Memory(16);
  let wrong = 0;
  for (let call = 0; call < calls / 2; call += 1) {
    memory.u32[0] = call;
    if (sockets.send(client, memory, 0, 4) !== 4) wrong += 1;
    if (splice(front, writeEnd, 4096) !== 4) wrong += 1;
    if (splice(readEnd, back, 4096) !== 4) wrong += 1;
    if (sockets.receive(server, memory, 8, 8) !== 4 || memory.u32[2] !== call) wrong += 1;
  }
  if (splice(front, writeEnd, 4096) !== -EAGAIN) wrong += 1;
  for (const each of [client, front, back, server, readEnd, writeEnd]) fd.close(each);
  return wrong;
}

/** Not hot (a loop sets it a few times a second), and each call programs the hardware's timer: a part of the calls. */
function timer(calls: number): number {
  const timerFd = TimerFd.create();
  let wrong = 0;
  for (let call = 0; call < calls / 50; call += 1) {
    const due = call % 2 === 0;
    timerFd.armAt(due ? 1 : Infinity);
    if (timerFd.drain() !== (due ? 1 : 0)) wrong += 1;
  }
  timerFd.close();
  return wrong;
}

/** Netlink requests are plain bytes, but they are made in the same loops. */
function netlinkCodec(calls: number): number {
  const bytes = new Uint8Array([10, 0, 0, 0]);
  let wrong = 0;
  for (let call = 0; call < calls; call += 1) {
    bytes[2] = (call >> 8) & 255;
    bytes[3] = call & 255;
    const spec = { interfaceIndex: call, address: { family: 4, bytes }, prefixLength: call % 33 } as const;
    const [message] = readNetlinkMessages(encodeAddressAdd(call, spec, false));
    const entry = message === undefined ? undefined : decodeAddress(message);
    if (message?.sequence !== call || entry?.interfaceIndex !== call) wrong += 1;
    if (entry?.address.bytes[3] !== (call & 255) || entry.prefixLength !== call % 33) wrong += 1;
  }
  return wrong;
}

export const HOT_CASES: Readonly<Record<string, HotCase>> = {
  "clock_gettime never goes back": clock,
  "eventfd read and write": eventfd,
  "ppoll with changing readiness": ppoll,
  "errno of three different refusals": errors,
  "send and recv": sendReceive,
  "sendto and recvfrom": sendToReceiveFrom,
  "sendmsg and recvmsg with ancillary data": messages,
  "pread and pwrite": readWriteAt,
  "statx alternating file and directory": fileStatus,
  "epoll_wait and epoll_ctl": epollWait,
  "splice through a pipe": spliceThrough,
  "timerfd_settime and read": timer,
  "netlink encode and decode": netlinkCodec,
};
