import type { Socket } from "bun";

/**
 * Puts an open socket (stream, datagram, raw, netlink) onto the event loop. The runtime can do it, but its type of
 * `Bun.connect` leaves this form out, so the one cast for it is here.
 */
export async function connectFd<Data = undefined>(options: Bun.FdSocketOptions<Data>): Promise<Socket<Data>> {
  const connect = Bun.connect as unknown as (options: Bun.FdSocketOptions<Data>) => Promise<Socket<Data>>;
  return await connect(options);
}
