/** Asks the real keepalived for its opinion of configurations: `keepalived -t`, in a namespace that has their interfaces. */

/** Every argument is ID:PATH. Interfaces that the samples name exist there. */
export const VERDICT_SCRIPT = `
for name in eth0 eth1 eth2; do
  ip link add $name type veth peer name p$name && ip link set p$name up && ip link set $name up
done
ip link set lo up
ip address add 10.0.0.1/24 dev eth0
for one in "$@"; do
  keepalived -t -i "\${one%%:*}" -f "\${one#*:}" >/dev/null 2>&1
  echo "$? \${one#*:}"
done`;

/** What is asked about: otherwise the exit code for scripts that aren't trusted hides that of mistakes. */
export const TRUSTING = `global_defs {
    enable_script_security
    script_user root
}
include keepalived.conf
`;

/** keepalived's exit codes; 5 stands for warnings, too. */
const WORDS: Readonly<Record<string, string>> = { 0: "accepts", 4: "refuses", 5: "refuses" };

/** All of them: each takes a fraction of a second. */
const VERDICTS_LIMIT_MS = 150_000;

/** @returns the verdict by path: `accepts` or `refuses`, or what went wrong */
export function verdictsOf(script: string, paths: readonly string[]): Map<string, string> {
  const done = Bun.spawnSync(["unshare", "--net", "sh", "-c", script, "sh", ...paths], { timeout: VERDICTS_LIMIT_MS });
  const lines = done.stdout.toString().split("\n");
  return new Map(
    lines.flatMap((line) => {
      const [, code = "", path = ""] = /^(\d+) (.+)$/.exec(line) ?? [];
      return path === "" ? [] : [[path, WORDS[code] ?? `ends with ${code}`] as const];
    }),
  );
}
