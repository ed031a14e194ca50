import type { Position } from "../../../shared/text/position.ts";
import type { SocketAddress } from "./address.ts";
import type { Bind } from "./bind.ts";
import type { LogFormat } from "./log-format.ts";
import type { LogTarget } from "./log-target.ts";
import type { SampleExpression, VariableName } from "./sample.ts";
import type { StickTable } from "./stick-table.ts";
import type { TlsVersion } from "./tls.ts";

/** Defaults and limits for TLS of all `bind` (or all `server`) lines; already merged into them. */
export interface TlsDefaults {
  readonly ciphers?: string;
  readonly cipherSuites?: string;
  readonly curves?: string;
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
  readonly noTickets: boolean;
  readonly preferClientCiphers: boolean;
}

/** `tune.*` settings that mean something here; the others are warned about. Sizes in bytes. */
export interface Tuning {
  readonly bufferBytes: number;
  readonly maxRewriteBytes: number;
  readonly maxHeaders: number;
  readonly logUriBytes: number;
  readonly cookieBytes: number;
  readonly maxAccept?: number;
  readonly tlsCacheEntries: number;
  readonly tlsLifetimeSeconds: number;
  readonly h2MaxConcurrentStreams: number;
  readonly h2InitialWindowBytes: number;
  readonly h2HeaderTableBytes: number;
  readonly h2MaxFrameBytes?: number;
  readonly clientReceiveBytes?: number;
  readonly clientSendBytes?: number;
  readonly serverReceiveBytes?: number;
  readonly serverSendBytes?: number;
  readonly idleTimerMs?: number;
  /** 1 (fast) to 9 (small). */
  readonly compressionLevel: number;
}

export interface Global {
  readonly daemon: boolean;
  readonly masterWorker: boolean;
  readonly user?: string;
  readonly group?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly chroot?: string;
  readonly pidFile?: string;
  /** Worker processes here; 0: as many as there are processors. */
  readonly threads: number;
  readonly maxConnections?: number;
  readonly maxConnectionRate?: number;
  readonly maxSessionRate?: number;
  readonly maxTlsConnections?: number;
  readonly maxTlsRate?: number;
  readonly fileLimit?: number;
  readonly hardStopAfterMs?: number;
  readonly graceMs?: number;
  readonly closeSpreadTimeMs?: number;
  readonly spreadChecksPercent: number;
  readonly maxSpreadChecksMs?: number;
  readonly node?: string;
  readonly description?: string;
  readonly localPeer?: string;
  readonly logTargets: readonly LogTarget[];
  readonly logTag?: string;
  /** `log-send-hostname`: empty means this host's name. */
  readonly logSendHostname?: string;
  readonly statsSockets: readonly Bind[];
  readonly statsTimeoutMs: number;
  readonly caBase?: string;
  readonly crtBase?: string;
  readonly serverStateBase?: string;
  readonly serverStateFile?: string;
  readonly serverVerify: "none" | "required";
  readonly bindTls: TlsDefaults;
  readonly serverTls: TlsDefaults;
  readonly externalCheck: boolean;
  readonly splice: boolean;
  readonly reusePort: boolean;
  /** Clients of HTTP/2 hear that they may ask for WebSockets. */
  readonly h2Tunnels: boolean;
  readonly strictLimits: boolean;
  readonly zeroWarning: boolean;
  readonly quiet: boolean;
  readonly unixBind: {
    readonly prefix?: string;
    readonly mode?: number;
    readonly user?: string;
    readonly group?: string;
  };
  readonly headerCase: ReadonlyMap<string, string>;
  readonly headerCaseFile?: string;
  readonly variables: readonly { readonly variable: VariableName; readonly value: SampleExpression | LogFormat }[];
  readonly environment: ReadonlyMap<string, string | null>;
  readonly tune: Tuning;
}

export interface UserList {
  readonly name: string;
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** Hashed (crypt(3)) or clear passwords, and the user's groups. */
  readonly users: ReadonlyMap<
    string,
    { readonly password: string; readonly hashed: boolean; readonly groups: readonly string[] }
  >;
  readonly at: Position;
}

export interface Resolvers {
  readonly name: string;
  /** `stream`: asked over TCP only. */
  readonly nameServers: readonly {
    readonly name: string;
    readonly address: SocketAddress;
    readonly stream: boolean;
  }[];
  readonly parseResolvConf: boolean;
  readonly acceptedPayloadBytes: number;
  readonly resolveRetries: number;
  readonly timeoutResolveMs: number;
  readonly timeoutRetryMs: number;
  /** How long an answer of each kind is kept. */
  readonly holdMs: Readonly<Record<"other" | "refused" | "nx" | "timeout" | "valid" | "obsolete", number>>;
  readonly at: Position;
}

export interface Peers {
  readonly name: string;
  readonly disabled: boolean;
  readonly peers: readonly {
    readonly name: string;
    readonly address: SocketAddress;
    readonly local: boolean;
    readonly at: Position;
  }[];
  readonly binds: readonly Bind[];
  readonly tables: readonly StickTable[];
  readonly at: Position;
}

export interface Mailers {
  readonly name: string;
  readonly mailers: readonly { readonly name: string; readonly address: SocketAddress }[];
  readonly timeoutMs: number;
  readonly at: Position;
}

export interface HttpErrors {
  readonly name: string;
  readonly files: ReadonlyMap<number, string>;
  readonly at: Position;
}

export interface CacheSection {
  readonly name: string;
  readonly totalMegabytes: number;
  readonly maxObjectBytes: number;
  readonly maxAgeSeconds: number;
  readonly processVary: boolean;
  readonly maxSecondaryEntries: number;
  readonly at: Position;
}

export interface Ring {
  readonly name: string;
  readonly description?: string;
  readonly sizeBytes: number;
  readonly format: LogTarget["format"];
  readonly maxLengthBytes: number;
  readonly servers: readonly { readonly name: string; readonly address: SocketAddress }[];
  readonly at: Position;
}
