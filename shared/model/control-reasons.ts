import { defineCatalogue } from "../reason/catalogue.ts";

/** What can go wrong between a command and a daemon. */
export const controlReasons = defineCatalogue({
  CONTROL_NOT_RUNNING: {
    severity: "error",
    sentence: "{tool} isn't running on this host",
    why: "nothing listens at {path}",
    fix: "start it: systemctl start {tool}, or {tool} run",
  },
  CONTROL_NO_ACCESS: {
    severity: "error",
    sentence: "you may not talk to {tool}",
    why: "{path} is only for root and the group haclient",
    fix: "use sudo, or add yourself to the group haclient",
  },
  CONTROL_UNREACHABLE: {
    severity: "error",
    sentence: "{tool} can't be reached at {path}: {detail}",
  },
  CONTROL_LOST: {
    severity: "error",
    sentence: "{tool} closed the connection before it answered",
    why: "it stopped or was restarted",
    fix: "look into its log and try again",
  },
  CONTROL_TIMEOUT: {
    severity: "error",
    sentence: "{tool} did not answer {method} within {limit}",
    fix: "look into its log; give more time with --timeout",
  },
  CONTROL_VERSION: {
    severity: "error",
    sentence: "{tool} speaks version {found} of the control protocol, this program speaks {known}",
    fix: "bring both to the same release",
  },
  CONTROL_NOT_A_DAEMON: {
    severity: "error",
    sentence: "what answers at {path} is not one of our daemons",
    why: "{detail}",
  },
  CONTROL_ANSWER_SHAPE: {
    severity: "error",
    sentence: "{tool} answered {method} in a form that this program doesn't know",
    why: "{detail}",
    fix: "bring both to the same release",
  },
  CONTROL_BAD_LINE: {
    severity: "error",
    sentence: "a request must be one JSON object in a line: {detail}",
  },
  CONTROL_LINE_TOO_LONG: {
    severity: "error",
    sentence: "a line may have {most} bytes at most",
  },
  CONTROL_NO_METHOD: {
    severity: "error",
    sentence: "there is no method {method}",
    fix: "{hint}",
  },
  CONTROL_PARAMS: {
    severity: "error",
    sentence: "{method} can't take {path}: {detail}",
  },
  CONTROL_BUSY: {
    severity: "error",
    sentence: "{what} already, which is the limit",
    fix: "try again later",
  },
  CONTROL_NO_PERMISSION: {
    severity: "error",
    sentence: "{user} may not {method}",
  },
  CONTROL_DEFECT: {
    severity: "error",
    sentence: "{method} failed because of a defect in the daemon: {detail}",
    fix: "look into its log, and report it",
  },
  CONTROL_ALREADY_RUNNING: {
    severity: "error",
    sentence: "{tool} already runs here as process {pid}",
    why: "it holds the lock {path}",
    fix: 'use that one ("{tool} status"), or stop it first',
  },
  CONTROL_SOCKET: {
    severity: "error",
    sentence: "the control socket {path} can't be made: {detail}",
  },
});
