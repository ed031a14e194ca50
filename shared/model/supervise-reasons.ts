import { defineCatalogue } from "../reason/catalogue.ts";

/** What a supervisor tells about its child. */
export const superviseReasons = defineCatalogue({
  SUPERVISE_READY: {
    severity: "info",
    sentence: "{tool} is ready (process {pid})",
  },
  SUPERVISE_DIED: {
    severity: "error",
    sentence: "{tool} died ({how}) after {ran}; it starts again in {restartIn}",
    why: "what it held was released as far as the tool allows",
    fix: "look at the log lines before this one; report it if it comes again",
  },
  SUPERVISE_DIED_FOR_GOOD: {
    severity: "critical",
    sentence: "{tool} ended ({how}) and is not started again",
    why: "it ended before it was ready, in a way that a restart can't mend",
    fix: "mend what its own message names, then start it",
  },
  SUPERVISE_ENDED: {
    severity: "info",
    sentence: "{tool} has ended",
  },
  SUPERVISE_HUNG: {
    severity: "error",
    sentence: "{tool} gave no sign of life for {silent} and was killed",
    why: "a daemon that doesn't answer serves nobody and would keep what it holds",
  },
  SUPERVISE_START_FAILED: {
    severity: "error",
    sentence: "{tool} could not be started: {detail}; next try in {restartIn}",
  },
  SUPERVISE_STOPPING: {
    severity: "notice",
    sentence: "{tool} stops ({signal})",
  },
  SUPERVISE_KILLED: {
    severity: "warning",
    sentence: "{tool} did not stop in time and was killed",
  },
  SUPERVISE_HOOK_FAILED: {
    severity: "critical",
    sentence: "releasing what the dead {tool} held failed: {detail}",
    fix: "check by hand that this host holds nothing that another one holds too",
  },
});
