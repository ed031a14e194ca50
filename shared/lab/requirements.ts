/**
 * What a test needs and this machine may lack. Each function answers the reason why not, or undefined when all is there:
 *
 *     const lacking = requireNamespaces() ?? requirePackages("keepalived");
 *     describe.skipIf(lacking !== undefined)(named("against keepalived", lacking), () => …)
 *
 * so that a test that can't run is skipped by name, with the reason, and counted as skipped.
 */
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labEnvironment, labSupport } from "./support.ts";

/** Installing packages may have to fetch the list of packages first. */
const INSTALL_LIMIT_MS = 300_000;

/** Rights of root in the machine's own namespace, e.g. to install packages. */
export function requireRoot(): string | undefined {
  return process.getuid?.() === 0 ? undefined : "needs root";
}

/** Hosts as namespaces, as root or through a user namespace. */
export function requireNamespaces(): string | undefined {
  const support = labSupport();
  return support.mode === "none" ? `needs network namespaces: ${support.why}` : undefined;
}

/** Hosts as namespaces made with root's own rights: some system calls refuse root of a user namespace. */
export function requireRootNamespaces(): string | undefined {
  const support = labSupport();
  if (support.mode === "root") return undefined;
  return support.mode === "user" ? "needs network namespaces as root" : requireNamespaces();
}

/** Programs on the PATH, without installing anything. */
export function requirePrograms(...programs: readonly string[]): string | undefined {
  const PATH = labEnvironment()["PATH"] ?? "";
  const missing = programs.filter((program) => Bun.which(program, { PATH }) === null);
  return missing.length === 0 ? undefined : `needs the programs ${missing.join(", ")}`;
}

const answers = new Map<string, string | undefined>();

/**
 * Debian packages. As root, missing ones are installed, without starting any of their services.
 * Asked once a process for the same packages; several processes take turns.
 */
export function requirePackages(...packages: readonly string[]): string | undefined {
  const key = [...packages].sort().join(" ");
  if (!answers.has(key)) answers.set(key, findPackages(packages));
  return answers.get(key);
}

/** A test's name with the reason why it is skipped, if it is. */
export function named(name: string, lacking: string | undefined): string {
  return lacking === undefined ? name : `${name} (skipped: ${lacking})`;
}

function run(command: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return Bun.spawnSync([...command], {
    env: { ...labEnvironment(), ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    timeout: INSTALL_LIMIT_MS,
  });
}

function missingPackages(packages: readonly string[]): string[] {
  return packages.filter((name) => {
    const status = run(["dpkg-query", "--show", "--showformat=${db:Status-Status}", name]);
    return status.exitCode !== 0 || status.stdout.toString() !== "installed";
  });
}

function findPackages(packages: readonly string[]): string | undefined {
  const lacksDpkg = requirePrograms("dpkg-query", "apt-get", "flock");
  if (lacksDpkg !== undefined) return `needs the packages ${packages.join(", ")} on Debian or a relative of it`;
  if (missingPackages(packages).length === 0) return undefined;
  const wanted = `needs the packages ${packages.join(", ")}`;
  if (requireRoot() !== undefined) return `${wanted} (as root they are installed)`;
  return installPackages(packages, wanted);
}

/**
 * Runs under a lock, so that processes take turns. Services of a package that was just installed must not start (they
 * would take ports and addresses of this machine): invoke-rc.d(8) asks policy-rc.d, and an administrator's own stays.
 */
const INSTALL_SCRIPT = `
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\\nexit 101\\n' >"$policy"
  chmod 755 "$policy"
fi
get() { apt-get -qq -o DPkg::Lock::Timeout=240 "$@"; }
get install -y --no-install-recommends "$@" || { get update && get install -y --no-install-recommends "$@"; }
`;

function installPackages(packages: readonly string[], wanted: string): string | undefined {
  const lock = join(tmpdir(), "fivenines-packages.lock");
  const command = ["flock", lock, "sh", "-c", INSTALL_SCRIPT, "install", ...packages];
  const result = run(command, { DEBIAN_FRONTEND: "noninteractive" });
  if (result.exitCode === 0 && missingPackages(packages).length === 0) return undefined;
  const said = result.stderr.toString().trim().split("\n").at(-1) ?? "";
  return said === "" ? wanted : `${wanted}; installing them failed: ${said}`;
}
