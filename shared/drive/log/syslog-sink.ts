import { EAGAIN, ENOBUFS } from "../ffi/errno.ts";
import { close } from "../ffi/fd.ts";
import { Memory } from "../ffi/memory.ts";
import { FAMILY, SocketAddressMemory } from "../ffi/socket-address.ts";
import { sendTo, socket, SOCKET_TYPE } from "../ffi/socket.ts";
import { parseAddress } from "../../text/address.ts";
import type { Endpoint } from "../../text/endpoint.ts";
import { QueuedSink } from "./sink.ts";
import { UnixDatagram } from "./unix-datagram.ts";

/** Where syslogd and journald listen. */
export const LOCAL_SYSLOG = "/dev/log";

/** Lines to the host's own log; lost while nobody listens there, kept for a while when it is busy. */
export function localSyslogSink(path = LOCAL_SYSLOG): QueuedSink {
  const datagram = new UnixDatagram(path);
  return new QueuedSink(
    (line) => {
      const sent = datagram.send(line);
      if (sent >= 0) return "sent";
      return sent === -EAGAIN || sent === -ENOBUFS ? "later" : "lost";
    },
    () => {
      datagram.close();
    },
  );
}

/**
 * Lines to a log server over UDP, RFC 5426. `endpoint.host` must be an address: looking a name up would make a
 * log line wait for the network.
 */
export function udpSyslogSink(endpoint: Endpoint): QueuedSink {
  const address = parseAddress(endpoint.host);
  if (!address.ok) throw new Error(`${endpoint.host} is not an address`);
  const v4 = address.value.family === 4;
  const fd = socket(v4 ? FAMILY.INET : FAMILY.INET6, SOCKET_TYPE.DATAGRAM, 0, { nonBlocking: true });
  const { bytes } = address.value;
  const to = new SocketAddressMemory(
    v4
      ? { family: "inet", address: bytes, port: endpoint.port }
      : { family: "inet6", address: bytes, port: endpoint.port, scope: 0 },
  );
  const memory = new Memory(64 * 1024);
  return new QueuedSink(
    (line) => {
      const { written } = new TextEncoder().encodeInto(line, memory.u8);
      const sent = sendTo(fd, memory, 0, written, to);
      if (sent >= 0) return "sent";
      return sent === -EAGAIN || sent === -ENOBUFS ? "later" : "lost";
    },
    () => {
      close(fd);
    },
  );
}
