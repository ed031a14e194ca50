import { defineCatalogue } from "../../../shared/reason/catalogue.ts";

/** Everything that ha-vip can say about an address and why. */
export const vipReasons = defineCatalogue({
  VIP_STARTED: { severity: "info", sentence: "{name} listens for a master on {device} (priority {priority})" },
  VIP_MASTER_LOST: {
    severity: "warning",
    sentence: "{name}: no advert from {master} for {silentMs} ms, so this host takes over",
    why: "three intervals and the skew time of priority {priority} passed without a word from the master",
  },
  VIP_MASTER_LEFT: { severity: "notice", sentence: "{name}: {master} gives the address up, so this host takes over" },
  VIP_NO_MASTER: { severity: "notice", sentence: "{name}: nobody speaks as master, so this host takes over" },
  VIP_BECAME_MASTER: { severity: "notice", sentence: "{name}: this host holds {addresses} (priority {priority})" },
  VIP_YIELDED: {
    severity: "notice",
    sentence: "{name}: {master} with priority {theirs} takes over from this host with {priority}",
    why: "the higher priority wins; with equal priorities the higher address does",
  },
  VIP_PREEMPTS: {
    severity: "notice",
    sentence: "{name}: takes over from {master}, whose priority {theirs} is lower than {priority}",
  },
  VIP_TWO_MASTERS: {
    severity: "warning",
    sentence: "{name}: {master} speaks as master too with priority {theirs}; this host stays with {priority}",
    why: "both were masters for a while, so neighbours may send to the wrong one; the address is announced again",
    fix: "find out why adverts between the two hosts were lost",
  },
  VIP_FAULT: { severity: "error", sentence: "{name}: can't serve here: {faults}" },
  VIP_MENDED: { severity: "notice", sentence: "{name}: can serve here again" },
  VIP_PRIORITY: { severity: "info", sentence: "{name}: priority {before} is now {priority}" },
  VIP_STOPPED: { severity: "notice", sentence: "{name}: stopped; {role} no more" },
  VIP_BAD_PACKET: {
    severity: "warning",
    sentence: "{name}: ignored an advert from {source}: {detail}",
    fix: "compare version, password and interface of both hosts",
  },
  VIP_ADDRESS_COUNT: {
    severity: "warning",
    sentence: "{name}: {master} announces {theirs} addresses, this host has {ours}",
    why: "the hosts are configured differently, so a failover would change which addresses exist",
    fix: "make the lists of addresses equal on all hosts",
  },
  VIP_INTERVAL_DIFFERS: {
    severity: "warning",
    sentence: "{name}: {master} sends every {theirs} ms, this host is set to {ours} ms",
    fix: "set the same interval on all hosts",
  },
  VIP_HANDED_OVER: { severity: "notice", sentence: "{name}: handed over to {to} without a gap" },
  VIP_GIVEN: { severity: "notice", sentence: "{name}: {master} hands the address over to this host" },
  VIP_CONFLICT: {
    severity: "error",
    sentence: "{name}: {address} answers at {mac}, and nobody speaks as master: it is left alone",
    why: "a host outside the cluster has the address, or one of the cluster that doesn't advertise any more",
    fix: "find the host with that hardware address and remove the address there; it is asked for again every second",
  },
  VIP_CONFLICT_OVER: { severity: "notice", sentence: "{name}: nobody else answers for the address any more" },
  VIP_DUPLICATE_ADDRESS: {
    severity: "error",
    sentence: "{name}: {address} is here and also answers at {mac}",
    fix: "remove the address from the host with that hardware address",
  },
  VIP_DUPLICATE_VRID: {
    severity: "warning",
    sentence: "{name}: {master} uses virtual router {vrid} for other addresses: {theirs}",
    why: "two clusters with one number on a link follow each other's masters",
    fix: "give one of the clusters another virtual_router_id",
  },
  VIP_OVERSLEPT: {
    severity: "warning",
    sentence: "{name}: this host stood still for {silentMs} ms and {master} took over; it keeps the address",
  },
  VIP_WITNESS_REFUSES: {
    severity: "warning",
    sentence: "{name}: no advert from the master, but the witness says that {holder} lives: this host waits",
    why: "adverts get lost on the way here; taking over would make two masters",
    fix: "mend the network between the two hosts",
  },
  VIP_WITNESS_MOVED: {
    severity: "warning",
    sentence: "{name}: the witness has given the address to {holder}; this host lets go",
  },
  VIP_GROUP_MASTER: { severity: "notice", sentence: "{name}: follows {because} of its group and takes over" },
  VIP_GROUP_BACKUP: { severity: "notice", sentence: "{name}: follows {because} of its group and steps down" },
  VIP_RELOADED: {
    severity: "notice",
    sentence: "configuration read anew: {added} added, {changed} changed, {removed} removed, {kept} untouched",
  },
  VIP_RELOAD_FAILED: { severity: "error", sentence: "the new configuration has mistakes; the old one runs on" },
  VIP_NOTIFY_FAILED: { severity: "warning", sentence: "{name}: the script {script} for {state} failed: {detail}" },
  VIP_SEND_FAILED: { severity: "warning", sentence: "{name}: adverts can't be sent: {detail}" },
  VIP_ADDRESS_REFUSED: { severity: "error", sentence: "{name}: the kernel refuses {what}: {detail}" },
  VIP_RELEASED: { severity: "notice", sentence: "{name}: kept away from this host for {forMs} {why}" },
  VIP_RELEASE_OVER: { severity: "notice", sentence: "{name}: may be on this host again: {because}" },
  VIP_CHECK_DOWN: { severity: "warning", sentence: "check {check} fails: {detail}" },
  VIP_CHECK_UP: { severity: "notice", sentence: "check {check} passes" },
  VIP_ADDRESS_TAKEN_AWAY: {
    severity: "warning",
    sentence: "{name}: somebody removed {address} from {device}; it is back",
  },
  VIP_RUNS_ALREADY: {
    severity: "error",
    sentence: "another process ({pid}) holds {path}",
    fix: "stop it first, or give this one another --pid-file and FIVENINES_RUN_DIR",
  },
  VIP_PID_FILE: { severity: "error", sentence: "can't write {path}: {detail}" },
  VIP_NOT_RESPAWNED: { severity: "critical", sentence: "the daemon is gone and is not started again (--dont-respawn)" },
  VIP_GRANT_MOVED: { severity: "notice", sentence: "{subject}: granted to {to}, because {from} has been silent" },
});
