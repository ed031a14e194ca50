/** The router that scenarios and properties begin with. */
import { type IpAddress, parseAddress } from "../../../shared/text/address.ts";
import { ROUTER_DEFAULTS, type RouterSettings } from "../../../tools/ha-vip/model/router.ts";

export function ip(text: string): IpAddress {
  const found = parseAddress(text);
  if (!found.ok) throw new Error(`${text} is no address`);
  return found.value;
}

export const PLAIN_ROUTER: RouterSettings = {
  ...ROUTER_DEFAULTS,
  name: "VI",
  vrid: 51,
  family: 4,
  version: 3,
  device: "eth0",
  intervalMs: 100,
  addresses: [{ address: ip("10.0.0.100"), prefixLength: 24 }],
};
