import { createServer, type Server, type Socket } from "node:net";
import { hostname } from "node:os";
import { controlReasons } from "../../model/control-reasons.ts";
import { EXIT } from "../../model/exit-codes.ts";
import { describe, reason } from "../../reason/catalogue.ts";
import { peerCredentials } from "../ffi/socket.ts";
import type { Caller, ControlMethods } from "./methods.ts";
import { MOST_CLIENTS, PROTOCOL_VERSION, refuse, type ControlFailure, type Hello } from "./protocol.ts";
import { Session, type SessionHooks } from "./session.ts";
import { takeSocketPlace, userName, type SocketPlace } from "./socket-file.ts";

export interface ControlServerSpec extends Omit<SessionHooks, "caller" | "methods"> {
  readonly tool: string;
  readonly version: string;
  /** See `controlSocketPath` in shared/model/paths.ts. */
  readonly path: string;
  readonly methods: ControlMethods;
  /** The name that the hello carries; the kernel's host name when absent. */
  readonly host?: string;
}

export interface ControlServer {
  readonly path: string;
  /** How many clients are connected. */
  clients(): number;
  /** Answers nobody any more: closes all connections and removes the socket. */
  close(): void;
}

/** The kernel's word on who connected; a caller that it doesn't know has no rights. */
function callerOf(socket: Socket): Caller {
  // The descriptor of a socket is reachable only here; there is no public name for it.
  const handle: unknown = Reflect.get(socket, "_handle");
  const fd: unknown = typeof handle === "object" && handle !== null ? Reflect.get(handle, "fd") : undefined;
  const known = typeof fd === "number" && fd >= 0 ? peerCredentials(fd) : undefined;
  return known === undefined
    ? { pid: 0, uid: 0xffff_ffff, gid: 0xffff_ffff, user: "unknown" }
    : { ...known, user: userName(known.uid) };
}

function attach(socket: Socket, spec: ControlServerSpec, hello: Hello): Session {
  const link = {
    write: (text: string) => {
      socket.write(text);
    },
    unsent: () => socket.writableLength,
    end: () => {
      socket.end();
    },
    destroy: () => {
      socket.destroy();
    },
  };
  const session = new Session(link, { ...spec, caller: callerOf(socket) });
  socket.on("data", (chunk) => {
    session.receive(typeof chunk === "string" ? Buffer.from(chunk) : chunk);
  });
  socket.on("drain", () => {
    session.drained();
  });
  socket.on("end", () => {
    session.inputEnded();
  });
  // A client that goes in the middle of a line is no error of ours.
  socket.on("error", () => {
    session.close();
  });
  link.write(`${JSON.stringify(hello)}\n`);
  return session;
}

function turnAway(socket: Socket): void {
  const what = `${MOST_CLIENTS} clients are connected`;
  const problem = describe(controlReasons, reason(controlReasons, "CONTROL_BUSY", { what }));
  socket.on("error", () => undefined);
  socket.end(`${JSON.stringify({ id: 0, error: { exit: EXIT.tryLater, problems: [problem] } })}\n`);
}

async function bindTo(server: Server, path: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, () => {
      server.removeListener("error", reject);
      resolve();
    });
  });
}

/** Starts to listen. Refuses when another daemon holds the place or the socket can't be made. */
export async function startControlServer(
  spec: ControlServerSpec,
): Promise<{ readonly ok: true; readonly server: ControlServer } | ControlFailure> {
  const taken = takeSocketPlace(spec.tool, spec.path);
  if (!taken.ok) return taken;
  const place = taken.place;
  const clients = new Set<Socket>();
  const hello: Hello = {
    v: PROTOCOL_VERSION,
    tool: spec.tool,
    version: spec.version,
    host: spec.host ?? hostname(),
    pid: process.pid,
    methods: Object.keys(spec.methods),
  };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    if (clients.size >= MOST_CLIENTS) {
      turnAway(socket);
      return;
    }
    clients.add(socket);
    const session = attach(socket, spec, hello);
    socket.on("close", () => {
      clients.delete(socket);
      session.close();
    });
  });
  try {
    await bindTo(server, place.temporaryPath);
    place.publish();
  } catch (error) {
    server.close();
    place.release();
    const detail = error instanceof Error ? error.message : String(error);
    return refuse(EXIT.error, [
      describe(controlReasons, reason(controlReasons, "CONTROL_SOCKET", { path: spec.path, detail })),
    ]);
  }
  return { ok: true, server: handleOf(server, place, clients) };
}

function handleOf(server: Server, place: SocketPlace, clients: Set<Socket>): ControlServer {
  return {
    path: place.path,
    clients: () => clients.size,
    close() {
      // The path goes first, so that nobody connects to a daemon that is leaving.
      place.release();
      server.close();
      for (const socket of clients) socket.destroy();
    },
  };
}
