import type { VipConfiguration } from "../../../tools/ha-vip/model/configuration.ts";

/** A configuration without what depends on the form it was written in: places, and the file's name. */
export function plain(configuration: VipConfiguration): unknown {
  const { origin: _origin, ...rest } = configuration;
  return JSON.parse(
    JSON.stringify(rest, (key, value: unknown) => {
      if (key === "at") return undefined;
      return value instanceof Uint8Array ? [...value] : value;
    }),
  );
}
