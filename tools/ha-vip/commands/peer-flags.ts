/**
 * keepalived's command line (keepalived(8)): `ha-vip -n -f FILE` means `ha-vip run --config FILE`. As there, the line
 * without -n goes to the background, and without -f the usual file is read. What has no meaning here because this
 * tool has no such part (virtual servers, respawning of a checker) is taken; what would be silently lost isn't, and is
 * refused by name later.
 */
const DEFAULT_FILE = "/etc/keepalived/keepalived.conf";

/** Flags that choose what this tool does anyway, or that belong to parts that this tool doesn't have. */
const TAKEN = new Set(["log-detail", "vrrp", "no_bfd", "all", "dont-release-ipvs", "release-vips", "no-mem-check"]);
/** The files of processes that this tool never starts, as keepalived doesn't without virtual servers. */
const TAKEN_WITH_VALUE = new Set(["checkers_pid", "bfd_pid"]);
const RENAMED = new Map([
  ["use-file", "--config"],
  ["pid", "--pid-file"],
  ["vrrp_pid", "--daemon-pid-file"],
  ["config-id", "--config-id"],
]);
const SHORT = new Map(
  Object.entries({
    f: "use-file",
    P: "vrrp",
    B: "no_bfd",
    l: "log-console",
    D: "log-detail",
    S: "log-facility",
    G: "no-syslog",
    X: "release-vips",
    I: "dont-release-ipvs",
    R: "dont-respawn",
    n: "dont-fork",
    d: "dump-conf",
    p: "pid",
    r: "vrrp_pid",
    c: "checkers_pid",
    b: "bfd_pid",
    i: "config-id",
    t: "config-test",
  }),
);
const WITH_VALUE = new Set([...RENAMED.keys(), ...TAKEN_WITH_VALUE, "log-facility"]);
/** Options of our own that begin a line without a verb. */
const OWN = ["--vip", "--dev", "--socket"];

interface Flag {
  readonly name: string;
  readonly value?: string;
  /** As it was written. */
  readonly word: string;
}

function readLong(word: string, next: string | undefined): { flag: Flag; used: number } {
  const [name = "", value] = word.slice(2).split(/=(.*)/s, 2);
  if (value !== undefined || !WITH_VALUE.has(name) || next === undefined) {
    return { flag: { name, word, ...(value === undefined ? {} : { value }) }, used: 1 };
  }
  return { flag: { name, word, value: next }, used: 2 };
}

/** `-nlDf FILE`: letters may stand together, and a value may stick to its letter. */
function readShort(word: string, next: string | undefined): { flags: Flag[]; used: number } {
  const flags: Flag[] = [];
  for (let at = 1; at < word.length; at += 1) {
    const letter = word[at] ?? "";
    const name = SHORT.get(letter);
    if (name === undefined) return { flags: [...flags, { name: "", word }], used: 1 };
    if (!WITH_VALUE.has(name)) {
      flags.push({ name, word: `-${letter}` });
      continue;
    }
    const rest = word.slice(at + 1).replace(/^=/, "");
    if (rest !== "") return { flags: [...flags, { name, word, value: rest }], used: 1 };
    return { flags: [...flags, { name, word, ...(next === undefined ? {} : { value: next }) }], used: 2 };
  }
  return { flags, used: 1 };
}

function readFlags(argv: readonly string[]): Flag[] {
  const flags: Flag[] = [];
  for (let at = 0; at < argv.length;) {
    const word = argv[at] ?? "";
    const next = argv[at + 1];
    if (word.startsWith("--")) {
      const { flag, used } = readLong(word, next);
      flags.push(flag);
      at += used;
    } else if (/^-./.test(word)) {
      const read = readShort(word, next);
      flags.push(...read.flags);
      at += read.used;
    } else {
      flags.push({ name: "", word });
      at += 1;
    }
  }
  return flags;
}

/** `-S 3`, `-S local3`, `-S daemon`. */
function logTarget(facility: string | undefined): string {
  if (facility === undefined) return "syslog";
  return `syslog?${/^[0-7]$/.test(facility) ? `local${facility}` : facility}`;
}

/** @returns our own words, or undefined when the line is in our own style or asks for help */
export function rewritePeerFlags(argv: readonly string[]): readonly string[] | undefined {
  const first = argv[0];
  if (first === undefined || !first.startsWith("-") || ["-h", "--help", "-V", "--version"].includes(first))
    return undefined;
  if (["-v", "--version"].includes(first)) return ["--version"];
  if (OWN.some((own) => argv.some((word) => word === own || word.startsWith(`${own}=`)))) return ["run", ...argv];
  const flags = readFlags(argv);
  const has = (name: string): boolean => flags.some((flag) => flag.name === name);
  const signal = flags.find((flag) => flag.name === "signum");
  if (signal !== undefined) return ["signal-number", signal.value ?? ""];
  const test = has("config-test");
  const words: string[] = [];
  for (const { name, value, word } of flags) {
    const renamed = RENAMED.get(name);
    if (test && ["pid", "vrrp_pid", "dump-conf", "dont-respawn", "log-facility"].includes(name)) continue;
    if (renamed !== undefined) words.push(renamed, ...(value === undefined ? [] : [value]));
    else if (name === "dump-conf" || name === "dont-respawn") words.push(`--${name}`);
    else if (["log-console", "no-syslog", "dont-fork", "log-facility"].includes(name)) continue;
    else if (!TAKEN.has(name) && !TAKEN_WITH_VALUE.has(name) && (name !== "config-test" || value !== undefined))
      words.push(word);
  }
  if (!has("use-file")) words.push("--config", DEFAULT_FILE);
  if (test) return ["check", ...words];
  const facility = flags.find((flag) => flag.name === "log-facility")?.value;
  const console = has("log-console") || has("no-syslog");
  if (!has("dont-fork")) words.push("--daemon", "--log", console ? "stderr" : logTarget(facility));
  else if (facility !== undefined && !console) words.push("--log", logTarget(facility));
  return ["run", ...words];
}
