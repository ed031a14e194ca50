/**
 * Services as rules of nftables, for `dataplane nft`: the kernel sends each new connection to a server and remembers
 * where, in its table of connections. Nothing but addresses and numbers goes into the text.
 */

export interface NftTarget {
  readonly host: string;
  readonly port: number;
  readonly weight: number;
}

export interface NftService {
  readonly family: 4 | 6;
  /** Nothing: every address of this host. */
  readonly address: string | undefined;
  readonly port: number;
  readonly choice: "turns" | "source" | "random";
  /** Those that take connections now. Without any there is no rule, and our own socket answers. */
  readonly targets: readonly NftTarget[];
}

export const TABLE = "inet ha_lb";

/** The table with its chains; gone when the program that made it ends. */
export const TABLE_COMMANDS: readonly string[] = [
  `add table ${TABLE} { flags owner; }`,
  `add chain ${TABLE} incoming { type nat hook prerouting priority dstnat; }`,
  `add chain ${TABLE} local { type nat hook output priority -100; }`,
  `add chain ${TABLE} outgoing { type nat hook postrouting priority srcnat; }`,
];

/** All rules anew, as one transaction: connections see the old ones or the new ones. */
export function rulesOf(services: readonly NftService[]): string {
  const commands = ["incoming", "local", "outgoing"].map((chain) => `flush chain ${TABLE} ${chain}`);
  for (const service of services) {
    if (service.targets.length === 0) continue;
    const rule = `${matchOf(service)} dnat ${ipWord(service)} to ${choiceOf(service)}`;
    commands.push(`add rule ${TABLE} incoming ${rule}`, `add rule ${TABLE} local ${rule}`);
    // Servers answer to us: they may not have a route to the client, or one that passes us by.
    commands.push(`add rule ${TABLE} outgoing ct status dnat ${originalOf(service)} masquerade`);
  }
  return commands.join("; ");
}

const ipWord = ({ family }: NftService): string => (family === 4 ? "ip" : "ip6");

function matchOf(service: NftService): string {
  const { address, port, family } = service;
  const where =
    address === undefined
      ? `meta nfproto ${family === 4 ? "ipv4" : "ipv6"} fib daddr type local`
      : `${ipWord(service)} daddr ${address}`;
  return `${where} tcp dport ${port}`;
}

function originalOf(service: NftService): string {
  const { address, port, family } = service;
  const where = address === undefined ? "" : `ct original ${ipWord(service)} daddr ${address} `;
  return `meta nfproto ${family === 4 ? "ipv4" : "ipv6"} meta l4proto tcp ${where}ct original proto-dst ${port}`;
}

function choiceOf(service: NftService): string {
  const { targets, choice } = service;
  const divisor = targets.map(({ weight }) => weight).reduce(greatestCommonDivisor);
  const entries: string[] = [];
  let next = 0;
  for (const { host, port, weight } of targets) {
    const share = weight / divisor;
    const numbers = share === 1 ? String(next) : `${next}-${next + share - 1}`;
    entries.push(`${numbers} : ${host} . ${port}`);
    next += share;
  }
  const number = {
    turns: "numgen inc",
    random: "numgen random",
    source: `jhash ${ipWord(service)} saddr`,
  }[choice];
  return `${number} mod ${next} map { ${entries.join(", ")} }`;
}

function greatestCommonDivisor(one: number, other: number): number {
  return other === 0 ? one : greatestCommonDivisor(other, one % other);
}
