import type { VipConfiguration } from "../../../tools/ha-vip/model/configuration.ts";

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/** A configuration without what depends on the form it was written in: places, and the file's name. */
export function plain(configuration: VipConfiguration): unknown {
  const { origin: _origin, ...all } = configuration;
  // Kinds of addresses that keepalived doesn't have: none of them is the same as an empty list.
  const rest = Object.fromEntries(
    Object.entries(all).filter(([key, value]) => !["carps", "pools"].includes(key) || !isEmpty(value)),
  );
  return JSON.parse(
    JSON.stringify(rest, (key, value: unknown) => {
      if (key === "at") return undefined;
      return value instanceof Uint8Array ? [...value] : value;
    }),
  );
}
