/** Listening sockets of the `bind` lines, and the connections that come in on them. */
import type { Socket, SocketHandler, TCPSocketListener, UnixSocketListener } from "bun";
import { rmSync } from "node:fs";
import type { ProxyHeader } from "../decide/proxy-protocol.ts";
import type { Bind } from "../model/bind.ts";
import { becomeHttp2 } from "./h2/connection.ts";
import { ClientConnection } from "./http/client.ts";
import { Preface } from "./preface.ts";
import type { Peer } from "./peer.ts";
import type { DataPlane } from "./plane.ts";
import type { FrontendRuntime, ListenerRuntime } from "./runtime.ts";
import { TcpSession } from "./tcp/session.ts";
import { nowMs } from "./timer-wheel.ts";
import { addCertificates, bindTlsContexts, isNamed, tlsViewOf } from "./tls.ts";

export interface OpenListener {
  readonly key: string;
  readonly stop: () => void;
  /** The same socket brings its connections to another data plane from now on. */
  readonly serve: (plane: DataPlane, runtime: ListenerRuntime) => void;
}

/** A socket that could not be opened, in words. */
export interface ListenFailure {
  readonly bind: Bind;
  readonly detail: string;
}

/** Takes a client's connection in: counts it, and refuses it where limits or rules say so. */
function accept(plane: DataPlane, runtime: ListenerRuntime, socket: Socket<Peer>): void {
  const { frontend } = runtime;
  const { proxy, counters } = frontend;
  const most = frontend.mostConnections;
  const mostOfAll = plane.mostConnections;
  const now = nowMs();
  counters.connections += 1;
  counters.rate.add(now);
  const overRate = proxy.sessionRateLimit !== undefined && counters.rate.perSecond(now) > proxy.sessionRateLimit;
  if (frontend.active >= most || plane.activeConnections >= mostOfAll || overRate || plane.stopping) {
    socket.terminate();
    return;
  }
  frontend.active += 1;
  plane.activeConnections += 1;
  plane.totalConnections += 1;
  counters.sessions += 1;
  if (frontend.active > counters.highestActive) counters.highestActive = frontend.active;
  if (runtime.bind.acceptProxy) socket.data = new Preface(plane, runtime, socket, begin);
  else begin(plane, runtime, socket);
}

/** The connection speaks its protocol from here on. */
function begin(plane: DataPlane, runtime: ListenerRuntime, socket: Socket<Peer>, header?: ProxyHeader): Peer {
  // A header of the kind "local" or "unknown" says nothing of a client.
  const told = header?.source === undefined ? undefined : header;
  if (runtime.frontend.proxy.mode === "tcp") {
    const session = new TcpSession(plane, runtime, socket, told);
    socket.data = session;
    session.start();
    return session;
  }
  const client = new ClientConnection(plane, runtime, socket);
  if (told?.source !== undefined) {
    client.proxyHeader = told;
    client.sourceAddress = told.source;
    client.sourcePort = told.sourcePort;
  }
  socket.data = client;
  plane.clients.add(client);
  if (runtime.frontend.rules.hasConnectionRules) {
    const verdict = runtime.frontend.rules.onConnection(plane.streamOf(client));
    if (verdict !== undefined && verdict.kind !== "accept") {
      runtime.frontend.counters.deniedRequests += 1;
      client.abort();
      return client;
    }
  }
  const { timeouts } = runtime.frontend.proxy;
  client.setDeadline(timeouts.httpRequest ?? timeouts.client);
  return client;
}

interface Destination {
  plane: DataPlane;
  runtime: ListenerRuntime;
}

function handlersOf(to: Destination): SocketHandler<Peer> {
  return {
    open(socket) {
      accept(to.plane, to.runtime, socket);
    },
    data(socket, data) {
      // A refused connection has no peer.
      (socket.data as Peer | undefined)?.onData(data);
    },
    drain(socket) {
      (socket.data as Peer | undefined)?.flush();
    },
    end(socket) {
      (socket.data as Peer | undefined)?.onEnd();
    },
    close(socket) {
      (socket.data as Peer | undefined)?.onClose();
    },
    error() {
      // `close` follows and says all that matters.
    },
  };
}

/** The form with `fd` works, but the runtime's types leave it out; the one cast for it is here. */
type AnyListener = TCPSocketListener<Peer> | UnixSocketListener<Peer>;
const listenOn = Bun.listen as unknown as (options: object) => AnyListener;

/** Where a wildcard address listens. */
const hostOf = (bind: Bind): string => {
  const { address } = bind;
  if (address.kind !== "ip") throw new Error(`a listener on ${address.kind}`);
  if (address.host === "" || address.host === "*") return "0.0.0.0";
  return address.host;
};

function openOne(plane: DataPlane, runtime: ListenerRuntime, shared: boolean, port: number): OpenListener {
  const to: Destination = { plane, runtime };
  const listener = listenAt(to, shared, port);
  return {
    key: listenerKey(runtime.bind, port),
    stop: () => {
      listener.stop(false);
    },
    serve: (nextPlane, nextRuntime) => {
      to.plane = nextPlane;
      to.runtime = nextRuntime;
    },
  };
}

function listenAt(to: Destination, shared: boolean, port: number): AnyListener {
  const { bind } = to.runtime;
  if (bind.tls === undefined) return listenWith(to, shared, port, { socket: handlersOf(to) });
  const contexts = bindTlsContexts(bind.tls);
  const [first] = contexts;
  if (first === undefined) throw new Error("no certificate was found");
  const names = new Set(contexts.flatMap((context) => context.names.map((name) => name.toLowerCase())));
  const strict = bind.tls.strictSni ? { handshake: strictly(names) } : {};
  const listener = listenWith(to, shared, port, { socket: { ...handlersOf(to), ...strict }, tls: first.options });
  addCertificates(listener, contexts);
  return listener;
}

/** `strict-sni`: who asks for no name, or for one without a certificate, is not served. */
function strictly(names: ReadonlySet<string>): NonNullable<SocketHandler<Peer>["handshake"]> {
  return (socket) => {
    if (!isNamed(names, tlsViewOf(socket)?.serverName)) socket.terminate();
  };
}

function listenWith(to: Destination, shared: boolean, port: number, how: object): AnyListener {
  const { bind } = to.runtime;
  const common = { allowHalfOpen: true, ...how };
  const { address } = bind;
  switch (address.kind) {
    case "unix":
      if (!address.abstract) rmSync(address.path, { force: true });
      return listenOn({ ...common, unix: address.abstract ? `\0${address.path}` : address.path });
    case "descriptor":
      return listenOn({ ...common, fd: address.descriptor });
    case "ip": {
      const only = address.family === 6 ? { ipv6Only: !bind.v4v6 } : {};
      return listenOn({ ...common, hostname: hostOf(bind), port, reusePort: shared, ...only });
    }
    case "name":
      throw new Error("a name can't be listened on");
  }
}

/** Opens all sockets of the configuration; what fails is told, and what was opened stays for the caller to close. */
export function openListeners(
  plane: DataPlane,
  shared: boolean,
  before: readonly OpenListener[] = [],
): { readonly open: readonly OpenListener[]; readonly failures: readonly ListenFailure[] } {
  const open: OpenListener[] = [];
  const failures: ListenFailure[] = [];
  for (const frontend of plane.frontends) {
    if (frontend.proxy.disabled) continue;
    let id = 0;
    for (const bind of frontend.proxy.binds) {
      id += 1;
      for (const port of portsOf(bind)) {
        try {
          const runtime: ListenerRuntime = { bind, id: bind.id ?? id, frontend, becomeHttp2: http2Of(bind, frontend) };
          const key = listenerKey(bind, port);
          const kept = before.find((one) => one.key === key);
          if (kept !== undefined && bind.tls === undefined) {
            kept.serve(plane, runtime);
            open.push(kept);
          } else {
            kept?.stop();
            open.push(openOne(plane, runtime, shared, port));
          }
        } catch (error) {
          failures.push({ bind, detail: error instanceof Error ? error.message : String(error) });
        }
      }
    }
  }
  for (const old of before) if (!open.includes(old)) old.stop();
  return { open, failures };
}

/** Without TLS both protocols are understood unless one is named; with TLS what ALPN may agree on. */
function http2Of(bind: Bind, { proxy }: FrontendRuntime): ListenerRuntime["becomeHttp2"] {
  if (bind.protocol === "h1" || bind.protocol === "none") return undefined;
  const agreed = bind.protocol === "h2" || (bind.tls?.alpn.includes("h2") ?? false);
  const spoken = agreed || (bind.tls === undefined && !proxy.flags.has("disable-h2-upgrade"));
  return spoken ? becomeHttp2 : undefined;
}

/** Sockets with the same key may go over to a new configuration. */
function listenerKey(bind: Bind, port: number): string {
  return `${bind.address.kind === "ip" ? bind.address.host : bind.text}:${port}`;
}

function portsOf(bind: Bind): readonly number[] {
  const { address } = bind;
  if (address.kind !== "ip") return [0];
  const last = Math.max(address.port, address.portEnd);
  return Array.from({ length: last - address.port + 1 }, (_, index) => address.port + index);
}
