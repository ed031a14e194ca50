/**
 * HAProxy's command line (haproxy(1), management guide chapter 3): `ha-lb -W -f FILE -p PIDFILE` means
 * `ha-lb run …`, `-c` means `peer-check`. Flags that only tune what ha-lb does otherwise are taken and do nothing.
 */
const VERBS_HELP = new Set(["-h", "--help", "--version"]);
/** Flags with one argument, by our names; `-m` is taken and means nothing: memory is bounded by other limits. */
const WITH_ONE: ReadonlyMap<string, string> = new Map([
  ["-f", "--config"],
  ["-p", "--pid-file"],
  ["-C", "--directory"],
  ["-S", "--master-socket"],
  ["-x", "--take-over"],
  ["-L", "--local-peer"],
  ["-n", "--max-connections"],
  ["-N", "--proxy-max-connections"],
  ["-m", ""],
]);
const FLAGS: ReadonlyMap<string, string> = new Map([
  ["-q", "--quiet"],
  ["-dW", "--zero-warning"],
  ["-D", "--daemon"],
  ["-W", "--master-worker"],
  ["-Ws", "--master-worker"],
]);
/** Processes that shall end, by our names. */
const PROCESSES: ReadonlyMap<string, string> = new Map([
  ["-sf", "--finish"],
  ["-st", "--terminate"],
]);
/** What a check doesn't ask for. */
const ONLY_RUN = /^(-p|-S|-x|-D|-W|-Ws|-sf|-st)$/;
/** They tune or show what is otherwise here. */
const NOTHING_HERE = /^(-c|-V|-d.*)$/;

/** @returns our own words, or undefined when the line begins with one of our verbs or asks for help */
export function rewritePeerFlags(argv: readonly string[]): readonly string[] | undefined {
  const [first] = argv;
  if (first === undefined || !first.startsWith("-") || VERBS_HELP.has(first)) return undefined;
  if (first === "-v" || first === "-vv") return ["version"];
  const condition = argv.indexOf("-cc");
  if (condition >= 0) return ["peer-condition", argv[condition + 1] ?? ""];
  const verb = argv.includes("-c") ? "peer-check" : "run";
  const words: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? "";
    // All that follows are files.
    if (word === "--") return [verb, ...words, ...argv.slice(index + 1).flatMap((file) => ["--config", file])];
    const counts = verb === "run" || !ONLY_RUN.test(word);
    const option = WITH_ONE.get(word);
    const flag = FLAGS.get(word);
    const processes = PROCESSES.get(word);
    if (option !== undefined) {
      index += 1;
      if (counts && option !== "") words.push(option, argv[index] ?? "");
    } else if (processes !== undefined) {
      while (/^\d+$/.test(argv[index + 1] ?? "")) {
        index += 1;
        if (counts) words.push(processes, argv[index] ?? "");
      }
    } else if (flag !== undefined) {
      if (counts) words.push(flag);
    } else if (!NOTHING_HERE.test(word)) words.push(word);
  }
  return [verb, ...words];
}
