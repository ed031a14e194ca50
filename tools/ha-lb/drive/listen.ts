/** Listening sockets of the `bind` lines, and the connections that come in on them. */
import type { Socket, SocketHandler, TCPSocketListener, UnixSocketListener } from "bun";
import { close, duplicate } from "../../../shared/drive/ffi/fd.ts";
import type { Bind } from "../model/bind.ts";
import { becomeHttp2 } from "./h2/connection.ts";
import { ClientConnection } from "./http/client.ts";
import { keyOf, restoreQueue, type SocketSource } from "./listening-sockets.ts";
import { Preface } from "./preface.ts";
import type { Peer } from "./peer.ts";
import type { DataPlane } from "./plane.ts";
import type { FrontendRuntime, ListenerRuntime } from "./runtime.ts";
import { TcpSession } from "./tcp/session.ts";
import { nowMs } from "./timer-wheel.ts";
import { CertificateChoice } from "./certificate-choice.ts";
import { addCertificates, bindTlsContexts } from "./tls.ts";
import { tlsPlaces } from "./tls-places.ts";
import { clientVerifier } from "./tls-verify.ts";

export interface OpenListener {
  /** The listening socket; it belongs to who gave it. */
  readonly fd: number;
  readonly bind: Bind;
  readonly stop: () => void;
  /** The same socket brings its connections to another data plane from now on. */
  readonly serve: (plane: DataPlane, runtime: ListenerRuntime) => void;
}

/** A socket that could not be opened, in words. */
export interface ListenFailure {
  readonly bind: Bind;
  readonly detail: string;
}

/** A client came: it waits where a limit is reached. One that came just before the listener stopped is served. */
function accept(to: Destination, socket: Socket<Peer>): void {
  const { plane, runtime } = to;
  const { frontend } = runtime;
  // Who came before goes first.
  if (!plane.entryHall.hasTurns(frontend) && plane.tryEnter(frontend)) enter(plane, runtime, socket);
  else plane.entryHall.wait(frontend, socket, (waiting) => enter(plane, runtime, waiting));
}

/** Takes a client's connection in; its place is taken. */
function enter(plane: DataPlane, runtime: ListenerRuntime, socket: Socket<Peer>): void {
  const { frontend } = runtime;
  const { counters } = frontend;
  const now = nowMs();
  counters.connections += 1;
  counters.connectionRate.add(now);
  if (plane.hasRates) {
    plane.connectionRate.add(now);
    if (runtime.bind.tls !== undefined) plane.tlsRate.add(now);
  }
  plane.totalConnections += 1;
  if (!runtime.bind.acceptProxy) {
    const peer = newPeer(plane, runtime, socket);
    if (passes(peer, "connection")) begin(peer);
    return;
  }
  // Rules of the connection see who brings the header, not whom it names.
  const known = frontend.rules.hasConnectionRules ? newPeer(plane, runtime, socket) : undefined;
  if (known !== undefined && !passes(known, "connection")) return;
  socket.data = new Preface(plane, runtime, socket, {
    begin: (header) => {
      const peer = known ?? newPeer(plane, runtime, socket);
      // A header of the kind "local" or "unknown" says nothing of a client.
      if (header.source !== undefined) peer.takeProxyHeader(header);
      return begin(peer) ? peer : undefined;
    },
    isGone: () => known?.endSession(),
  });
}

type Entering = ClientConnection | TcpSession;

function newPeer(plane: DataPlane, runtime: ListenerRuntime, socket: Socket<Peer>): Entering {
  return runtime.frontend.proxy.mode === "tcp"
    ? new TcpSession(plane, runtime, socket)
    : new ClientConnection(plane, runtime, socket);
}

/** Rules about the connection, or about the session on it. A client that they refuse is closed without an answer. */
function passes(peer: Entering, level: "connection" | "session"): boolean {
  const { frontend } = peer;
  const { counters, rules } = frontend;
  if (!(level === "connection" ? rules.hasConnectionRules : rules.hasSessionRules)) return true;
  const stream = peer.rulesView();
  stream.level = level;
  const verdict = level === "connection" ? rules.onConnection(stream) : rules.onSession(stream);
  stream.level = "request";
  if (verdict === undefined || verdict.kind === "accept") return true;
  counters[level === "connection" ? "deniedConnections" : "deniedSessions"] += 1;
  if (level === "session" && peer.listener.bind.acceptProxy) peer.plane.logRefused(peer);
  peer.endSession();
  peer.abort();
  peer.plane.leave(frontend);
  return false;
}

/** The connection speaks its protocol from here on. @returns whether rules let it */
function begin(peer: Entering): boolean {
  const { socket } = peer;
  if (!passes(peer, "session") || socket === undefined) return false;
  socket.data = peer;
  peer.session?.begin(peer.plane.tables);
  const { counters } = peer.frontend;
  counters.sessions += 1;
  counters.rate.add(nowMs());
  if (peer.frontend.active > counters.highestActive) counters.highestActive = peer.frontend.active;
  if (peer instanceof TcpSession) {
    peer.plane.sessions.add(peer);
    peer.start();
    return true;
  }
  peer.plane.clients.add(peer);
  const { timeouts } = peer.frontend.proxy;
  peer.setDeadline(timeouts.httpRequest ?? timeouts.client);
  return true;
}

interface Destination {
  plane: DataPlane;
  runtime: ListenerRuntime;
}

function handlersOf(to: Destination): SocketHandler<Peer> {
  return {
    open(socket) {
      accept(to, socket);
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

/** One socket of one `bind`, with all that can go wrong done. */
interface Planned {
  readonly runtime: ListenerRuntime;
  readonly fd: number;
  /** Of binds with TLS. */
  readonly certificates: CertificateChoice | undefined;
}

function openOne(plane: DataPlane, { runtime, fd, certificates }: Planned): OpenListener {
  const to: Destination = { plane, runtime };
  const listener = listenAt(to, fd, certificates);
  restoreQueue(fd, runtime.bind);
  return {
    fd,
    bind: runtime.bind,
    stop: () => {
      listener.stop(false);
    },
    serve: (nextPlane, nextRuntime) => {
      to.plane = nextPlane;
      to.runtime = nextRuntime;
    },
  };
}

function listenAt(to: Destination, fd: number, certificates: CertificateChoice | undefined): AnyListener {
  if (certificates === undefined) return listenWith(fd, { socket: handlersOf(to) });
  const { tls } = to.runtime.bind;
  const verifies = tls === undefined ? undefined : clientVerifier(tls, certificates);
  const listener = listenWith(fd, {
    socket: { ...counting(handlersOf(to)), ...(verifies === undefined ? {} : { handshake: verifying(verifies) }) },
    tls: certificates.standard,
  });
  addCertificates(listener, certificates);
  return listener;
}

/** Each connection takes a place; who comes when there is none is turned away. */
function counting(handlers: SocketHandler<Peer>): SocketHandler<Peer> {
  const places = new WeakMap<object, () => void>();
  return {
    ...handlers,
    open(socket) {
      const release = tlsPlaces.take();
      if (release === undefined) {
        socket.terminate();
        return;
      }
      places.set(socket, release);
      void handlers.open?.(socket);
    },
    close(socket) {
      places.get(socket)?.();
      void handlers.close?.(socket);
    },
  };
}

/** Who isn't accepted when the handshake is done is not served. */
function verifying(
  accepts: NonNullable<ReturnType<typeof clientVerifier>>,
): NonNullable<SocketHandler<Peer>["handshake"]> {
  return (socket, _success, error) => {
    if (!accepts(socket, error)) socket.terminate();
  };
}

/** The runtime closes what it listens on when it stops: it gets a descriptor of its own. */
function listenWith(fd: number, how: object): AnyListener {
  const own = duplicate(fd);
  try {
    return listenOn({ allowHalfOpen: true, ...how, fd: own });
  } catch (error) {
    close(own);
    throw error;
  }
}

/** Everything that a configuration needs to listen, or what can't be had of it. Nothing has changed until `openPlanned`. */
export interface ListenerPlan {
  readonly planned: readonly Planned[];
  readonly failures: readonly ListenFailure[];
  /** Names of the sockets in use. */
  readonly keys: ReadonlySet<string>;
}

export function planListeners(plane: DataPlane, sockets: SocketSource): ListenerPlan {
  const planned: Planned[] = [];
  const failures: ListenFailure[] = [];
  const keys = new Set<string>();
  for (const frontend of plane.frontends) {
    if (frontend.proxy.disabled || frontend.listening !== "open") continue;
    let id = 0;
    for (const bind of frontend.proxy.binds) {
      id += 1;
      const runtime: ListenerRuntime = { bind, id: bind.id ?? id, frontend, becomeHttp2: http2Of(bind, frontend) };
      try {
        const certificates = bind.tls === undefined ? undefined : new CertificateChoice(bindTlsContexts(bind.tls));
        for (const port of portsOf(bind)) {
          for (const fd of sockets.take(bind, port)) planned.push({ runtime, fd, certificates });
          keys.add(keyOf(bind, port));
        }
      } catch (error) {
        failures.push({ bind, detail: error instanceof Error ? error.message : String(error) });
      }
    }
  }
  return { planned, failures, keys };
}

/**
 * Listens as planned. Sockets that were listened on `before` go on with their waiting connections: without TLS by the
 * same listener, with TLS by a new one that has the certificates as they are now. When that fails nothing has changed.
 * Throws.
 */
export function openPlanned(
  plane: DataPlane,
  { planned }: ListenerPlan,
  before: readonly OpenListener[] = [],
): readonly OpenListener[] {
  const keptFor = (plan: Planned): OpenListener | undefined =>
    plan.certificates === undefined
      ? before.find((one) => one.fd === plan.fd && one.bind.tls === undefined)
      : undefined;
  const opened = new Map<Planned, OpenListener>();
  try {
    for (const plan of planned) if (keptFor(plan) === undefined) opened.set(plan, openOne(plane, plan));
  } catch (error) {
    for (const one of opened.values()) one.stop();
    throw error;
  }
  const open = planned.flatMap((plan) => {
    const one = opened.get(plan) ?? keptFor(plan);
    if (one !== undefined && !opened.has(plan)) one.serve(plane, plan.runtime);
    return one === undefined ? [] : [one];
  });
  for (const old of before) if (!open.includes(old)) old.stop();
  tlsPlaces.most = plane.configuration.global.maxTlsConnections ?? Number.POSITIVE_INFINITY;
  return open;
}

/** Without TLS both protocols are understood unless one is named; with TLS what ALPN may agree on. */
function http2Of(bind: Bind, { proxy }: FrontendRuntime): ListenerRuntime["becomeHttp2"] {
  if (bind.protocol === "h1" || bind.protocol === "none") return undefined;
  const agreed = bind.protocol === "h2" || (bind.tls?.alpn.includes("h2") ?? false);
  const spoken = agreed || (bind.tls === undefined && !proxy.flags.has("disable-h2-upgrade"));
  return spoken ? becomeHttp2 : undefined;
}

function portsOf(bind: Bind): readonly number[] {
  const { address } = bind;
  if (address.kind !== "ip") return [0];
  const last = Math.max(address.port, address.portEnd);
  return Array.from({ length: last - address.port + 1 }, (_, index) => address.port + index);
}
