import { defineCatalogue, type reason } from "../../../shared/reason/catalogue.ts";

/**
 * Problems of configurations. `hint` in the data is a "did you mean" or the list of what is allowed;
 * `means` says what is so in ha-lb.
 */
export const LB_CONFIG_REASONS = defineCatalogue({
  LB_UNKNOWN_SECTION: { severity: "error", sentence: "unknown keyword '{keyword}' out of section", fix: "{hint}" },
  LB_UNKNOWN_KEYWORD: {
    severity: "error",
    sentence: "unknown keyword '{keyword}' in '{section}' section",
    fix: "{hint}",
  },
  LB_UNKNOWN_WORD: { severity: "error", sentence: "'{keyword}' doesn't know '{word}'", fix: "{hint}" },
  LB_UNKNOWN_OPTION: { severity: "error", sentence: "unknown option '{option}'", fix: "{hint}" },
  LB_UNKNOWN_FETCH: { severity: "error", sentence: "unknown fetch method '{name}' in '{text}'", fix: "{hint}" },
  LB_UNKNOWN_CONVERTER: { severity: "error", sentence: "unknown converter '{name}' in '{text}'", fix: "{hint}" },
  LB_MISSING_ARGUMENT: { severity: "error", sentence: "'{keyword}' expects {expected}", fix: "{hint}" },
  LB_TOO_MANY_ARGUMENTS: {
    severity: "error",
    sentence: "'{keyword}' cannot take the argument '{word}'",
    fix: "{hint}",
  },
  LB_BAD_NUMBER: { severity: "error", sentence: "'{keyword}' expects {expected}, not '{text}'" },
  LB_BAD_TIME: { severity: "error", sentence: "'{keyword}' expects a time, not '{text}'", fix: "{hint}" },
  LB_BAD_SIZE: { severity: "error", sentence: "'{keyword}' expects a size such as 16k or 1m, not '{text}'" },
  LB_BAD_CHOICE: { severity: "error", sentence: "'{keyword}' doesn't accept '{got}'", fix: "{hint}" },
  LB_BAD_ADDRESS: { severity: "error", sentence: "'{keyword}': '{text}' is not an address: {problem}" },
  LB_BAD_REGEX: { severity: "error", sentence: "'{keyword}': regular expression '{text}': {problem}" },
  LB_BAD_PATTERN: { severity: "error", sentence: "'{text}' is not a pattern for '-m {match}': {problem}" },
  LB_BAD_NAME: {
    severity: "error",
    sentence: "character '{character}' is not permitted in the name '{name}'",
    fix: "use letters, digits, '-', '_', '.' and ':'",
  },
  LB_BAD_ARGUMENT: { severity: "error", sentence: "'{name}': argument {index} ('{text}') must be {expected}" },
  LB_BAD_EXPRESSION: { severity: "error", sentence: "in '{text}': {problem}" },
  LB_BAD_CONDITION: { severity: "error", sentence: "in the condition '{text}': {problem}" },
  LB_BAD_LOG_FORMAT: { severity: "error", sentence: "in the log format '{text}': {problem}", fix: "{hint}" },
  LB_BAD_CAST: {
    severity: "error",
    sentence: "converter '{name}' cannot be applied to a sample of type {type}",
    fix: "it takes {input}",
  },
  LB_BAD_COMBINATION: { severity: "error", sentence: "'{keyword}': {problem}" },
  LB_NO_SUCH_ACL: {
    severity: "error",
    sentence: "no such ACL: '{name}'",
    why: "an acl must be declared in the same section, before it is used",
    fix: "{hint}",
  },
  LB_NO_SUCH_BACKEND: { severity: "error", sentence: "unable to find required {keyword}: '{name}'", fix: "{hint}" },
  LB_NO_SUCH_SECTION: { severity: "error", sentence: "'{keyword}' names the unknown {kind} '{name}'", fix: "{hint}" },
  LB_NO_SUCH_SERVER: {
    severity: "error",
    sentence: "unable to find server '{name}' in proxy '{proxy}'",
    fix: "{hint}",
  },
  LB_NO_STICK_TABLE: {
    severity: "error",
    sentence: "proxy '{name}' has no stick-table",
    why: "'{keyword}' reads or writes it",
  },
  LB_WRONG_MODE: { severity: "error", sentence: "{kind} '{name}' has mode {mode} but '{keyword}' needs mode {wanted}" },
  LB_DUPLICATE_NAME: {
    severity: "error",
    sentence: "{kind} '{name}' has the same name as the one declared at {other}",
  },
  LB_NO_BIND: { severity: "warning", sentence: "frontend '{name}' has no 'bind' line: it receives nothing" },
  LB_NO_SERVERS: {
    severity: "warning",
    sentence: "backend '{name}' has no server: requests to it are answered with 503",
  },
  LB_TIMEOUT_MISSING: {
    severity: "warning",
    sentence: "missing timeouts for {kind} '{name}': {missing}",
    why: "without them, dead connections stay for ever",
    fix: "set them here or in 'defaults'",
  },
  LB_WRONG_SECTION: { severity: "error", sentence: "'{keyword}' is not allowed in a '{section}' section" },
  LB_WRONG_SIDE: { severity: "warning", sentence: "'{keyword}' is ignored: '{name}' has no {side} capability" },
  LB_WRONG_SIDE_ERROR: { severity: "error", sentence: "'{keyword}': proxy '{name}' has no {side} capability" },
  LB_IMPORT_CONDITIONAL: {
    severity: "warning",
    sentence: "'{directive}' can't be kept in YAML: the branch that holds now was taken",
    fix: "check what the other branches are for",
  },
  LB_IMPORT_COMMENTS: { severity: "notice", sentence: "{count} comments were not taken over" },
  LB_DEFAULTS_SHARED: {
    severity: "error",
    sentence: "defaults section '{name}' defines rules and is used by frontends and by backends",
    fix: "write two defaults sections",
  },
  LB_ZERO_WARNING: { severity: "error", sentence: "there are warnings, and 'zero-warning' is set" },
  LB_NO_CHECK_PORT: {
    severity: "error",
    sentence: "server '{name}' has neither a service port nor a check port",
    fix: "add a port to the address, or 'port N'",
  },
  LB_NO_CA_FILE: {
    severity: "error",
    sentence: "server '{name}': its certificate shall be verified, and there is no 'ca-file'",
    fix: "add 'ca-file FILE' (or 'ca-file @system-ca'), or 'verify none' if you trust the network",
  },
  LB_NO_AGENT_PORT: { severity: "error", sentence: "server '{name}' has 'agent-check' and no 'agent-port'" },
  LB_NO_CAPTURE: {
    severity: "error",
    sentence: "unable to find capture id '{id}'",
    fix: "declare it with 'declare capture', before or after",
  },
  LB_EXTERNAL_CHECK: { severity: "error", sentence: "'option external-check' of '{name}': {problem}" },
  LB_WRONG_MODE_IGNORED: {
    severity: "warning",
    sentence: "'{keyword}' is ignored: {kind} '{name}' is not in mode {wanted}",
  },
  LB_SAMPLE_UNAVAILABLE: { severity: "error", sentence: "'{name}' cannot be used in '{place}': {problem}" },
  LB_SAMPLE_NEVER: { severity: "warning", sentence: "'{text}' never holds in '{place}': {problem}" },
  LB_NEVER_MATCHES: {
    severity: "warning",
    sentence: "acl '{name}' has no pattern: it never matches",
    fix: "add '--' when that is meant, '-m found' to test existence, '-m bool' to test a number",
  },
  LB_RULE_ORDER: {
    severity: "warning",
    sentence: "the '{keyword}' rule placed after a '{after}' rule is still processed before it",
  },
  LB_RULE_UNREACHABLE: {
    severity: "warning",
    sentence: "rules after this '{keyword}' are never reached: it has no condition",
  },
  LB_OLD_LISTEN_ADDRESS: {
    severity: "warning",
    sentence:
      "'{keyword} {name} {address}': an address on this line was removed from HAProxy in 1.7; read as 'bind {address}'",
    fix: "write 'bind {address}' on a line of its own",
  },
  LB_DEPRECATED: { severity: "warning", sentence: "'{keyword}' is deprecated", fix: "{means}" },
  LB_REMOVED: { severity: "error", sentence: "'{keyword}' is not supported any more", fix: "{means}" },
  LB_EXPLAIN: { severity: "error", sentence: "can't explain that: {problem}" },
  LB_NO_SERVER: { severity: "error", sentence: "there is no server {name}", fix: "{hint}" },
  LB_IGNORED: { severity: "warning", sentence: "'{keyword}' has no effect in ha-lb: {means}" },
  LB_NOT_SUPPORTED: { severity: "error", sentence: "'{keyword}' is not supported by ha-lb: {means}" },
  LB_CUSTOM_NOTICE: { severity: "notice", sentence: "{text}" },
  LB_CUSTOM_WARNING: { severity: "warning", sentence: "{text}" },
  LB_CUSTOM_ALERT: { severity: "error", sentence: "{text}" },
  LB_BAD_QUOTE: {
    severity: "error",
    sentence: "unmatched {kind} quote",
    fix: "close it, or escape it with a backslash",
  },
  LB_BAD_ESCAPE: { severity: "error", sentence: "truncated or invalid '{text}' sequence" },
  LB_BAD_VARIABLE: { severity: "error", sentence: "environment variable: {problem}" },
  LB_TOO_MANY_WORDS: { severity: "error", sentence: "too many words: {most} at most in a line" },
  LB_LINE_TOO_LONG: { severity: "error", sentence: "line too long: {most} characters at most" },
  LB_TOO_MUCH: { severity: "error", sentence: "too many {what}: {most} at most" },
  LB_NUL_BYTE: { severity: "error", sentence: "the file holds a NUL byte: it is not a text" },
  LB_NO_NEWLINE: {
    severity: "error",
    sentence: "missing line feed at the end of the file",
    why: "it may have been cut off",
  },
  LB_BAD_DIRECTIVE: { severity: "error", sentence: "'{directive}': {problem}", fix: "{hint}" },
  LB_UNCLOSED_IF: { severity: "error", sentence: "missing '.endif' for the '.if' at line {line}" },
  LB_FILE_UNREADABLE: { severity: "error", sentence: "'{keyword}': cannot read '{path}': {problem}" },
  LB_NOTHING_TO_DO: { severity: "warning", sentence: "the configuration has no frontend: nothing listens" },
  LB_PLAIN_PASSWORD: {
    severity: "warning",
    sentence: "the password of '{user}' is written in clear",
    fix: "use 'password' with a crypt(3) hash",
  },
});

export type LbConfigCode = keyof typeof LB_CONFIG_REASONS;

/** The data that a problem's texts need. */
export type ProblemData<Code extends LbConfigCode> = Parameters<typeof reason<typeof LB_CONFIG_REASONS, Code>>[2];
