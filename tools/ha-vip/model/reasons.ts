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
  VIP_CHECK_DOWN: { severity: "warning", sentence: "check {check} fails: {detail}" },
  VIP_CHECK_UP: { severity: "notice", sentence: "check {check} passes" },
  VIP_ADDRESS_TAKEN_AWAY: {
    severity: "warning",
    sentence: "{name}: somebody removed {address} from {device}; it is back",
  },
});
