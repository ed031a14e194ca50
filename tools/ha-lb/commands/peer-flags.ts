/**
 * HAProxy's command line (haproxy(1), management guide chapter 3): `ha-lb -W -f FILE -p PIDFILE` means
 * `ha-lb run …`, `-c` means `peer-check`. Flags that only tune what ha-lb does otherwise are taken and do nothing.
 */
const VERBS_HELP = new Set(["-h", "--help", "--version"]);
/** Flags with one argument that mean nothing here. */
const TAKES_ONE = new Set(["-N", "-L", "-m", "-n"]);
const WITHOUT: ReadonlySet<string> = new Set(["-V", "-q", "-db", "-dM", "-dr", "-dG", "-dV", "-dL", "-dZ"]);

/** @returns our own words, or undefined when the line begins with one of our verbs or asks for help */
export function rewritePeerFlags(argv: readonly string[]): readonly string[] | undefined {
  const [first] = argv;
  if (first === undefined || !first.startsWith("-") || VERBS_HELP.has(first)) return undefined;
  if (first === "-v" || first === "-vv") return ["version"];
  const words: string[] = [];
  let verb = "run";
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    if (word === "-c") verb = "peer-check";
    else if (word === "-cc") return ["peer-condition", argv[index + 1] ?? ""];
    else if (word === "-f") {
      words.push("--config", argv[index + 1] ?? "");
      index += 1;
      // More files may follow one -f, up to the next flag.
    } else if (word === "--") words.push(...argv.slice(index + 1).flatMap((file) => ["--config", file]));
    else if (word === "-p" || word === "-C" || word === "-S" || word === "-x") {
      const option = { "-p": "--pid-file", "-C": "--directory", "-S": "--master-socket", "-x": "--take-over" }[word];
      words.push(option, argv[index + 1] ?? "");
      index += 1;
    } else if (word === "-D") words.push("--daemon");
    else if (word === "-W" || word === "-Ws") words.push("--master-worker");
    else if (word === "-sf" || word === "-st") {
      const pids: string[] = [];
      while (/^\d+$/.test(argv[index + 1] ?? "")) pids.push(argv[(index += 1)] ?? "");
      for (const pid of pids) words.push(word === "-sf" ? "--finish" : "--terminate", pid);
    } else if (TAKES_ONE.has(word)) index += 1;
    else if (!WITHOUT.has(word) && !word.startsWith("-d")) words.push(word);
    if (word === "--") break;
  }
  return [verb, ...words];
}
