/** TCP MD5 signatures, RFC 2385, as BGP speakers ask for them: the TCP_MD5SIG option, struct tcp_md5sig. */
import { SystemError } from "../ffi/libc.ts";
import { Memory } from "../ffi/memory.ts";
import { LEVEL, setOptionBytes } from "../ffi/socket.ts";
import { encodeSocketAddress } from "../ffi/socket-address.ts";

/** TCP_MD5SIG_MAXKEYLEN */
export const MD5_KEY_LIMIT_BYTES = 80;
const TCP_MD5SIG = 14;
// struct tcp_md5sig: address (128), flags, prefix length, key length, interface index, key
const KEY_LENGTH = 130;
const KEY = 136;
const STRUCTURE_BYTES = KEY + MD5_KEY_LIMIT_BYTES;

/**
 * Signs what this socket exchanges with `peer` (4 or 16 bytes) and drops what isn't signed so. Set it before
 * `connect`, or on the listening socket before `accept`; an empty key takes the signature off again.
 * Returns 0, or -errno: -ENOPROTOOPT or -EPERM where the kernel was built without it or forbids MD5.
 * No copy of the key is left in memory that this function owns.
 */
export function setTcpMd5(fd: number, peer: Uint8Array, key: Uint8Array): number {
  if (key.byteLength > MD5_KEY_LIMIT_BYTES) throw new Error(`an MD5 key has at most ${MD5_KEY_LIMIT_BYTES} bytes`);
  const structure = new Memory(STRUCTURE_BYTES);
  const address =
    peer.byteLength === 4
      ? ({ family: "inet", address: peer, port: 0 } as const)
      : ({ family: "inet6", address: peer, port: 0, scope: 0 } as const);
  encodeSocketAddress(address, structure);
  structure.view.setUint16(KEY_LENGTH, key.byteLength, true);
  structure.set(key, KEY);
  try {
    setOptionBytes(fd, LEVEL.TCP, TCP_MD5SIG, structure, STRUCTURE_BYTES);
    return 0;
  } catch (error) {
    if (error instanceof SystemError) return -error.errno;
    throw error;
  } finally {
    structure.clear();
  }
}
