/**
 * Where a daemon's control socket lies: the same rule for every tool, so that the monitor and scripts
 * find all daemons of a host. Source: Filesystem Hierarchy Standard 3.0, section 3.15 (/run).
 * @param runDirectory `/run`, or another host's as seen from here
 */
export function controlSocketPath(tool: string, runDirectory = "/run"): string {
  return `${runDirectory}/${tool}/control.sock`;
}

/** The folder above: `FIVENINES_RUN_DIR`, so that many hosts can live on one machine, or `/run`. */
export function runDirectoryOf(env: Readonly<Record<string, string | undefined>>): string {
  const given = env["FIVENINES_RUN_DIR"] ?? "";
  return given === "" ? "/run" : given;
}
