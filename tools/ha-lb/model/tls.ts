import type { Position } from "../../../shared/text/position.ts";

export type TlsVersion = "SSLv3" | "TLSv1.0" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3";

/** What `bind … ssl` and `server … ssl` have in common. */
export interface TlsCommon {
  readonly caFile?: string;
  readonly crlFile?: string;
  readonly ciphers?: string;
  readonly cipherSuites?: string;
  readonly curves?: string;
  /** Protocols in order of preference: `["h2", "http/1.1"]`. */
  readonly alpn: readonly string[];
  readonly minVersion?: TlsVersion;
  readonly maxVersion?: TlsVersion;
  readonly noTickets: boolean;
}

export interface BindTls extends TlsCommon {
  /** Files or folders of PEM certificates; the first certificate is the default. */
  readonly certificates: readonly string[];
  readonly certificateLists: readonly string[];
  /** The lines of those lists, once they have been read. */
  readonly listed?: readonly CertificateListEntry[];
  readonly verify: "none" | "optional" | "required";
  readonly caVerifyFile?: string;
  /** Error numbers tolerated at depth > 0 (`ca-ignore-err`) and at depth 0 (`crt-ignore-err`); `all`. */
  readonly ignoreCaErrors: readonly string[];
  readonly ignoreCertificateErrors: readonly string[];
  readonly strictSni: boolean;
  readonly preferClientCiphers: boolean;
  readonly ticketKeysFile?: string;
  readonly noCaNames: boolean;
  readonly earlyData: boolean;
}

export interface ServerTls extends TlsCommon {
  readonly certificate?: string;
  readonly verify: "none" | "required";
  readonly verifyHost?: string;
  /** Expression text of `sni`, compiled with the server. */
  readonly noReuse: boolean;
}

/** One line of a crt-list file. */
export interface CertificateListEntry {
  readonly certificate: string;
  readonly options: Partial<Omit<BindTls, "certificates" | "certificateLists">>;
  /** SNI filters: names, `*.` wildcards, and `!` negations; empty takes the names of the certificate. */
  readonly filters: readonly string[];
  readonly at: Position;
}
