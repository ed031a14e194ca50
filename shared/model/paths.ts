/**
 * Where a daemon's control socket lies: the same rule for every tool, so that the monitor and scripts
 * find all daemons of a host. Source: Filesystem Hierarchy Standard 3.0, section 3.15 (/run).
 * @param runDirectory `/run`, or another host's as seen from here
 */
export function controlSocketPath(tool: string, runDirectory = "/run"): string {
  return `${runDirectory}/${tool}/control.sock`;
}
