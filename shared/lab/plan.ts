/** The address plan, the same in every lab: labs can't see each other, so it need not differ. Pure. */

/** More hosts than this are no longer a laboratory. */
export const HOST_LIMIT = 64;
export const RING_LIMIT = 2;
/** The client's number in the plan. */
export const CLIENT_NUMBER = 200;
/** An interface name has 15 characters, and a switch port is called `HOST-RING`, with one letter more in a slow cable. */
export const NAME_LIMIT = 12;

/** One network card of a host. */
export interface Link {
  readonly ring: number;
  /** The card inside the host: `eth0`, `eth1`. */
  readonly device: string;
  /** The switch's end of the cable. */
  readonly port: string;
  readonly mac: string;
  readonly ipv4: string;
  readonly ipv6: string;
}

export function planLink(hostName: string, number: number, ring: number): Link {
  const hex = number.toString(16).padStart(2, "0");
  return {
    ring,
    device: `eth${ring}`,
    port: `${hostName}-${ring}`,
    mac: `02:77:${ring}:00:00:${hex}`.replace(`:${ring}:`, `:0${ring}:`),
    ipv4: `10.${77 + ring}.0.${number}`,
    ipv6: `fd${77 + ring}::${number}`,
  };
}

/** With a slow cable, the bridge's end and the far end of the piece behind it: the host's own port stays what it is. */
export function slowPorts(port: string): readonly [bridgeEnd: string, farEnd: string] {
  return [`${port}d`, `${port}e`];
}

/** `ip -batch` lines that plug the host's cables into the switches. */
export function portBatch(links: readonly Link[]): string {
  return links.map((link) => `link set ${link.port} master br${link.ring} addrgenmode none up`).join("\n");
}

/** `ip -batch` lines that bring up the host's cards. Duplicate address detection is off: addresses work at once. */
export function addressBatch(links: readonly Link[], ipv6: boolean): string {
  const lines = ["link set lo up"];
  for (const link of links) {
    lines.push(`link set ${link.device} up`, `address add ${link.ipv4}/24 dev ${link.device}`);
    if (ipv6) lines.push(`address add ${link.ipv6}/64 dev ${link.device} nodad`);
  }
  return lines.join("\n");
}

/** Throws when a name can't be a host's: it becomes part of an interface name and of shell words. */
export function checkHostNames(names: readonly string[]): void {
  if (names.length > HOST_LIMIT) throw new Error(`a lab of ${names.length} hosts: at most ${HOST_LIMIT}`);
  for (const name of names) {
    if (!/^[a-z][a-z0-9-]*$/.test(name) || name.length > NAME_LIMIT) {
      throw new Error(`'${name}' can't be a host's name: lower-case letters, digits, '-', at most ${NAME_LIMIT}`);
    }
  }
  if (new Set(names).size !== names.length) throw new Error(`host names repeat: ${names.join(" ")}`);
}
