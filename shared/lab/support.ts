/** What this machine allows: namespaces as root, namespaces through a user namespace, or none. */

/** How a lab is made: with root's own rights, or inside a user namespace in which the caller is root. */
export type LabMode = "root" | "user";

export type LabSupport = { readonly mode: LabMode } | { readonly mode: "none"; readonly why: string };

/** A probe that takes longer than this hangs in the kernel; the machine then counts as unable. */
const PROBE_LIMIT_MS = 60_000;

const NAMESPACES = ["--fork", "--pid", "--kill-child", "--net", "--mount", "--uts", "--ipc"] as const;
const NEEDED = [
  ["unshare", "util-linux"],
  ["nsenter", "util-linux"],
  ["mount", "mount"],
  ["ip", "iproute2"],
  ["hostname", "hostname"],
] as const;

/** Where system administrators' programs lie; an ordinary user's PATH often lacks them. */
export const SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The environment of everything in the lab: small and the same everywhere, so that a test can't depend on a shell's. */
export function labEnvironment(): Record<string, string> {
  const own = process.env["PATH"] ?? "";
  return {
    PATH: own === "" ? SYSTEM_PATH : `${own}:${SYSTEM_PATH}`,
    HOME: "/root",
    LANG: "C.UTF-8",
    TERM: process.env["TERM"] ?? "dumb",
  };
}

/** The arguments of `unshare` that make the lab's own namespaces in a mode. */
export function outerNamespaces(mode: LabMode): readonly string[] {
  return mode === "user" ? ["--user", "--map-root-user", ...NAMESPACES] : NAMESPACES;
}

/** Tries the real thing: namespaces, a bridge, a veth pair, a tmpfs and a fresh /proc, all gone again afterwards. */
function tryMode(mode: LabMode): string | undefined {
  const script =
    "mount -t tmpfs tmpfs /run && ip link add br0 type bridge && ip link add lab0 type veth peer name lab1 && " +
    "mount -t sysfs sysfs /sys && mount -t proc proc /proc";
  const result = Bun.spawnSync(["unshare", ...outerNamespaces(mode), "sh", "-c", script], {
    env: labEnvironment(),
    stdin: "ignore",
    stdout: "ignore",
    stderr: "pipe",
    timeout: PROBE_LIMIT_MS,
    killSignal: "SIGKILL",
  });
  if (result.exitCode === 0) return undefined;
  const said = result.stderr.toString().trim().split("\n")[0] ?? "";
  return said === "" ? `unshare ended with ${result.exitCode ?? result.signalCode}` : said;
}

let known: LabSupport | undefined;

/** Finds out once a process. `prefer: "user"` asks for a user namespace even as root. */
export function labSupport(prefer?: LabMode): LabSupport {
  if (prefer === undefined && known !== undefined) return known;
  const found = findSupport(prefer);
  if (prefer === undefined) known = found;
  return found;
}

function findSupport(prefer: LabMode | undefined): LabSupport {
  if (process.platform !== "linux") return { mode: "none", why: "network namespaces exist on Linux only" };
  const PATH = labEnvironment()["PATH"] ?? SYSTEM_PATH;
  for (const [program, owner] of NEEDED) {
    if (Bun.which(program, { PATH }) === null) {
      return { mode: "none", why: `the program '${program}' is missing (package ${owner})` };
    }
  }
  const modes: readonly LabMode[] =
    prefer !== undefined ? [prefer] : process.getuid?.() === 0 ? ["root", "user"] : ["user"];
  const failures: string[] = [];
  for (const mode of modes) {
    const failure = tryMode(mode);
    if (failure === undefined) return { mode };
    failures.push(mode === "root" ? `as root: ${failure}` : `in a user namespace: ${failure}`);
  }
  return { mode: "none", why: `the kernel doesn't allow network namespaces (${failures.join("; ")})` };
}
