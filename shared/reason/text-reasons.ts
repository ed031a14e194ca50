import { defineCatalogue } from "./catalogue.ts";

/**
 * What can be wrong with any text a person wrote, whatever tool reads it. Tools merge it with their own:
 * `defineCatalogue({ ...textReasons, VIP_…: … })`. `hint` is a did-you-mean or the list of what is allowed.
 */
export const textReasons = defineCatalogue({
  TEXT_DURATION: {
    severity: "error",
    sentence: '"{text}" is not a duration',
    fix: 'write a number with a unit, such as "100ms", "5s", "10m", "2h", "1d"',
  },
  TEXT_DURATION_UNIT: {
    severity: "error",
    sentence: '"{text}" has no unit of time',
    why: "a bare number could be milliseconds or seconds",
    fix: 'add a unit: "{text}s", "{text}ms"',
  },
  TEXT_DURATION_RANGE: {
    severity: "error",
    sentence: "{text} is outside of {least} to {most}",
  },
  TEXT_SIZE: {
    severity: "error",
    sentence: '"{text}" is not a size',
    fix: 'write bytes, or a number with k, m, g or t, such as "64k", "16m", "2g"',
  },
  TEXT_ADDRESS: {
    severity: "error",
    sentence: '"{text}" is not an IP address',
    fix: "write an IPv4 address such as 10.0.0.100 or an IPv6 address such as 2001:db8::1",
  },
  TEXT_ADDRESS_ZEROS: {
    severity: "error",
    sentence: '"{text}" has a number with leading zeros',
    why: "some programs read such a number as octal, so the address would differ between programs",
    fix: "remove the leading zeros",
  },
  TEXT_PREFIX: {
    severity: "error",
    sentence: '"{text}" has a wrong prefix length',
    fix: "write /0 to /{most} after the address",
  },
  TEXT_ENDPOINT: {
    severity: "error",
    sentence: '"{text}" is not an address with a port',
    fix: "write 10.0.0.1:80, [2001:db8::1]:80 or name:80",
  },
  TEXT_PORT: {
    severity: "error",
    sentence: '"{text}" is not a port',
    fix: "use a number from 1 to 65535",
  },
  TEXT_YAML_SYNTAX: {
    severity: "error",
    sentence: "this is not valid YAML: {detail}",
  },
  TEXT_YAML_TOO_BIG: {
    severity: "error",
    sentence: "the text is larger than {most} characters",
    why: "a limit keeps a wrong file from taking all memory",
  },
  TEXT_YAML_DUPLICATE_KEY: {
    severity: "error",
    sentence: 'the key "{key}" is written twice',
    why: "the first one, in line {firstLine}, would be lost",
    fix: "keep one of them",
  },
  TEXT_YAML_UNKNOWN_KEY: {
    severity: "error",
    sentence: 'unknown key "{key}"{where}',
    fix: "{hint}",
  },
  TEXT_YAML_MISSING_KEY: {
    severity: "error",
    sentence: 'the key "{key}" is missing{where}',
    fix: "{hint}",
  },
  TEXT_YAML_TYPE: {
    severity: "error",
    sentence: "{path} should be {expected}, but it is {found}",
  },
  TEXT_YAML_VALUE: {
    severity: "error",
    sentence: "{path} can't be {found}",
    fix: "{hint}",
  },
  TEXT_YAML_INVALID: {
    severity: "error",
    sentence: "{path}: {detail}",
  },
});

export type TextCode = keyof typeof textReasons;
