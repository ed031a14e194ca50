/** Flags of the command line that change what a configuration means; running and checking take the same. */
import type { OptionSpecs } from "../../../shared/cli/command.ts";
import type { LoadRequest } from "./check-load.ts";

export const LOAD_OPTIONS = {
  "local-peer": { type: "string", short: "L", placeholder: "NAME", summary: "name of this host among peers" },
  "max-connections": { type: "number", least: 1, most: 2 ** 31 - 1, summary: "most connections of the process" },
  "proxy-max-connections": {
    type: "number",
    least: 1,
    most: 2 ** 31 - 1,
    summary: "most connections of each frontend that doesn't say its own",
  },
  "zero-warning": { type: "flag", summary: "a warning is as bad as an error" },
} as const satisfies OptionSpecs;

export interface LoadFlags {
  readonly "local-peer"?: string | undefined;
  readonly "max-connections"?: number | undefined;
  readonly "proxy-max-connections"?: number | undefined;
  readonly "zero-warning": boolean;
}

/** The flags as loading takes them. */
export function loadFlags(options: LoadFlags): Omit<LoadRequest, "paths" | "environment"> {
  const localPeer = options["local-peer"];
  const maxConnections = options["max-connections"];
  const proxyMaxConnections = options["proxy-max-connections"];
  return {
    ...(localPeer === undefined ? {} : { localPeer }),
    ...(maxConnections === undefined ? {} : { maxConnections }),
    ...(proxyMaxConnections === undefined ? {} : { proxyMaxConnections }),
    zeroWarning: options["zero-warning"],
  };
}
