/** The block `global_defs` of keepalived.conf(5): what VRRP needs of it. */
import { reason } from "../../../shared/reason/catalogue.ts";
import { configReasons } from "../model/config-reasons.ts";
import type { FifoSettings, NotifyScript, RunAs } from "../model/configuration.ts";
import type { IpAddress } from "../../../shared/text/address.ts";
import { MAIL, readScriptWords } from "./keepalived-track.ts";
import {
  type Handler,
  type Handlers,
  ignored,
  readAddress,
  readOne,
  readSeconds,
  readSwitch,
  readText,
  readWhole,
  surplus,
  unsupported,
} from "./reader.ts";

/** Settings of announcements and adverts that instances inherit. */
export interface RouterGlobals {
  version?: 2 | 3;
  announceCount?: number;
  announceDelayMs?: number;
  announceRefreshMs?: number;
  announceRefreshCount?: number;
  repairCount?: number;
  repairDelayMs?: number;
  downIntervals?: number;
  answerLower?: boolean;
  answerHigher?: boolean;
}

/** `notify_fifo` or `vrrp_notify_fifo`: each may have a script of its own. */
type FifoKind = "any" | "vrrp";

export interface GlobalSettings extends RouterGlobals {
  runAs?: RunAs;
  startupDelayMs?: number;
  group4?: IpAddress;
  group6?: IpAddress;
  defaultDevice?: string;
  vmacPrefix?: string;
  startup?: NotifyScript;
  shutdown?: NotifyScript;
  priorityChanges?: boolean;
  readonly fifos: { kind: FifoKind; path: string; runAs?: RunAs }[];
  /** A FIFO's script may stand before the FIFO. */
  readonly fifoScripts: Map<FifoKind, NotifyScript>;
}

const ONE_HOUR_MS = 3_600_000;

type NumberKey = "announceCount" | "announceRefreshCount" | "repairCount" | "downIntervals";
type TimeKey = "announceDelayMs" | "announceRefreshMs" | "repairDelayMs";

function whole(key: NumberKey, least: number, most: number): Handler<RouterGlobals> {
  return (statement, draft, problems) => {
    const value = readWhole(statement, least, most, problems);
    if (value !== undefined) draft[key] = value;
  };
}

function seconds(key: TimeKey): Handler<RouterGlobals> {
  return (statement, draft, problems) => {
    const value = readSeconds(statement, 0, ONE_HOUR_MS, problems);
    if (value !== undefined) draft[key] = value;
  };
}

/** The same words in `global_defs` (with `vrrp_` before them) and in `vrrp_instance`. */
export const announceHandlers: Handlers<RouterGlobals> = {
  garp_master_repeat: whole("announceCount", 1, 100),
  garp_master_delay: seconds("announceDelayMs"),
  garp_master_refresh: seconds("announceRefreshMs"),
  garp_master_refresh_repeat: whole("announceRefreshCount", 1, 100),
  garp_lower_prio_repeat: whole("repairCount", 0, 100),
  garp_lower_prio_delay: seconds("repairDelayMs"),
  down_timer_adverts: whole("downIntervals", 1, 100),
  lower_prio_no_advert(statement, draft, problems) {
    draft.answerLower = !readSwitch(statement, problems);
  },
  higher_prio_send_advert(statement, draft, problems) {
    draft.answerHigher = readSwitch(statement, problems);
  },
};

function fifo(kind: FifoKind): Handler<GlobalSettings> {
  return (statement, draft, problems) => {
    surplus(statement, 4, problems);
    const path = readText(statement, "/run/vrrp.fifo", problems);
    if (path === undefined) return;
    const [, , user, group] = statement.words;
    const runAs =
      user === undefined ? {} : { runAs: { user: user.text, ...(group === undefined ? {} : { group: group.text }) } };
    draft.fifos.push({ kind, path, ...runAs });
  };
}

function fifoScript(kind: FifoKind): Handler<GlobalSettings> {
  return (statement, draft, problems) => {
    const script = readScriptWords(statement, draft.runAs, problems);
    if (script !== undefined) draft.fifoScripts.set(kind, script);
  };
}

function multicastGroup(family: 4 | 6): Handler<GlobalSettings> {
  return (statement, draft, problems) => {
    readOne(statement, family === 4 ? "224.0.0.18" : "ff02::12", problems);
    const word = statement.words[1];
    const address = word === undefined ? undefined : readAddress(word, problems);
    if (address === undefined) return;
    if (address.family !== family) {
      const data = {
        word: statement.words[0].text,
        needs: `an IPv${family} group`,
        example: "vrrp_mcast_group4 224.0.0.18",
      };
      problems.push(reason(configReasons, "VIP_CONF_VALUE", data, word?.at));
    } else draft[family === 4 ? "group4" : "group6"] = address;
  };
}

function script(key: "startup" | "shutdown"): Handler<GlobalSettings> {
  return (statement, draft, problems) => {
    const found = readScriptWords(statement, draft.runAs, problems);
    if (found !== undefined) draft[key] = found;
  };
}

const OWN_WAY = "ha-vip does this in its own way";
const NOT_LVS = "ha-vip is for addresses; ha-lb balances load";
const NO_SNMP = "there are Prometheus metrics (ha-vip metrics) and a control socket instead";

function all<Draft>(words: readonly string[], handler: Handler<Draft>): Handlers<Draft> {
  return Object.fromEntries(words.map((word) => [word, handler]));
}

export const globalHandlers: Handlers<GlobalSettings> = {
  ...Object.fromEntries(Object.entries(announceHandlers).map(([word, handler]) => [`vrrp_${word}`, handler])),
  vrrp_version(statement, draft, problems) {
    const value = readWhole(statement, 2, 3, problems);
    if (value !== undefined) draft.version = value === 2 ? 2 : 3;
  },
  script_user(statement, draft, problems) {
    surplus(statement, 3, problems);
    const user = readText(statement, "keepalived_script", problems);
    const group = statement.words[2]?.text;
    if (user !== undefined) draft.runAs = { user, ...(group === undefined ? {} : { group }) };
  },
  vrrp_startup_delay(statement, draft, problems) {
    const value = readSeconds(statement, 0, ONE_HOUR_MS, problems);
    if (value !== undefined) draft.startupDelayMs = value;
  },
  default_interface(statement, draft, problems) {
    const device = readOne(statement, "eth0", problems);
    if (device !== undefined) draft.defaultDevice = device;
  },
  vmac_prefix(statement, draft, problems) {
    const prefix = readOne(statement, "vrrp", problems);
    if (prefix !== undefined) draft.vmacPrefix = prefix;
  },
  vrrp_notify_priority_changes(statement, draft, problems) {
    draft.priorityChanges = readSwitch(statement, problems);
  },
  vrrp_mcast_group4: multicastGroup(4),
  vrrp_mcast_group6: multicastGroup(6),
  notify_fifo: fifo("any"),
  vrrp_notify_fifo: fifo("vrrp"),
  notify_fifo_script: fifoScript("any"),
  vrrp_notify_fifo_script: fifoScript("vrrp"),
  startup_script: script("startup"),
  shutdown_script: script("shutdown"),
  enable_script_security: ignored("scripts that others can change are never run as root"),
  ...all(["router_id", "lvs_id"], ignored("a host is known by its host name")),
  ...all(
    [
      "notification_email",
      "notification_email_from",
      "smtp_server",
      "smtp_connect_timeout",
      "smtp_helo_name",
      "smtp_alert",
      "smtp_alert_vrrp",
      "smtp_alert_checker",
      "no_email_faults",
      "checker_log_all_failures",
      "no_checker_emails",
    ],
    ignored(MAIL),
  ),
  ...all(
    [
      "process_names",
      "process_name",
      "vrrp_process_name",
      "checker_process_name",
      "bfd_process_name",
      "vrrp_priority",
      "vrrp_no_swap",
      "vrrp_rt_priority",
      "vrrp_cpu_affinity",
      "vrrp_rlimit_rttime",
      "vrrp_rlimit_rtime",
      "max_auto_priority",
      "min_auto_priority_delay",
      "tmp_config_directory",
      "config_save_dir",
      "use_pid_dir",
      "umask",
      "random_seed",
      "reload_repeat",
      "startup_script_timeout",
      "shutdown_script_timeout",
      "dynamic_interfaces",
      "vrrp_garp_interval",
      "vrrp_gna_interval",
      "vrrp_min_garp",
      "vrrp_skip_check_adv_addr",
      "vrrp_check_unicast_src",
      "vrrp_rx_bufs_policy",
      "vrrp_rx_bufs_multiplier",
      "log_unknown_vrids",
      "data_use_instance",
      "include_check",
      "reload_check_config",
      "vrrp_netlink_cmd_rcv_bufs",
      "vrrp_netlink_cmd_rcv_bufs_force",
      "vrrp_netlink_monitor_rcv_bufs",
      "vrrp_netlink_monitor_rcv_bufs_force",
      "process_monitor_rcv_bufs",
      "process_monitor_rcv_bufs_force",
      "fifo_write_vrrp_states_on_reload",
      "child_wait_time",
      "vmac_addr_prefix",
    ],
    ignored(OWN_WAY),
  ),
  ...all(
    [
      "checker_priority",
      "bfd_priority",
      "checker_no_swap",
      "bfd_no_swap",
      "checker_cpu_affinity",
      "bfd_cpu_affinity",
      "checker_rt_priority",
      "bfd_rt_priority",
      "checker_rlimit_rttime",
      "bfd_rlimit_rttime",
      "rs_init_notifies",
    ],
    ignored("ha-vip has no such process"),
  ),
  ...all(
    [
      "lvs_sync_daemon",
      "lvs_timeouts",
      "lvs_flush",
      "lvs_flush_on_stop",
      "lvs_flush_onstop",
      "lvs_notify_fifo",
      "lvs_notify_fifo_script",
      "nftables_ipvs",
      "nftables_ipvs_priority",
      "nftables_ipvs_start_fwmark",
      "lvs_netlink_cmd_rcv_bufs",
      "lvs_netlink_monitor_rcv_bufs",
      "lvs_netlink_monitor_rcv_bufs_force",
      "lvs_netlink_cmd_rcv_bufs_force",
    ],
    unsupported(NOT_LVS),
  ),
  ...all(
    [
      "nftables",
      "nftables_priority",
      "nftables_counters",
      "nftables_ifindex",
      "vrrp_iptables",
      "vrrp_ipsets",
      "disable_local_igmp",
    ],
    unsupported("ha-vip changes no firewall; packets to the addresses are always accepted"),
  ),
  ...all(
    [
      "enable_snmp_vrrp",
      "enable_snmp_keepalived",
      "enable_snmp_checker",
      "enable_snmp_rfc",
      "enable_snmp_rfcv2",
      "enable_snmp_rfcv3",
      "enable_traps",
      "snmp_socket",
      "enable_dbus",
      "dbus_service_name",
      "dbus_no_interface_name",
    ],
    unsupported(NO_SNMP),
  ),
  ...all(["reload_time_file", "reload_file"], unsupported("reload it with SIGHUP or ha-vip apply")),
  vrrp_garp_extra_if: unsupported("announcements go out where the address is"),
  vrrp_strict(statement, _draft, problems) {
    if (!readSwitch(statement, problems)) return;
    const because = "strict mode drops packets to the addresses with a firewall, which ha-vip doesn't change";
    problems.push(
      reason(configReasons, "VIP_CONF_UNSUPPORTED", { word: "vrrp_strict", because }, statement.words[0].at),
    );
  },
};

/** The FIFOs with their scripts. */
export function fifosOf(globals: GlobalSettings): FifoSettings[] {
  return globals.fifos.map(({ kind, ...fifoSettings }) => {
    const found = globals.fifoScripts.get(kind);
    return found === undefined ? fifoSettings : { ...fifoSettings, script: found };
  });
}
