import { defineCatalogue } from "../../../shared/reason/catalogue.ts";

/** What can be wrong with a configuration of ha-vip. */
export const configReasons = defineCatalogue({
  VIP_CONF_UNREADABLE: { severity: "error", sentence: "can't read {path}: {detail}" },
  VIP_CONF_QUOTE: { severity: "error", sentence: "a quoted word doesn't end on its line", fix: 'add the closing "' },
  VIP_CONF_BRACE_OPEN: { severity: "error", sentence: "this { opens a block without a name" },
  VIP_CONF_BRACE_CLOSE: {
    severity: "error",
    sentence: "this } closes nothing",
    fix: "remove it, or add the block's {",
  },
  VIP_CONF_BRACE_MISSING: { severity: "error", sentence: "the block {name} is never closed", fix: "add a }" },
  VIP_CONF_DEEP: { severity: "error", sentence: "blocks are nested more than {most} deep" },
  VIP_CONF_TOO_BIG: { severity: "error", sentence: "the file has more than {most} characters" },
  VIP_CONF_UNKNOWN: { severity: "error", sentence: "{where} has no setting {word}", fix: "{hint}" },
  VIP_CONF_UNSUPPORTED: {
    severity: "error",
    sentence: "{word} is not supported",
    why: "{because}",
    fix: "remove it; without it the rest works as written",
  },
  VIP_CONF_IGNORED: { severity: "warning", sentence: "{word} has no effect here: {because}" },
  VIP_CONF_VALUE: { severity: "error", sentence: "{word} needs {needs}", fix: "write for example: {example}" },
  VIP_CONF_NEEDS_BLOCK: { severity: "error", sentence: "{word} needs a block in braces" },
  VIP_CONF_MISSING: { severity: "error", sentence: "{where} has no {word}", fix: "add: {example}" },
  VIP_CONF_TWICE: { severity: "error", sentence: "{what} {name} is defined twice", fix: "rename or remove one" },
  VIP_CONF_NO_SCRIPT: { severity: "error", sentence: "no vrrp_script is called {name}", fix: "{hint}" },
  VIP_CONF_VRID_CLASH: {
    severity: "error",
    sentence: "{name} and {other} both use virtual router {vrid} on {device}",
    why: "each would take the other's adverts for those of a master of its own",
    fix: "give one of them another virtual_router_id",
  },
  VIP_CONF_STATE_SLAVE: {
    severity: "warning",
    sentence: "state SLAVE is read as BACKUP",
    why: "there are only MASTER and BACKUP; other words mean BACKUP",
    fix: "write: state BACKUP",
  },
  VIP_CONF_PASSWORD: {
    severity: "warning",
    sentence: "{name}: auth_pass travels in clear text and proves nothing",
    why: "anyone on the link can read it; it only keeps routers of the same number apart by mistake",
    fix: "filter protocol 112 to the hosts of the cluster",
  },
  VIP_CONF_PASSWORD_LONG: {
    severity: "warning",
    sentence: "{name}: only the first 8 characters of auth_pass are used",
  },
  VIP_CONF_PASSWORD_V3: {
    severity: "warning",
    sentence: "{name}: version 3 of VRRP has no authentication; the block is not used",
  },
  VIP_CONF_WEAK_WEIGHT: {
    severity: "warning",
    sentence: "{name}: the weight {weight} of {check} may be too small to cause a failover",
    why: "another host takes over only when its priority is higher; a difference above {weight} is never overcome",
    fix: "use a weight above the difference of priorities, or 0 to make a failing check a fault",
  },
  VIP_CONF_KILLALL: {
    severity: "warning",
    sentence: "{check}: killall -0 only proves that a process exists",
    why: "a process that hangs or has no listener still exists",
    fix: "check the service itself: --check tcp://127.0.0.1:80 or http://127.0.0.1/health",
  },
});
