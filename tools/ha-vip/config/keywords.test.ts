/** Every word of keepalived.conf(5) outside LVS is known by name: honoured, named as without effect, or refused. */
import { describe, expect, test } from "bun:test";
import { parseKeepalived } from "./keepalived.ts";

const GLOBAL = `
  vrrp_version vrrp_strict vrrp_startup_delay vrrp_skip_check_adv_addr vrrp_rx_bufs_policy vrrp_rx_bufs_multiplier
  vrrp_rt_priority vrrp_rlimit_rttime vrrp_process_name vrrp_priority vrrp_notify_priority_changes
  vrrp_notify_fifo_script vrrp_notify_fifo vrrp_no_swap vrrp_netlink_monitor_rcv_bufs_force
  vrrp_netlink_monitor_rcv_bufs vrrp_netlink_cmd_rcv_bufs_force vrrp_netlink_cmd_rcv_bufs vrrp_min_garp
  vrrp_mcast_group6 vrrp_mcast_group4 vrrp_lower_prio_no_advert vrrp_ipsets vrrp_iptables
  vrrp_higher_prio_send_advert vrrp_gna_interval vrrp_garp_master_repeat vrrp_garp_master_refresh_repeat
  vrrp_garp_master_refresh vrrp_garp_master_delay vrrp_garp_lower_prio_repeat vrrp_garp_lower_prio_delay
  vrrp_garp_interval vrrp_garp_extra_if vrrp_down_timer_adverts vrrp_cpu_affinity vrrp_check_unicast_src
  vmac_prefix vmac_addr_prefix tmp_config_directory startup_script_timeout startup_script snmp_socket smtp_server
  smtp_helo_name smtp_connect_timeout smtp_alert smtp_alert_vrrp smtp_alert_checker shutdown_script_timeout
  shutdown_script script_user rs_init_notifies router_id lvs_id reload_time_file reload_repeat reload_file
  reload_check_config random_seed process_names process_name process_monitor_rcv_bufs_force
  process_monitor_rcv_bufs notify_fifo_script notify_fifo notification_email_from notification_email
  no_email_faults no_checker_emails nftables_priority nftables_ipvs_start_fwmark nftables_ipvs_priority
  nftables_ipvs nftables_ifindex nftables_counters nftables min_auto_priority_delay max_auto_priority lvs_timeouts
  lvs_sync_daemon lvs_notify_fifo_script lvs_notify_fifo lvs_netlink_monitor_rcv_bufs_force
  lvs_netlink_monitor_rcv_bufs lvs_netlink_cmd_rcv_bufs_force lvs_netlink_cmd_rcv_bufs lvs_flush_on_stop lvs_flush
  log_unknown_vrids fifo_write_vrrp_states_on_reload enable_traps enable_snmp_vrrp enable_snmp_rfcv3
  enable_snmp_rfcv2 enable_snmp_rfc enable_snmp_checker enable_script_security enable_dbus dynamic_interfaces
  disable_local_igmp default_interface dbus_service_name data_use_instance config_save_dir checker_rt_priority
  checker_rlimit_rttime checker_process_name checker_priority checker_no_swap checker_log_all_failures
  checker_cpu_affinity bfd_rt_priority bfd_rlimit_rttime bfd_process_name bfd_priority bfd_no_swap
  bfd_cpu_affinity include_check umask
`;
const INSTANCE = `
  state interface vrf use_vmac use_vmac_addr vmac_xmit_base use_ipvlan native_ipv6 dont_track_primary
  track_interface track_script track_file track_process track_bfd mcast_src_ip unicast_src_ip mcast_dst_ip
  track_src_ip version unicast_peer unicast_ttl unicast_fault_no_peer old_unicast_checksum check_unicast_src
  linkbeat_use_polling garp_master_delay garp_lower_prio_delay garp_master_repeat garp_master_refresh
  garp_master_refresh_repeat garp_lower_prio_repeat garp_extra_if lower_prio_no_advert higher_prio_send_advert
  virtual_router_id priority advert_int authentication virtual_ipaddress virtual_ipaddress_excluded virtual_routes
  virtual_rules accept no_accept nopreempt preempt preempt_delay skip_check_adv_addr strict_mode debug notify
  notify_master notify_backup notify_fault notify_stop notify_deleted notify_master_rx_lower_pri
  notify_priority_changes smtp_alert kernel_rx_buf_size down_timer_adverts
`;
const TOP = `
  vrrp_instance vrrp_sync_group vrrp_script vrrp_track_file track_file vrrp_track_process static_ipaddress
  static_routes static_rules track_group bfd_instance garp_group linkbeat_interfaces interface_up_down_delays
  global_defs virtual_server virtual_server_group include net_namespace net_namespace_ipvs namespace_with_ipsets
  instance
`;
const SYNC_GROUP = `
  group track_interface track_script track_file track_process track_bfd notify notify_master notify_backup
  notify_fault notify_stop notify_priority_changes smtp_alert global_tracking sync_group_tracking_weight
`;
const SCRIPT = `
  script interval timeout weight rise fall user init_fail
`;
const PROCESS = `
  process param_match weight quorum quorum_max fork_delay terminate_delay delay full_command
`;
const FILE = `
  file weight init_file
`;

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

const BLOCKS: readonly (readonly [where: string, words: string, wrap: (word: string) => string])[] = [
  ["the top level", TOP, (word) => `${word} X {\n}\n`],
  ["global_defs", GLOBAL, (word) => `global_defs {\n ${word}\n}\n`],
  ["vrrp_instance", INSTANCE, (word) => `vrrp_instance X {\n ${word}\n}\n`],
  ["vrrp_sync_group", SYNC_GROUP, (word) => `vrrp_sync_group X {\n ${word}\n}\n`],
  ["vrrp_script", SCRIPT, (word) => `vrrp_script X {\n ${word}\n}\n`],
  ["vrrp_track_process", PROCESS, (word) => `vrrp_track_process X {\n ${word}\n}\n`],
  ["vrrp_track_file", FILE, (word) => `vrrp_track_file X {\n ${word}\n}\n`],
];

function codes(text: string): readonly string[] {
  const result = parseKeepalived("k.conf", text);
  return (result.ok ? result.warnings : result.problems).map((fact) => fact.code);
}

describe("the words of keepalived.conf", () => {
  for (const [where, list, wrap] of BLOCKS) {
    test(`of ${where} are all known`, () => {
      expect(words(list).filter((word) => codes(wrap(word)).includes("VIP_CONF_UNKNOWN"))).toEqual([]);
    });

    test(`another word in ${where} is named as unknown`, () => {
      expect(codes(wrap("no_such_word"))).toContain("VIP_CONF_UNKNOWN");
    });
  }
});
