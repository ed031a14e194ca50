/** Running ha-vip and keepalived on the hosts of a lab. */
import { join } from "node:path";
import { type Host, until } from "../../shared/lab/host.ts";
import type { Lab } from "../../shared/lab/lab.ts";
import type { Probe } from "../../shared/lab/prober/prober.ts";
import type { LabProcess } from "../../shared/lab/process.ts";

const root = join(import.meta.dir, "..", "..");
export const HA_VIP = [join(root, "node_modules", ".bin", "bun"), join(root, "tools", "ha-vip", "main.ts")];
export const VIP = "10.77.0.100";
const ONE_LINE = ["run", "--vip", `${VIP}/24`, "--dev", "eth0"];

/** The one-line form on a host, with further options. */
export async function startVip(host: Host, ...options: readonly string[]): Promise<LabProcess> {
  return await host.spawn([...HA_VIP, ...ONE_LINE, ...options]);
}

/** ha-vip with a keepalived.conf, started by keepalived's own words. */
export async function startVipWith(host: Host, configuration: string): Promise<LabProcess> {
  await host.writeFile("/etc/keepalived.conf", configuration);
  return await host.spawn([...HA_VIP, "-f", "/etc/keepalived.conf", "-n", "-l", "-D"]);
}

/** The real keepalived with a keepalived.conf. */
export async function startKeepalived(host: Host, configuration: string): Promise<LabProcess> {
  await host.writeFile("/etc/keepalived.conf", configuration);
  return await host.spawn(["/usr/sbin/keepalived", "-n", "-l", "-D", "-f", "/etc/keepalived.conf"]);
}

/** The hosts that have the address now; a host without power has none. */
export async function holders(lab: Lab, address = VIP): Promise<string[]> {
  const found: string[] = [];
  for (const host of lab.hosts) {
    if (host.pid !== undefined && (await host.hasAddress(address))) found.push(host.name);
  }
  return found;
}

export async function waitForHolder(lab: Lab, name: string | undefined, address = VIP): Promise<string> {
  let last: string[] = [];
  await until(`${address} on ${name ?? "exactly one host"}`, async () => {
    last = await holders(lab, address);
    return last.length === 1 && (name === undefined || last[0] === name);
  });
  return last[0] ?? "";
}

/** Waits until exactly one host has the address, and another one than `before`. */
export async function waitForOther(lab: Lab, before: string, address = VIP): Promise<string> {
  let last: string[] = [];
  await until(`${address} on one host, and not on ${before}`, async () => {
    last = await holders(lab, address);
    return last.length === 1 && last[0] !== before;
  });
  return last[0] ?? "";
}

/** Waits until the probe has had an answer, and tells from whom the last one came. */
export async function waitForAnswer(probe: Probe): Promise<string> {
  let host: string | null = null;
  await until("the client is answered", async () => {
    host = (await probe.report()).total.hostAfter;
    return host !== null;
  });
  return host ?? "";
}

/** A file for keepalived and for ha-vip alike. */
export function configurationOf(settings: {
  readonly version: 2 | 3;
  readonly priority: number;
  readonly interval: string;
  readonly password?: string;
  readonly addresses?: readonly string[];
  readonly unicast?: { readonly own: string; readonly peer: string };
}): string {
  const { addresses = [`${VIP}/24`], interval, password, priority, unicast, version } = settings;
  const authentication = password === undefined ? "" : `authentication {\n auth_type PASS\n auth_pass ${password}\n }`;
  const peers = unicast === undefined ? "" : `unicast_src_ip ${unicast.own}\n unicast_peer {\n ${unicast.peer}\n }`;
  return `vrrp_instance VI_1 {
    state BACKUP
    interface eth0
    virtual_router_id 51
    version ${version}
    priority ${priority}
    advert_int ${interval}
    ${authentication}
    ${peers}
    virtual_ipaddress {
        ${addresses.join("\n        ")}
    }
}
`;
}
