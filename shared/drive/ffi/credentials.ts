/** Who is at the other end of a Unix socket. unix(7), SO_PEERCRED. */
import { bind, orErrno } from "./libc.ts";
import { Memory } from "./memory.ts";

const C = bind({
  getsockopt: { args: ["i32", "i32", "i32", "ptr", "ptr"], returns: "i32" },
});

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
const SIZE_OF_UCRED = 12;

/** Process, user and group at the time of its connect(2); undefined when the descriptor is no Unix socket. */
export function peerCredentials(
  fd: number,
): { readonly pid: number; readonly uid: number; readonly gid: number } | undefined {
  const value = new Memory(16);
  const length = new Memory(8);
  length.i32[0] = SIZE_OF_UCRED;
  if (orErrno(C.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, value.address, length.address)) < 0) return undefined;
  return {
    pid: value.view.getInt32(0, true),
    uid: value.view.getUint32(4, true),
    gid: value.view.getUint32(8, true),
  };
}
