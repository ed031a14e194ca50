/** Connections to servers over TLS: they are open when the handshake is done and the certificate is good. */
import type { Socket } from "bun";
import type { Connecting } from "./connect.ts";
import type { Peer } from "./peer.ts";

/** How a server is spoken to over TLS. */
export interface ConnectTls {
  readonly options: Bun.TLSOptions;
  /** Is the server who it should be? */
  readonly accepts: (socket: Socket<Peer>, error: Error | null | undefined) => boolean;
  /** Where sessions are kept for the next connection; nothing with `no-ssl-reuse`. */
  readonly session?: SessionPlace;
  /** Where the number of connections is limited: gives what gives the place back, or nothing when all are taken. */
  readonly takePlace?: () => (() => void) | undefined;
}

export interface SessionPlace {
  readonly last: () => Uint8Array | undefined;
  readonly keep: (session: Uint8Array) => void;
}

/** The runtime's sockets take a session before the handshake, and tell of new ones (`session`); its types don't say so. */
interface Resuming {
  setSession(session: Uint8Array): void;
}

function canResume(socket: object): socket is Resuming {
  return "setSession" in socket;
}

/** The runtime has this one; its types don't say so. */
interface Upgrading {
  upgradeTLS(options: {
    readonly data: Connecting;
    readonly tls: Bun.TLSOptions;
    readonly socket: Bun.SocketHandler<Connecting>;
  }): readonly [unknown, unknown];
}

/** Why a connection failed: the server was there, TLS was not. */
export const NO_HANDSHAKE = "handshake";
/** There are as many connections with TLS as there may be. */
const NO_PLACE = "maxsslconn";
const unlimited = (): void => undefined;

function canUpgrade(socket: object): socket is Upgrading {
  return "upgradeTLS" in socket;
}

function asPeerSocket(socket: unknown): Socket<Peer> {
  return socket as Socket<Peer>;
}

function isGivenUp(peer: Connecting): boolean {
  return peer.deadlineMs === Number.NEGATIVE_INFINITY;
}

function takeLastSession(socket: object, tls: ConnectTls): void {
  const last = tls.session?.last();
  if (last !== undefined && canResume(socket)) socket.setSession(last);
}

function tlsHandlers(tls: ConnectTls, release: () => void): Bun.SocketHandler<Connecting> {
  // Per connection: until the handshake is done its end is a failure to connect.
  let isOpen = false;
  // A session that came before the server was accepted.
  let early: Uint8Array | undefined;
  const sessions = {
    session(_socket: unknown, session: Uint8Array) {
      if (isOpen) tls.session?.keep(session);
      else early = session;
    },
  };
  const fail = (socket: Socket<Connecting>): void => {
    const peer = socket.data;
    release();
    if (peer.socket === undefined) return;
    peer.detach();
    socket.terminate();
    peer.onFailed(NO_HANDSHAKE);
  };
  return {
    ...(tls.session === undefined ? {} : sessions),
    open(socket) {
      if (isGivenUp(socket.data)) {
        socket.terminate();
        return;
      }
      socket.data.socket = asPeerSocket(socket);
      takeLastSession(socket, tls);
    },
    handshake(socket, _success, error) {
      const peer = socket.data;
      if (peer.socket === undefined) {
        socket.terminate();
        return;
      }
      if (!tls.accepts(asPeerSocket(socket), error)) {
        fail(socket);
        return;
      }
      isOpen = true;
      if (early !== undefined) tls.session?.keep(early);
      peer.onOpen();
    },
    data(socket, data) {
      socket.data.onData(data);
    },
    drain(socket) {
      if (isOpen) socket.data.flush();
    },
    end(socket) {
      if (isOpen) socket.data.onEnd();
      else fail(socket);
    },
    close(socket) {
      release();
      if (!isOpen) fail(socket);
      else if (socket.data.socket !== undefined) socket.data.onClose();
    },
    error() {
      // `close` follows and says all that matters.
    },
    connectError(socket, error) {
      release();
      socket.data.onFailed("code" in error ? String(error.code) : undefined);
    },
  };
}

/** Starts to connect. `preface` goes before the handshake, in clear: the PROXY protocol. */
export function connectTls(peer: Connecting, to: object, tls: ConnectTls, preface: Uint8Array | undefined): void {
  const release = tls.takePlace === undefined ? unlimited : tls.takePlace();
  if (release === undefined) {
    queueMicrotask(() => peer.onFailed(NO_PLACE));
    return;
  }
  const handlers = tlsHandlers(tls, release);
  const common = { hostname: "", port: 0, ...to, data: peer, allowHalfOpen: true };
  const options =
    preface === undefined
      ? { ...common, tls: tls.options, socket: handlers }
      : { ...common, socket: withPreface(preface, tls.options, handlers, release) };
  // The failure is told by `connectError`; the promise only repeats it.
  Bun.connect<Connecting>(options).catch(() => undefined);
}

function withPreface(
  preface: Uint8Array,
  tls: Bun.TLSOptions,
  handlers: Bun.SocketHandler<Connecting>,
  release: () => void,
): Bun.SocketHandler<Connecting> {
  return {
    open(socket) {
      const raw: object = socket;
      if (isGivenUp(socket.data) || !canUpgrade(raw)) {
        socket.terminate();
        return;
      }
      socket.write(preface);
      raw.upgradeTLS({ data: socket.data, tls, socket: handlers });
    },
    data() {
      // The bytes under TLS.
    },
    close() {
      release();
    },
    connectError(socket) {
      release();
      socket.data.onFailed();
    },
  };
}
