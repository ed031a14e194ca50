import type { CacheSection, Global, HttpErrors, Mailers, Peers, Resolvers, Ring, UserList } from "./global.ts";
import type { Position } from "../../../shared/text/position.ts";
import type { Proxy } from "./proxy.ts";

/** A file named somewhere, relative paths as written. */
export interface FileUse {
  readonly path: string;
  /** `errorfile`, `acl -f`, `map_beg`, `crt`, `ca-file`, … */
  readonly keyword: string;
  readonly at: Position;
}

/** A whole, checked configuration: what the data plane runs. */
export interface Configuration {
  readonly global: Global;
  /** In the order they were written; names are unique per side. */
  readonly proxies: readonly Proxy[];
  readonly userLists: ReadonlyMap<string, UserList>;
  readonly resolvers: ReadonlyMap<string, Resolvers>;
  readonly peers: ReadonlyMap<string, Peers>;
  readonly mailers: ReadonlyMap<string, Mailers>;
  readonly httpErrors: ReadonlyMap<string, HttpErrors>;
  readonly caches: ReadonlyMap<string, CacheSection>;
  readonly rings: ReadonlyMap<string, Ring>;
  /** Files that must be readable when the configuration is loaded, in the order of the text. */
  readonly files: readonly FileUse[];
}

/** The proxy a `default_backend`, `use_backend` or `track` means: it must have a backend side. */
export function findBackend(configuration: Configuration, name: string): Proxy | undefined {
  return configuration.proxies.find((proxy) => proxy.isBackend && proxy.name === name);
}

export function findFrontend(configuration: Configuration, name: string): Proxy | undefined {
  return configuration.proxies.find((proxy) => proxy.isFrontend && proxy.name === name);
}
