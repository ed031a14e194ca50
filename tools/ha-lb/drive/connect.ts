import type { Socket } from "bun";
import { writeProxyHeader } from "../decide/proxy-protocol.ts";
import type { ProxyProtocolOut } from "../model/server.ts";
import { type ConnectTls, connectTls } from "./connect-tls.ts";
import type { ServerConnection } from "./http/server-connection.ts";
import type { Peer } from "./peer.ts";

/** What a connection to a server needs to know of the client. */
export interface ConnectionFacts {
  /** Sent first: the PROXY protocol. */
  readonly preface: Uint8Array | undefined;
  readonly serverName: string | undefined;
  /** Where the server's address or port follows what the client asked. */
  readonly host?: string;
  readonly port?: number;
}

/** What goes before everything else to a server with `send-proxy`. */
export function prefaceOf(
  sendProxy: ProxyProtocolOut | undefined,
  source: string,
  sourcePort: number,
  destination: string,
  destinationPort: number,
): Buffer | undefined {
  if (sendProxy === undefined) return undefined;
  const header = writeProxyHeader(sendProxy.version, source, sourcePort, destination, destinationPort);
  return Buffer.from(header, "latin1");
}

/** How a server is connected to, beside its address and port. */
export interface ConnectOptions {
  readonly tls?: ConnectTls;
  /** The path of its socket, in place of the address. */
  readonly unix?: string;
}

/** What a connecting peer hears. */
export interface Connecting extends Peer {
  onOpen(): void;
  /** `why`: the system's name of the error, or that there is a connection and no TLS on it. */
  onFailed(why?: string): void;
}

const HANDLERS: Bun.SocketHandler<Connecting> = {
  open(socket) {
    const peer = socket.data;
    if (peer.deadlineMs === Number.NEGATIVE_INFINITY) {
      socket.terminate();
      return;
    }
    peer.socket = asPeerSocket(socket);
    peer.onOpen();
  },
  data(socket, data) {
    socket.data.onData(data);
  },
  drain(socket) {
    socket.data.flush();
  },
  end(socket) {
    socket.data.onEnd();
  },
  close(socket) {
    if (socket.data.socket !== undefined) socket.data.onClose();
  },
  error() {
    // `close` follows and says all that matters.
  },
  connectError(socket, error) {
    socket.data.onFailed("code" in error ? String(error.code) : undefined);
  },
};

/** `Socket<Connecting>` and `Socket<Peer>` are one object; the runtime's type is invariant. */
function asPeerSocket(socket: unknown): Socket<Peer> {
  return socket as Socket<Peer>;
}

/** Starts to connect; `onOpen` or `onFailed` follows. */
export function connectServer(connection: ServerConnection, facts: ConnectionFacts): void {
  const { server } = connection;
  const { host = server.host, port = server.port } = facts;
  connectPeer(connection, host, port, server.socketOptions(facts), facts.preface);
}

export function connectPeer(
  peer: Connecting,
  host: string,
  port: number,
  more: ConnectOptions,
  preface: Uint8Array | undefined,
): void {
  const to = more.unix === undefined ? { hostname: host, port } : { unix: more.unix };
  if (more.tls !== undefined) {
    connectTls(peer, to, more.tls, preface);
    return;
  }
  const handlers = preface === undefined ? HANDLERS : withPreface(preface);
  const options = { hostname: host, port, ...to, data: peer, socket: handlers, allowHalfOpen: true };
  // The failure is told by `connectError`; the promise only repeats it.
  Bun.connect<Connecting>(options).catch(() => undefined);
}

function withPreface(preface: Uint8Array): Bun.SocketHandler<Connecting> {
  return {
    ...HANDLERS,
    open(socket) {
      socket.write(preface);
      void HANDLERS.open?.(socket);
    },
  };
}
