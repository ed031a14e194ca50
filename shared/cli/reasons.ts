import { defineCatalogue } from "../reason/catalogue.ts";
import { textReasons } from "../reason/text-reasons.ts";

/** What can be wrong with a command line. */
export const cliReasons = defineCatalogue({
  ...textReasons,
  CLI_NO_COMMAND: {
    severity: "error",
    sentence: "a command is missing{after}",
    fix: "{hint}",
  },
  CLI_UNKNOWN_COMMAND: {
    severity: "error",
    sentence: 'there is no command "{word}"{after}',
    fix: "{hint}",
  },
  CLI_UNKNOWN_OPTION: {
    severity: "error",
    sentence: "there is no option {option} for {command}",
    fix: "{hint}",
  },
  CLI_OPTION_NEEDS_VALUE: {
    severity: "error",
    sentence: "the option {option} needs a value",
    fix: "write {option} {placeholder}",
  },
  CLI_OPTION_TAKES_NO_VALUE: {
    severity: "error",
    sentence: "the option {option} takes no value",
    fix: "write {option} alone",
  },
  CLI_OPTION_TWICE: {
    severity: "error",
    sentence: "the option {option} is given twice",
    fix: "keep one of them",
  },
  CLI_OPTION_MISSING: {
    severity: "error",
    sentence: "the option {option} is required",
    fix: "add {option} {placeholder}",
  },
  CLI_VALUE: {
    severity: "error",
    sentence: '"{value}" is not allowed for {name}',
    fix: "{hint}",
  },
  CLI_NUMBER: {
    severity: "error",
    sentence: '"{value}" is not {kind} for {name}',
    fix: "use {range}",
  },
  CLI_ARGUMENT_MISSING: {
    severity: "error",
    sentence: "{name} is missing",
    why: "{summary}",
  },
  CLI_TOO_MANY: {
    severity: "error",
    sentence: '"{word}" is one word too many for {command}',
    fix: "{usage}",
  },
  CLI_FORMAT: {
    severity: "error",
    sentence: "{command} can't answer as {format}",
    fix: "use one of: {formats}",
  },
  CLI_NEEDS_CONFIRMATION: {
    severity: "error",
    sentence: "{what}: this needs a confirmation",
    why: "{why}",
    fix: "{fix}",
  },
  CLI_NOT_CONFIRMED: {
    severity: "notice",
    sentence: "nothing was changed",
    why: "{why}",
  },
});
