/** Password files that can't be used on this host, as warnings: they may be put there later. */
import { type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import { formatAddress } from "../../../../shared/text/address.ts";
import { readPasswordFile } from "../../drive/carp/password-file.ts";
import { type BgpConfiguration, MAX_MD5_PASSWORD_BYTES } from "../../model/bgp/bgp.ts";
import { type CarpConfiguration, MAX_CARP_PASSWORD_BYTES } from "../../model/carp/carp.ts";
import { configReasons } from "../../model/config-reasons.ts";

export function unreadablePasswords(carps: readonly CarpConfiguration[], bgp: BgpConfiguration | undefined): Reason[] {
  const groups = carps.flatMap(({ at, settings }) => {
    const read = readPasswordFile(settings.passwordFile, MAX_CARP_PASSWORD_BYTES);
    if (typeof read !== "string") return [];
    return [reason(configReasons, "VIP_CONF_PASSWORD_FILE", { name: settings.name, detail: read }, at)];
  });
  const sessions = (bgp?.settings.peers ?? []).flatMap(({ address, passwordFile }) => {
    const read = passwordFile === undefined ? undefined : readPasswordFile(passwordFile, MAX_MD5_PASSWORD_BYTES);
    if (typeof read !== "string") return [];
    const name = `BGP with ${formatAddress(address)}`;
    return [reason(configReasons, "VIP_CONF_PASSWORD_FILE", { name, detail: read })];
  });
  return [...groups, ...sessions];
}
