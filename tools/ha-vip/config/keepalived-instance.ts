/** The block `vrrp_instance` of keepalived.conf(5). */
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import type { Position } from "../../../shared/text/position.ts";
import type { IpAddress } from "../../../shared/text/address.ts";
import { configReasons } from "../model/config-reasons.ts";
import type { RouterConfiguration } from "../model/configuration.ts";
import type { VirtualAddress, VirtualMac, VirtualRoute, VirtualRule } from "../model/router.ts";
import type { Statement, Word } from "./block-text.ts";
import { readMac, readVirtualAddress, readVirtualRoute, readVirtualRule } from "./keepalived-address.ts";
import { announceHandlers, type GlobalSettings, type RouterGlobals } from "./keepalived-globals.ts";
import { finishInstance } from "./keepalived-finish.ts";
import { type TrackDraft, trackHandlers } from "./keepalived-track.ts";
import {
  blockOf,
  type Handlers,
  ignored,
  readAddress,
  readOne,
  readSeconds,
  readStatements,
  readSwitch,
  readWhole,
  surplus,
  unsupported,
} from "./reader.ts";

/** An instance as far as it has been read. */
export interface InstanceDraft extends TrackDraft, RouterGlobals {
  readonly name: Word;
  state?: Word;
  device?: string;
  vrid?: { readonly value: number; readonly at: Position };
  priority?: number;
  intervalMs?: number;
  preempt?: boolean;
  preemptDelayMs?: number;
  password?: string;
  source?: IpAddress;
  unicastSource?: boolean;
  group?: IpAddress;
  unicastTtl?: number;
  trackOwnDevice?: boolean;
  vmac?: { readonly name?: string; readonly mac?: (vrid: number) => Uint8Array | undefined };
  transmitBase?: boolean;
  readonly peers: IpAddress[];
  readonly addresses: VirtualAddress[];
  readonly excluded: VirtualAddress[];
  readonly routes: VirtualRoute[];
  readonly rules: VirtualRule[];
}

export type { VirtualMac };

const ONE_HOUR_MS = 3_600_000;

const authentication: Handlers<InstanceDraft> = {
  auth_type(statement, _draft, problems) {
    surplus(statement, 2, problems);
    const [keyword, kind] = statement.words;
    if (kind?.text === "PASS") return;
    const because =
      "only PASS exists in the versions of VRRP that are in use; AH was removed from the standard in 2004";
    const word = `auth_type ${kind?.text ?? ""}`;
    problems.push(reason(configReasons, "VIP_CONF_UNSUPPORTED", { word, because }, (kind ?? keyword).at));
  },
  auth_pass(statement, draft, problems) {
    const word = readOne(statement, "secret", problems);
    if (word !== undefined) draft.password = word;
  },
};

function eachLine<Item>(
  read: (line: Statement, problems: Reason[]) => Item | undefined,
  into: (draft: InstanceDraft) => Item[],
) {
  return (statement: Statement, draft: InstanceDraft, problems: Reason[]): void => {
    for (const line of blockOf(statement, problems)) {
      const item = read(line, problems);
      if (item !== undefined) into(draft).push(item);
    }
  };
}

function sourceAddress(unicast: boolean) {
  return (statement: Statement, draft: InstanceDraft, problems: Reason[]): void => {
    if (readOne(statement, "10.0.0.1", problems) === undefined) return;
    const word = statement.words[1];
    const address = word === undefined ? undefined : readAddress(word, problems);
    if (address !== undefined) draft.source = address;
    if (unicast) draft.unicastSource = true;
  };
}

const OWN_WAY = "ha-vip does this in its own way";

const identityHandlers: Handlers<InstanceDraft> = {
  state(statement, draft, problems) {
    surplus(statement, 2, problems);
    const word = statement.words[1];
    if (word?.text === "SLAVE") problems.push(reason(configReasons, "VIP_CONF_STATE_SLAVE", {}, word.at));
    else if (word === undefined || !["MASTER", "BACKUP"].includes(word.text)) {
      const data = { word: "state", needs: "MASTER or BACKUP", example: "state BACKUP" };
      problems.push(reason(configReasons, "VIP_CONF_VALUE", data, (word ?? statement.words[0]).at));
    } else draft.state = word;
  },
  interface(statement, draft, problems) {
    const device = readOne(statement, "eth0", problems);
    if (device !== undefined) draft.device = device;
  },
  virtual_router_id(statement, draft, problems) {
    const value = readWhole(statement, 1, 255, problems);
    if (value !== undefined) draft.vrid = { value, at: statement.words[1]?.at ?? statement.words[0].at };
  },
  priority(statement, draft, problems) {
    const value = readWhole(statement, 1, 255, problems);
    if (value !== undefined) draft.priority = value;
  },
  advert_int(statement, draft, problems) {
    const value = readSeconds(statement, 10, 255_000, problems);
    if (value !== undefined) draft.intervalMs = value;
  },
  version(statement, draft, problems) {
    const value = readWhole(statement, 2, 3, problems);
    if (value !== undefined) draft.version = value === 2 ? 2 : 3;
  },
  nopreempt(statement, draft, problems) {
    surplus(statement, 1, problems);
    draft.preempt = false;
  },
  preempt(statement, draft, problems) {
    surplus(statement, 1, problems);
    draft.preempt = true;
  },
  preempt_delay(statement, draft, problems) {
    const value = readSeconds(statement, 0, ONE_HOUR_MS, problems);
    if (value !== undefined) draft.preemptDelayMs = value;
  },
  authentication(statement, draft, problems) {
    readStatements(blockOf(statement, problems), authentication, draft, "authentication", problems);
  },
  dont_track_primary(statement, draft, problems) {
    surplus(statement, 1, problems);
    draft.trackOwnDevice = false;
  },
  use_vmac(statement, draft, problems) {
    surplus(statement, 3, problems);
    const [, first, second] = statement.words;
    const isMac = (word: Word | undefined): boolean => word !== undefined && word.text.includes(":");
    const mac = isMac(first) ? first : second;
    const name = isMac(first) ? undefined : first;
    draft.vmac = {
      ...(name === undefined ? {} : { name: name.text }),
      ...(mac === undefined ? {} : { mac: (vrid: number) => readMac(mac.text, vrid) }),
    };
  },
  vmac_xmit_base(statement, draft, problems) {
    surplus(statement, 1, problems);
    draft.transmitBase = true;
  },
};

const transportHandlers: Handlers<InstanceDraft> = {
  unicast_src_ip: sourceAddress(true),
  mcast_src_ip: sourceAddress(false),
  mcast_dst_ip(statement, draft, problems) {
    if (readOne(statement, "224.0.0.18", problems) === undefined) return;
    const word = statement.words[1];
    const address = word === undefined ? undefined : readAddress(word, problems);
    if (address !== undefined) draft.group = address;
  },
  unicast_peer(statement, draft, problems) {
    for (const line of blockOf(statement, problems)) {
      const [word, ...options] = line.words;
      const address = readAddress(word, problems);
      if (address !== undefined) draft.peers.push(address);
      for (const option of options.filter((one) => !/^\d+$/.test(one.text))) {
        const because = "adverts are taken only from listed peers, with 255 hops unless unicast_ttl says otherwise";
        problems.push(reason(configReasons, "VIP_CONF_IGNORED", { word: option.text, because }, option.at));
      }
    }
  },
  unicast_ttl(statement, draft, problems) {
    const value = readWhole(statement, 1, 255, problems);
    if (value !== undefined) draft.unicastTtl = value;
  },
  check_unicast_src: ignored("adverts are always taken from listed peers only"),
  unicast_fault_no_peer: ignored("unicast without peers is refused"),
  track_src_ip: unsupported("the source address isn't watched"),
  old_unicast_checksum: ignored("both ways to count the checksum are understood"),
  skip_check_adv_addr: ignored("the list of addresses is compared once for each new master"),
  kernel_rx_buf_size: ignored(OWN_WAY),
};

const contentHandlers: Handlers<InstanceDraft> = {
  virtual_ipaddress: eachLine(readVirtualAddress, (draft) => draft.addresses),
  virtual_ipaddress_excluded: eachLine(readVirtualAddress, (draft) => draft.excluded),
  virtual_routes: eachLine(readVirtualRoute, (draft) => draft.routes),
  virtual_rules: eachLine(readVirtualRule, (draft) => draft.rules),
  debug: ignored("events carry their reasons"),
  native_ipv6: ignored("it follows from the addresses"),
  linkbeat_use_polling: ignored("the kernel tells of every change of the carrier"),
  promote_secondaries: ignored(
    "set net.ipv4.conf.all.promote_secondaries=1 on the host when a virtual address is its first in a network",
  ),
  accept: ignored("packets to the addresses are always accepted"),
  no_accept: unsupported(
    "it needs a firewall, which ha-vip doesn't change; drop packets to the addresses with nftables",
  ),
  strict_mode(statement, _draft, problems) {
    if (!readSwitch(statement, problems)) return;
    const because = "strict mode drops packets to the addresses with a firewall, which ha-vip doesn't change";
    problems.push(
      reason(configReasons, "VIP_CONF_UNSUPPORTED", { word: "strict_mode", because }, statement.words[0].at),
    );
  },
  lvs_sync_daemon_interface: unsupported("ha-vip is for addresses; ha-lb balances load"),
  garp_extra_if: unsupported("announcements go out where the address is"),
  use_ipvlan: unsupported("ipvlan interfaces aren't made; use_vmac is there"),
  use_vmac_addr: unsupported("one macvlan carries all addresses of the instance"),
  vrf: unsupported("an interface has to be named"),
};

const handlers: Handlers<InstanceDraft> = {
  ...trackHandlers,
  ...announceHandlers,
  ...identityHandlers,
  ...transportHandlers,
  ...contentHandlers,
};

/** Reads one instance; undefined when something that it can't be without is missing. */
export function readInstance(
  statement: Statement,
  globals: GlobalSettings,
  problems: Reason[],
): RouterConfiguration | undefined {
  const [keyword, name] = statement.words;
  if (name === undefined) {
    const data = { where: "vrrp_instance", word: "name", example: "vrrp_instance VI_1 {" };
    problems.push(reason(configReasons, "VIP_CONF_MISSING", data, keyword.at));
    return undefined;
  }
  const draft: InstanceDraft = {
    name,
    peers: [],
    addresses: [],
    excluded: [],
    routes: [],
    rules: [],
    tracks: [],
    devices: [],
    notify: {},
    ...(globals.runAs === undefined ? {} : { runAs: globals.runAs }),
  };
  readStatements(blockOf(statement, problems, "named"), handlers, draft, `vrrp_instance ${name.text}`, problems);
  return finishInstance(draft, globals, problems);
}
