import type { IpAddress } from "./ip.ts";
import type { VariableScope } from "./sample.ts";
import type { SampleValue } from "./value.ts";

/**
 * What expressions, conditions and log lines may ask about the stream at hand. The data plane implements it;
 * everything is a plain read, so compiled closures stay cheap. Texts are byte strings (see `SampleValue`).
 */
export interface SampleContext {
  /** Wall clock, ms since 1970, and the same in µs when known. */
  readonly nowMs: number;
  readonly client: ClientView;
  /** Absent before a request was parsed, and in mode tcp. */
  readonly request: RequestView | undefined;
  /** Absent until the response's head was parsed. */
  readonly response: ResponseView | undefined;
  /** The connection to the server, once there is one. */
  readonly server: ServerView | undefined;
  readonly frontend: ProxyView;
  /** Absent until a backend was chosen. */
  readonly backend: ProxyView | undefined;
  readonly variables: VariableStore;
  readonly world: WorldView;
  readonly tables: TableStore;
  /** The stick-table entries this stream tracks, by slot; absent where nothing is tracked. */
  tracked(slot: number): TrackedEntry | undefined;
  /** Bytes received and not yet forwarded, for layer 6 fetches (`req.payload`, `req.ssl_sni`); byte string. */
  requestBuffer(): string;
  responseBuffer(): string;
  /** No more data will come before the decision (`wait_end`). */
  readonly inspectionEnded: boolean;
  /** 0 ≤ value < 1. */
  random(): number;
  captured(side: "request" | "response", slot: number): string | undefined;
  /** Fills a declared capture slot: the converters `capture-req` and `capture-res`. */
  storeCapture?(side: "request" | "response", slot: number, text: string): void;
  /** Where the last final rule stood. */
  readonly lastRule: { readonly file: string; readonly line: number } | undefined;
  uniqueId(): string | undefined;
  /** What only log lines need. */
  readonly log: LogView;
}

export interface ClientView {
  /** After `set-src` and the PROXY protocol. */
  readonly source: IpAddress | undefined;
  readonly sourcePort: number;
  readonly destination: IpAddress | undefined;
  readonly destinationPort: number;
  /** Of the connection itself (`fc_src`, `fc_dst`). */
  readonly connectionSource: IpAddress | undefined;
  readonly connectionSourcePort: number;
  readonly connectionDestination: IpAddress | undefined;
  readonly connectionDestinationPort: number;
  readonly receivedProxyHeader: boolean;
  readonly proxyAuthority: string | undefined;
  readonly proxyUniqueId: string | undefined;
  readonly httpMajor: number;
  readonly tls: TlsView | undefined;
  readonly listenerId: number;
  readonly listenerName: string;
  readonly listenerConnections: number;
  /** `tcp_info` in µs or counts: rtt, rttvar, unacked, sacked, retrans, fackets, lost, reordering. */
  tcpInfo(name: string): number | undefined;
}

export interface TlsView {
  readonly protocol: string;
  readonly cipher: string;
  readonly alpn: string;
  readonly serverName: string | undefined;
  readonly resumed: boolean;
  readonly keyBits: number;
  readonly sessionId: string;
  readonly earlyData: boolean;
  /** The client presented a certificate in this session. */
  readonly clientCertificateUsed: boolean;
  /** OpenSSL's verify result, 0 when good. */
  readonly verifyResult: number;
  /** `client`: ssl_c_*, `frontend`: ssl_f_*, `server`: ssl_s_*. */
  certificate(which: "client" | "frontend" | "server"): CertificateView | undefined;
}

export interface CertificateView {
  readonly subject: readonly (readonly [string, string])[];
  readonly issuer: readonly (readonly [string, string])[];
  readonly serial: string;
  readonly sha1: string;
  readonly der: string;
  readonly chainDer: string;
  /** YYMMDDhhmmssZ */
  readonly notBefore: string;
  readonly notAfter: string;
  readonly keyAlgorithm: string;
  readonly signatureAlgorithm: string;
  readonly version: number;
}

/** Headers by lower-case name. */
export interface HeaderView {
  /** The values of all lines of that name, whole, in order; empty when there is none. */
  all(lowerName: string): readonly string[];
  /** Every line as received: name, value. */
  entries(): Iterable<readonly [string, string]>;
}

export interface RequestView {
  readonly method: string;
  /** The request target as received (or as rewritten): `/path?query`, `http://host/path`, `*`. */
  readonly uri: string;
  /** `1.0`, `1.1`, `2.0` */
  readonly version: string;
  readonly headers: HeaderView;
  /** What has been buffered of the body. */
  body(): string;
  /** Announced length when known, else what has been received. */
  bodySize(): number;
  readonly first: boolean;
}

export interface ResponseView {
  readonly status: number;
  readonly version: string;
  readonly headers: HeaderView;
  body(): string;
  bodySize(): number;
}

export interface ServerView {
  readonly name: string;
  readonly id: number;
  readonly address: IpAddress | undefined;
  readonly port: number;
  /** Own end of the connection. */
  readonly localAddress: IpAddress | undefined;
  readonly localPort: number;
  readonly httpMajor: number;
  readonly tls: TlsView | undefined;
}

export interface ProxyView {
  readonly name: string;
  readonly id: number;
  readonly defaultBackend: string;
  /** Timeouts as `be_server_timeout`, `cur_tunnel_timeout`, … report them: ms. */
  timeoutMs(which: "client" | "server" | "tunnel", current: boolean): number;
}

export interface VariableStore {
  get(scope: VariableScope, name: string): SampleValue | undefined;
  set(scope: VariableScope, name: string, value: SampleValue): void;
  unset(scope: VariableScope, name: string): void;
}

/** State beyond this stream. Names were verified when the configuration was read. */
export interface WorldView {
  readonly hostName: string;
  readonly processNumber: number;
  readonly threadNumber: number;
  readonly stopping: boolean;
  environment(name: string): string | undefined;
  frontend(name: string): { readonly connections: number; readonly sessionRate: number; readonly requestRate: number };
  backend(name: string): BackendCounters;
  server(backend: string, name: string): ServerCounters | undefined;
  isLocal(address: IpAddress): boolean;
  /** True when user and password match; `groups` when asked. */
  authenticate(userList: string, user: string, password: string): { readonly groups: readonly string[] } | undefined;
  /** A fresh version 4 UUID. */
  uuid(): string;
  /** Digests and HMACs, as byte strings: the platform's. */
  digest(algorithm: string, data: string): string | undefined;
  hmac(algorithm: string, key: string, data: string): string | undefined;
  /** AES-GCM decryption; undefined when the tag doesn't match. Arguments are raw bytes. */
  aesGcmDecrypt(bits: number, nonce: string, key: string, tag: string, data: string): string | undefined;
  /** Checks a JSON web token; 1 good, 0 bad, negative as the manual lists. */
  verifyToken(algorithm: string, key: string, signedPart: string, signature: string): number;
}

export interface BackendCounters {
  readonly connections: number;
  readonly freeConnections: number;
  readonly connectionSlots: number;
  readonly usableServers: number;
  readonly queue: number;
  readonly averageQueue: number;
  readonly sessionRate: number;
}

export interface ServerCounters {
  readonly connections: number;
  readonly freeConnections: number;
  readonly queue: number;
  readonly sessionRate: number;
  readonly up: boolean;
  readonly weight: number;
  readonly initialWeight: number;
  readonly userWeight: number;
}

/** Stick tables by name. A missing entry or a counter that isn't stored is `undefined`. */
export interface TableStore {
  /** Reads a counter of `key`'s entry; doesn't create one. `index` is for the gpc and gpt arrays. */
  read(table: string, key: SampleValue, counter: string, index: number): number | undefined;
  has(table: string, key: SampleValue): boolean;
  /** Adds to gpc counters, creating the entry when needed; gives the new value. */
  increment(table: string, key: SampleValue, counter: string, index: number): number | undefined;
  clear(table: string, key: SampleValue, counter: string, index: number): number | undefined;
  used(table: string): number;
  available(table: string): number;
}

export interface TrackedEntry {
  /** `table` overrides the one it was tracked in. */
  read(counter: string, index: number, table: string | undefined): number | undefined;
  increment(counter: string, index: number, table: string | undefined): number | undefined;
  clear(counter: string, index: number, table: string | undefined): number | undefined;
}

/** All times in ms, -1 when the phase was not reached. */
export interface LogView {
  readonly acceptMs: number;
  readonly requestMs: number;
  readonly handshakeMs: number;
  readonly idleMs: number;
  readonly requestHeadMs: number;
  readonly queueMs: number;
  readonly connectMs: number;
  readonly responseMs: number;
  readonly dataMs: number;
  readonly activeMs: number;
  readonly totalMs: number;
  readonly userMs: number;
  readonly bytesRead: number;
  readonly bytesUploaded: number;
  readonly statusCode: number;
  /** Two characters for tcp, four for http: `SD`, `----`. */
  readonly terminationState: string;
  readonly activeConnections: number;
  readonly frontendConnections: number;
  readonly backendConnections: number;
  readonly serverConnections: number;
  readonly retries: number;
  readonly redispatched: boolean;
  readonly serverQueue: number;
  readonly backendQueue: number;
  readonly requestCount: number;
  readonly requestCookie: string | undefined;
  readonly responseCookie: string | undefined;
  readonly requestLine: string;
  readonly requestCaptures: readonly (string | undefined)[];
  readonly responseCaptures: readonly (string | undefined)[];
  readonly processId: number;
  /** The response is logged before its end (`option logasap`). */
  readonly early: boolean;
}
