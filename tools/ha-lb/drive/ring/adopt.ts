/**
 * Connections that prove to be used again and again leave the runtime's sockets for the ring: there a request costs
 * about a third less. A connection's first requests don't pay for the move.
 */
import type { Socket } from "bun";
import { duplicate } from "../../../../shared/drive/ffi/fd.ts";
import { setResetOnClose } from "../../../../shared/drive/ffi/socket.ts";
import { Peer } from "../peer.ts";
import { RingLoop } from "./ring-loop.ts";
import { RingSocket } from "./ring-socket.ts";

/** Requests after which a connection is taken over. */
const WORTH_AFTER = 2;
/** Connections with longer messages stay: the runtime's sockets move those at the same cost. */
const MOST_BYTES = 64 * 1024;

/** What the runtime's socket is told to after it was left: nothing is for anybody any more. */
class Nobody extends Peer {
  override onData(): void {}
  override onEnd(): void {}
  override onClose(): void {}
  override onDrained(): void {}
  override onDeadline(): void {}
}

let loop: RingLoop | undefined;
let asked = false;

function openOnce(): void {
  asked = true;
  RingLoop.open().then(
    (opened) => {
      loop = opened;
    },
    () => undefined,
  );
}

/** Plain sockets of the runtime have a descriptor; TLS is the runtime's, and streams of HTTP/2 have none. */
function plainDescriptor(socket: Socket<Peer>): number {
  if (socket instanceof RingSocket || !("fd" in socket) || typeof socket.fd !== "number") return -1;
  return socket.fd;
}

/**
 * Moves an idle connection to the ring, when it is worth it and can be done. It must not be of TLS.
 *
 * @param requests how many it has carried
 * @param bytes of the last one with its answer
 * @param tellsOwnClose its peer hears `onClose` also after a close of its own
 */
export function adopt(peer: Peer, requests: number, bytes: number, tellsOwnClose: boolean): void {
  if (requests < WORTH_AFTER || bytes > MOST_BYTES) return;
  const { socket } = peer;
  if (socket === undefined || peer.pendingBytes > 0 || peer.paused) return;
  const own = plainDescriptor(socket);
  if (own < 0) return;
  if (loop === undefined) {
    if (!asked) openOnce();
    return;
  }
  const { remoteAddress, remotePort, localAddress, localPort } = socket;
  const fd = duplicateOrNone(own);
  if (fd === undefined) return;
  socket.data = new Nobody();
  socket.terminate();
  // The runtime closes with a reset, which waits for the last descriptor: not any more.
  setResetOnClose(fd, false);
  const names = { remoteAddress, remotePort, localAddress, localPort };
  peer.moveTo(new RingSocket(loop, fd, peer, names, tellsOwnClose));
}

/** Without a descriptor to spare a connection stays where it is. */
function duplicateOrNone(fd: number): number | undefined {
  try {
    return duplicate(fd);
  } catch {
    return undefined;
  }
}

/** As `setImmediate`, also when the thread is with the ring just now. */
export function soon(task: () => void): void {
  if (loop === undefined) setImmediate(task);
  else loop.soon(task);
}
