import type { SampleExpression } from "./sample.ts";

export type BalanceAlgorithm =
  | { readonly kind: "roundrobin" }
  | { readonly kind: "static-rr" }
  | { readonly kind: "leastconn" }
  | { readonly kind: "first" }
  | { readonly kind: "source" }
  /** Limits: bytes of the URI (`len`), directories (`depth`); `whole` takes the query in, `pathOnly` drops scheme and host. */
  | {
      readonly kind: "uri";
      readonly length?: number;
      readonly depth?: number;
      readonly whole: boolean;
      readonly pathOnly: boolean;
    }
  /** Also looked for in the body of a POST up to `checkPostBytes`. */
  | { readonly kind: "url_param"; readonly parameter: string; readonly checkPostBytes?: number }
  | { readonly kind: "hdr"; readonly name: string; readonly domainOnly: boolean }
  | { readonly kind: "rdp-cookie"; readonly name: string }
  | { readonly kind: "random"; readonly draws: number }
  | { readonly kind: "hash"; readonly key: SampleExpression };

/** `hash-type METHOD FUNCTION MODIFIER`, `hash-balance-factor`. */
export interface HashType {
  readonly method: "map-based" | "consistent";
  readonly function: "sdbm" | "djb2" | "wt6" | "crc32" | "none";
  readonly avalanche: boolean;
  /** Percent over the mean load a server may have; 0 is unbounded. */
  readonly balanceFactor: number;
}

/** May servers come and go at run time? Tables that are made once don't know of them. */
export function isDynamic(balance: BalanceAlgorithm, hashType: HashType): boolean {
  switch (balance.kind) {
    case "static-rr":
      return false;
    case "roundrobin":
    case "leastconn":
    case "first":
    case "random":
      return true;
    default:
      return hashType.method === "consistent";
  }
}

export interface Cookie {
  readonly name: string;
  readonly mode: "insert" | "prefix" | "rewrite" | "passive";
  readonly indirect: boolean;
  readonly noCache: boolean;
  readonly postOnly: boolean;
  readonly preserve: boolean;
  readonly httpOnly: boolean;
  readonly secure: boolean;
  readonly domains: readonly string[];
  readonly maxIdleSeconds?: number;
  readonly maxLifeSeconds?: number;
  /** Key for values made from the server's address. */
  readonly dynamicKey?: string;
  readonly dynamic: boolean;
  readonly attributes: readonly string[];
}
