import type { Socket } from "bun";
import type { Peer } from "../peer.ts";

/** What a stream's end does with what is written to it. */
export interface StreamSink {
  /** @returns how many bytes were taken */
  write(bytes: Buffer): number;
  /** Nothing more is written. */
  end(): void;
  abort(): void;
  pause(): void;
  resume(): void;
}

/** Asked of the connection once: the runtime makes new texts every time. */
export interface Addresses {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;
}

/** A stream in the place of a client's socket: the part of a socket's interface that a peer uses. */
export class StreamSocket implements Addresses {
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly localAddress: string;
  readonly localPort: number;

  constructor(
    private readonly sink: StreamSink,
    own: Addresses,
  ) {
    this.remoteAddress = own.remoteAddress;
    this.remotePort = own.remotePort;
    this.localAddress = own.localAddress;
    this.localPort = own.localPort;
  }

  write(data: Uint8Array | string): number {
    return this.sink.write(typeof data === "string" ? Buffer.from(data, "latin1") : asBuffer(data));
  }
  end(): void {
    this.sink.end();
  }
  shutdown(): void {
    this.sink.end();
  }
  terminate(): void {
    this.sink.abort();
  }
  pause(): void {
    this.sink.pause();
  }
  resume(): void {
    this.sink.resume();
  }
}

/** As above, with what the connection's TLS tells. */
export class TlsStreamSocket extends StreamSocket {
  constructor(
    sink: StreamSink,
    own: Addresses,
    /** What is asked about TLS is asked of this one. */
    readonly carrier: object,
  ) {
    super(sink, own);
  }
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function addressesOf(connection: Socket<Peer>): Addresses {
  return {
    remoteAddress: connection.remoteAddress,
    remotePort: connection.remotePort,
    localAddress: connection.localAddress,
    localPort: connection.localPort,
  };
}

/** A stand-in that a peer takes for the socket of `connection`; it has all of it that peers use. */
export function streamSocket(
  sink: StreamSink,
  connection: Socket<Peer>,
  own: Addresses,
  encrypted: boolean,
): Socket<Peer> {
  const raw: object = connection;
  const made = encrypted ? new TlsStreamSocket(sink, own, raw) : new StreamSocket(sink, own);
  return made as unknown as Socket<Peer>;
}
