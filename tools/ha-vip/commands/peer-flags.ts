/**
 * keepalived's command line (keepalived(8)): `ha-vip -f FILE -n -l -D` means `ha-vip run --config FILE`.
 * Flags that choose what ha-vip does anyway are taken; others are left to be refused by name.
 */
const TAKEN = new Set(["-n", "--dont-fork", "-l", "--log-console", "-D", "--log-detail", "-P", "--vrrp"]);
const FILE = new Set(["-f", "--use-file"]);
const TEST = /^(-t|--config-test)$/;

/** @returns our own words, or undefined when the line begins with one of our verbs or asks for help */
export function rewritePeerFlags(argv: readonly string[]): readonly string[] | undefined {
  const first = argv[0];
  if (first === undefined || !first.startsWith("-") || ["-h", "--help", "-V", "--version"].includes(first))
    return undefined;
  const words: string[] = [];
  let verb = "run";
  for (const [index, word] of argv.entries()) {
    if (TEST.test(word)) verb = "check";
    else if (FILE.has(word)) words.push("--config");
    else if (word.startsWith("--use-file=")) words.push(`--config=${word.slice("--use-file=".length)}`);
    else if (!TAKEN.has(word) || FILE.has(argv[index - 1] ?? "")) words.push(word);
  }
  return [verb, ...words];
}
