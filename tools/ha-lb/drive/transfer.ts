/**
 * Listening sockets handed to the next process over a command socket, in haproxy's form, so that either of the two
 * can follow the other: after `_getsocks` comes their number (32 bits), then for each socket the length and name of
 * its namespace, the length and name of its interface, and 32 bits of zero, with the sockets themselves beside.
 */
import { Memory } from "../../../shared/drive/ffi/memory.ts";
import { close } from "../../../shared/drive/ffi/fd.ts";
import { MOST_DESCRIPTORS, receiveDescriptors, sendDescriptors } from "../../../shared/drive/ffi/descriptors.ts";
import { FAMILY, SocketAddressMemory } from "../../../shared/drive/ffi/socket-address.ts";
import { connect, LEVEL, send, setOptionBytes, socket, SOCKET_TYPE } from "../../../shared/drive/ffi/socket.ts";

export const TRANSFER_COMMAND = "_getsocks";
/** The other process answers at once, unless the machine is busy, or is not to be waited for. */
const TIME_LIMIT_SECONDS = 10;
const RECEIVE_TIMEOUT = 20;
const SEND_TIMEOUT = 21;
/** More than any process listens on. */
const MOST_SOCKETS = 65_536;
const INFORMATION_BYTES = MOST_DESCRIPTORS * (1 + 255 + 1 + 255 + 4);

export interface TransferredSocket {
  readonly fd: number;
  /** The interface that it is bound to, or nothing. */
  readonly device: string;
}

/** What goes before the sockets of one message: no namespaces, and the interfaces' names. */
function information(sockets: readonly TransferredSocket[]): Uint8Array {
  return Buffer.concat(
    sockets.map(({ device }) => Buffer.from([0, device.length, ...Buffer.from(device, "latin1"), 0, 0, 0, 0])),
  );
}

/** The sender's side on a connected Unix socket: `next` sends one message, and is called again after each answer. */
export class Transfer {
  private rest: readonly TransferredSocket[];

  constructor(private readonly all: readonly TransferredSocket[]) {
    this.rest = all;
  }

  /** Tells the number; false when the other side is gone. */
  begin(fd: number): boolean {
    const count = new Memory(8);
    count.u32[0] = this.all.length;
    return send(fd, count, 0, 4) === 4 && this.next(fd);
  }

  next(fd: number): boolean {
    const now = this.rest.slice(0, MOST_DESCRIPTORS);
    this.rest = this.rest.slice(MOST_DESCRIPTORS);
    if (now.length === 0) return true;
    const bytes = information(now);
    return (
      sendDescriptors(
        fd,
        bytes,
        now.map((one) => one.fd),
      ) === bytes.length
    );
  }

  get done(): boolean {
    return this.rest.length === 0;
  }
}

/** A blocking socket that gives up after so long, SO_RCVTIMEO and SO_SNDTIMEO of socket(7). Throws. */
export function limitWaiting(fd: number, seconds: number): void {
  const limit = new Memory(16);
  limit.setNumber64(0, seconds);
  for (const option of [RECEIVE_TIMEOUT, SEND_TIMEOUT]) setOptionBytes(fd, LEVEL.SOCKET, option, limit, 16);
}

/** Asks a running ha-lb or haproxy for its listening sockets. Blocks for at most some seconds; throws in words. */
export function fetchSockets(path: string): readonly TransferredSocket[] {
  const fd = socket(FAMILY.UNIX, SOCKET_TYPE.STREAM, 0, { nonBlocking: false });
  try {
    limitWaiting(fd, TIME_LIMIT_SECONDS);
    const place = path.startsWith("abns@") ? `@${path.slice(5)}` : path.replace(/^unix@/, "");
    if (connect(fd, new SocketAddressMemory({ family: "unix", path: place })) < 0) throw new Error("nobody answers");
    const command = Memory.copyOf(Buffer.from(`${TRANSFER_COMMAND}\n`));
    send(fd, command, 0, TRANSFER_COMMAND.length + 1);
    const first = receiveDescriptors(fd, 4);
    if (typeof first === "number" || first.bytes.length < 4)
      throw new Error("it hands no sockets out (expose-fd listeners)");
    const wanted = new DataView(first.bytes.buffer).getUint32(0, true);
    if (wanted > MOST_SOCKETS) throw new Error(`it would hand ${wanted} sockets out`);
    return receiveAll(fd, wanted);
  } finally {
    close(fd);
  }
}

function receiveAll(fd: number, wanted: number): readonly TransferredSocket[] {
  const descriptors: number[] = [];
  let text = Buffer.alloc(0);
  const count = new Memory(8);
  while (descriptors.length < wanted) {
    const message = receiveDescriptors(fd, INFORMATION_BYTES);
    if (typeof message === "number" || message.descriptors.length === 0) {
      for (const one of descriptors) close(one);
      throw new Error(`only ${descriptors.length} of ${wanted} sockets came`);
    }
    descriptors.push(...message.descriptors);
    text = Buffer.concat([text, message.bytes]);
    // The other side goes on when it has heard how many there are by now.
    count.u32[0] = descriptors.length;
    send(fd, count, 0, 4);
  }
  return readInformation(descriptors, text);
}

function readInformation(descriptors: readonly number[], text: Buffer): readonly TransferredSocket[] {
  let at = 0;
  return descriptors.flatMap((fd) => {
    const namespaceLength = text[at] ?? 0;
    at += 1 + namespaceLength;
    const deviceLength = text[at] ?? 0;
    const device = text.toString("latin1", at + 1, at + 1 + deviceLength);
    at += 1 + deviceLength + 4;
    if (namespaceLength === 0) return [{ fd, device }];
    // Of another network namespace: nothing here can listen there.
    close(fd);
    return [];
  });
}
