/** A request through a data plane of its own, by the code that carries real ones, up to the point where a server is connected to. */
import type { Socket } from "bun";
import type { RuleTrace } from "../../decide/rules/trace.ts";
import type { CompileEnvironment } from "../../decide/sample-types.ts";
import type { ConnectionFacts } from "../connect.ts";
import { RuleLookups } from "../dns/rule-lookups.ts";
import { ClientConnection } from "../http/client.ts";
import { freePlace } from "../http/dispatch.ts";
import type { Peer } from "../peer.ts";
import { DataPlane, type PlaneOptions } from "../plane.ts";
import type { BackendRuntime, ListenerRuntime, ServerRuntime } from "../runtime.ts";
import { wheel } from "../timer-wheel.ts";

/** Thrown where a connection to the server would be made: nothing is sent to it. */
class Reached extends Error {}

export class ExplainedPlane extends DataPlane {
  /** No name server is asked. */
  override readonly lookups = new RuleLookups(new Map());

  override connectionFacts(): ConnectionFacts {
    throw new Reached("a server was chosen");
  }

  /** Expressions compiled with it tell nobody. */
  plainEnvironment(): CompileEnvironment {
    return super.environmentOf("");
  }

  override logRequest(): void {
    // Nobody was served: no line about it goes to the log.
  }
}

/** The plane for `explain`: rules tell `trace` what they do. */
export function explainedPlane(options: PlaneOptions, trace: RuleTrace): ExplainedPlane {
  // The rules are compiled while the base class is made: what it asks must be there by then.
  class Traced extends ExplainedPlane {
    override environmentOf(proxyName: string): CompileEnvironment {
      return { ...super.environmentOf(proxyName), trace };
    }
  }
  return new Traced(options);
}

export interface RequestFacts {
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** The name that the client asks for in the handshake; plain text without. */
  readonly tlsName: string | undefined;
}

export type Walked =
  /** Rules, or the balancer itself, answered. */
  | { readonly kind: "answered"; readonly text: string; readonly backend: BackendRuntime | undefined }
  | { readonly kind: "tarpit"; readonly status: number; readonly backend: BackendRuntime | undefined }
  /** Closed without an answer. */
  | { readonly kind: "dropped" }
  /** Waits for a place: `server` when only that one will do. */
  | { readonly kind: "queued"; readonly backend: BackendRuntime; readonly server: ServerRuntime | undefined }
  | {
      readonly kind: "forwarded";
      readonly backend: BackendRuntime;
      readonly server: ServerRuntime;
      /** The head as the server gets it. */
      readonly head: string;
      /** A cookie, a stick table or `use-server` chose it, not the algorithm. */
      readonly tied: boolean;
      /** The two letters of a log about the cookie. */
      readonly cookie: string;
      /** What the algorithm hashed. */
      readonly key: number | undefined;
    };

class RecordingSocket {
  written = "";
  ended = false;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;

  constructor(facts: RequestFacts) {
    this.remoteAddress = facts.source;
    this.remotePort = facts.sourcePort;
    this.localAddress = facts.destination;
    this.localPort = facts.destinationPort;
  }
  write(data: Uint8Array | string): number {
    this.written += typeof data === "string" ? data : Buffer.from(data).toString("latin1");
    return data.length;
  }
  end(): void {
    this.ended = true;
  }
  shutdown(): void {
    this.ended = true;
  }
  terminate(): void {
    this.ended = true;
  }
  pause(): void {
    // All of the request is here already.
  }
  resume(): void {
    // As above.
  }
}

/** With what rules ask of a TLS connection: a usual one of today. */
class RecordingTlsSocket extends RecordingSocket {
  readonly alpnProtocol = "http/1.1";
  constructor(
    facts: RequestFacts,
    private readonly name: string,
  ) {
    super(facts);
  }
  getCipher(): { readonly name: string; readonly version: string } {
    return { name: "TLS_AES_128_GCM_SHA256", version: "TLSv1.3" };
  }
  getTLSVersion(): string {
    return "TLSv1.3";
  }
  getServername(): string {
    return this.name;
  }
  isSessionReused(): boolean {
    return false;
  }
  getPeerX509Certificate(): undefined {
    return undefined;
  }
  getX509Certificate(): undefined {
    return undefined;
  }
}

/** What becomes of a request (a whole one, as bytes) on a listener. */
export function walk(plane: ExplainedPlane, listener: ListenerRuntime, request: Buffer, facts: RequestFacts): Walked {
  const socket =
    facts.tlsName === undefined ? new RecordingSocket(facts) : new RecordingTlsSocket(facts, facts.tlsName);
  const client = new ClientConnection(
    plane,
    { ...listener, becomeHttp2: undefined },
    socket as unknown as Socket<Peer>,
  );
  const { rules } = listener.frontend;
  const stream = plane.streamOf(client);
  for (const level of ["connection", "session"] as const) {
    stream.level = level;
    const verdict = level === "connection" ? rules.onConnection(stream) : rules.onSession(stream);
    if (verdict !== undefined && verdict.kind !== "accept") return { kind: "dropped" };
  }
  stream.level = "request";
  try {
    client.onData(request);
  } catch (error) {
    if (!(error instanceof Reached)) throw error;
    const { backend, server } = client;
    if (backend === undefined || server === undefined) throw new Error("a server without a backend");
    // The request itself isn't among the sessions that are there.
    freePlace(client);
    const { cookieState: cookie, key, requestText: head, tied } = client;
    return { kind: "forwarded", backend, server, head, tied, cookie, key };
  } finally {
    // No time limit of a request that isn't there may come to act.
    wheel.remove(client);
    if (client.upstream !== undefined) wheel.remove(client.upstream);
  }
  const { backend } = client;
  if (client.heldReply !== undefined) return { kind: "tarpit", status: client.heldReply.status, backend };
  if (socket.written !== "") return { kind: "answered", text: socket.written, backend };
  if (backend !== undefined && !socket.ended) return { kind: "queued", backend, server: client.server };
  return { kind: "dropped" };
}
