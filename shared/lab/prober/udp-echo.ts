/**
 * `bun udp-echo.ts PORT [NAME]`: answers each datagram from the very address that was asked (a floating address
 * too, which the kernel wouldn't choose by itself), with the first four bytes of the question and the host's name.
 */
import { hostname } from "node:os";
import { MessageBuffer } from "../../drive/ffi/message.ts";
import { POLL, pollOne } from "../../drive/ffi/poll.ts";
import { bindSocket, LEVEL, setOption, setReceiveBuffer, socket, SOCKET_TYPE } from "../../drive/ffi/socket.ts";
import { FAMILY } from "../../drive/ffi/socket-address.ts";
import { IPV6_OPTION } from "../../drive/net/ip-options.ts";

const PACKET_LIMIT_BYTES = 512;
/** Questions of some seconds, at one a millisecond, that wait while this process waits for a processor. */
const RECEIVE_BUFFER_BYTES = 4 << 20;
const TOKEN_BYTES = 4;

/** One socket for both families: IPv4 addresses arrive as mapped IPv6 ones. */
function openSocket(port: number): number {
  const fd = socket(FAMILY.INET6, SOCKET_TYPE.DATAGRAM, 0, { nonBlocking: true });
  setOption(fd, LEVEL.IPV6, IPV6_OPTION.ONLY_IPV6, 0);
  setOption(fd, LEVEL.IPV6, IPV6_OPTION.RECEIVE_PACKET_INFORMATION, 1);
  // Also from an address that has left while the question waited here for a processor: it did arrive.
  setOption(fd, LEVEL.IPV6, IPV6_OPTION.TRANSPARENT, 1);
  setReceiveBuffer(fd, RECEIVE_BUFFER_BYTES);
  bindSocket(fd, { family: "inet6", address: new Uint8Array(16), port, scope: 0 });
  return fd;
}

function answerForever(fd: number, name: string): never {
  const message = new MessageBuffer(PACKET_LIMIT_BYTES);
  const nameBytes = new TextEncoder().encode(name);
  for (;;) {
    if (message.receive(fd) < TOKEN_BYTES) {
      pollOne(fd, POLL.IN, Infinity);
      continue;
    }
    const asked = message.control(LEVEL.IPV6, IPV6_OPTION.PACKET_INFORMATION);
    message.data.set(nameBytes, TOKEN_BYTES);
    // struct in6_pktinfo names the address that was asked and the card it came in by; sent back, it is the source.
    const source = asked === undefined ? undefined : { ...asked, data: asked.data.slice() };
    message.send(fd, TOKEN_BYTES + nameBytes.byteLength, message.peer, source);
  }
}

if (import.meta.main) {
  const fd = openSocket(Number(process.argv[2] ?? "7"));
  process.stdout.write("ready\n");
  answerForever(fd, process.argv[3] ?? hostname());
}
