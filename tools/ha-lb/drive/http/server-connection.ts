import { Head } from "../../decide/http/head.ts";
import type { ChunkReader } from "../../decide/http/chunked.ts";
import { Peer } from "../peer.ts";
import type { Idle, ServerRuntime } from "../runtime.ts";
import { nowMs, wheel } from "../timer-wheel.ts";
import type { ClientConnection } from "./client.ts";
import type { Encoder } from "./encoder.ts";
import { onConnected, onConnectFailed } from "./dispatch.ts";
import type { HeldAnswer } from "./response-rules.ts";
import { onServerDeadline, onServerInput, onServerLost, resumeClient } from "./response.ts";

/** A connection to a server: being made, serving one client's request, or idle in the pool. */
export class ServerConnection extends Peer implements Idle {
  connected = false;
  /** What `sni` gave when it was made. */
  serverName: string | undefined;
  client: ClientConnection | undefined;
  /** The part of a response's head that has come. */
  input: Buffer | undefined;
  readonly head = new Head();
  /** Final response head was read. */
  inBody = false;
  bodyLeft = 0;
  chunks: ChunkReader | undefined;
  /** Requests sent on it. */
  requests = 0;
  keepAlive = false;
  tunnel = false;
  /** The chunked coding is taken off for a client of HTTP/1.0. */
  decoding = false;
  /** A rule made another method of the client's HEAD: the body that comes is read and goes nowhere. */
  mutesBody = false;
  /** The body goes on in a coding of its own. */
  encoder: Encoder | undefined;
  /** Bytes of the answer came. */
  answered = false;

  /** Rules look at the answer, and `goOn` when what they wait for is here. */
  held: HeldAnswer | undefined;
  goOn: (() => void) | undefined;

  /** It was made with TLS; the server may be spoken to without it by now, and the other way round. */
  readonly encrypted: boolean;

  constructor(readonly server: ServerRuntime) {
    super();
    this.encrypted = server.usesTls;
  }

  setDeadline(inMs: number | undefined): void {
    if (inMs === undefined) this.deadlineMs = Number.POSITIVE_INFINITY;
    else wheel.set(this, nowMs() + inMs);
  }

  onOpen(): void {
    this.connected = true;
    onConnected(this);
  }

  onFailed(): void {
    this.detach();
    onConnectFailed(this);
  }

  override onData(data: Buffer): void {
    onServerInput(this, data);
  }

  override onEnd(): void {
    onServerLost(this, true);
  }

  override onClose(): void {
    this.detach();
    onServerLost(this, false);
  }

  override onDrained(): void {
    resumeClient(this);
  }

  override onDeadline(): void {
    if (!this.connected) {
      this.abort();
      onConnectFailed(this);
    } else onServerDeadline(this);
  }

  onEvicted(): void {
    this.close();
  }

  /** Ready for another request. */
  resetResponse(): void {
    this.input = undefined;
    this.inBody = false;
    this.answered = false;
    this.decoding = false;
    this.encoder = undefined;
    this.held = undefined;
    this.goOn = undefined;
    this.chunks = undefined;
  }
}
