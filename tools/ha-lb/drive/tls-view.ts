/** What a TLS connection tells about itself, on both sides. */
import { createHash, type X509Certificate } from "node:crypto";
import { readCertificate } from "../decide/tls/certificate.ts";
import { chainOfSession } from "../decide/tls/session.ts";
import type { CertificateView, TlsView } from "../model/sample-context.ts";

/** What the runtime's TLS sockets can tell; its types say it only in part. */
export interface TlsSocket {
  readonly alpnProtocol: string | false | null;
  getCipher(): { readonly name: string; readonly version: string } | undefined;
  getTLSVersion(): string;
  getServername(): string | undefined;
  isSessionReused(): boolean;
  getPeerX509Certificate(): X509Certificate | undefined;
  getX509Certificate(): X509Certificate | undefined;
  /** The session, also before its tickets came. */
  getSession(): Uint8Array | undefined;
}

export function isTls(socket: object): socket is TlsSocket {
  return "getCipher" in socket && "getTLSVersion" in socket;
}

/** What the handshake found wrong with the other side's certificate, as numbers of the TLS library. */
const verifyResults = new WeakMap<object, number>();
const certificates = new WeakMap<object, Map<string, CertificateView | undefined>>();

export function noteVerifyResult(socket: object, number: number): void {
  if (number !== 0) verifyResults.set(socket, number);
}

/** A stream of HTTP/2 stands for the socket that carries it. */
function carrierOf(socket: object): object {
  return "carrier" in socket && typeof socket.carrier === "object" && socket.carrier !== null ? socket.carrier : socket;
}

/** Reads a certificate once per connection. */
function certificateOf(socket: TlsSocket, which: "own" | "client" | "server"): CertificateView | undefined {
  let known = certificates.get(socket);
  if (known === undefined) {
    known = new Map();
    certificates.set(socket, known);
  }
  if (!known.has(which)) {
    const found = which === "own" ? socket.getX509Certificate() : socket.getPeerX509Certificate();
    known.set(which, found === undefined ? undefined : viewOf(found, socket, which));
  }
  return known.get(which);
}

/** The session keeps what came with the other side's certificate, which the runtime doesn't tell. */
function viewOf({ raw }: X509Certificate, socket: TlsSocket, which: "own" | "client" | "server"): CertificateView {
  const session = which === "own" ? undefined : socket.getSession();
  const above = session === undefined ? "" : chainOfSession(session);
  return readCertificate(raw, {
    sha1: createHash("sha1").update(raw).digest().toString("latin1"),
    // A client's chain is told without its own certificate, as with haproxy.
    chainDer: which === "client" ? above : raw.toString("latin1") + above,
  });
}

/** Bits of the symmetric key, from the cipher's name. */
function keyBitsOf(cipher: string): number {
  if (cipher.includes("CHACHA20") || /AES_?256/.test(cipher)) return 256;
  return cipher.includes("3DES") || cipher.includes("DES-CBC3") ? 168 : 128;
}

/** A view of the session on `socket`; `isServer`: this end was the one that connected. */
export function tlsViewOf(given: object | undefined, connected = false): TlsView | undefined {
  if (given === undefined) return undefined;
  const socket = carrierOf(given);
  if (!isTls(socket)) return undefined;
  return new SocketTls(socket, connected);
}

/** Every question goes to the socket: most requests ask one or two. */
class SocketTls implements TlsView {
  readonly sessionId = "";
  readonly earlyData = false;

  constructor(
    private readonly socket: TlsSocket,
    private readonly connected: boolean,
  ) {}
  get protocol(): string {
    return this.socket.getTLSVersion();
  }
  get cipher(): string {
    return this.socket.getCipher()?.name ?? "";
  }
  get alpn(): string {
    return typeof this.socket.alpnProtocol === "string" ? this.socket.alpnProtocol : "";
  }
  get serverName(): string | undefined {
    return this.socket.getServername();
  }
  get resumed(): boolean {
    return this.socket.isSessionReused();
  }
  get keyBits(): number {
    return keyBitsOf(this.cipher);
  }
  get clientCertificateUsed(): boolean {
    return this.certificate("client") !== undefined;
  }
  get verifyResult(): number {
    return verifyResults.get(this.socket) ?? 0;
  }
  certificate(which: "client" | "frontend" | "server"): CertificateView | undefined {
    const isOwn = this.connected ? which === "client" : which === "frontend";
    return certificateOf(this.socket, isOwn ? "own" : this.connected ? "server" : "client");
  }
}
