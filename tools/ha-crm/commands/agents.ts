import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { parseAgentXml } from "../config/agent-xml.ts";
import { knownAgent, type AgentFacts } from "../model/agents.ts";

/** An agent that doesn't answer is treated as one that says nothing. */
const DESCRIBE_TIMEOUT_MS = 10_000;
const DESCRIPTION_MAX_BYTES = 1024 * 1024;
const UNIT_FOLDERS = ["/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"];
const SAFE_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.@-]*$/;

/** Pacemaker's own defaults for units: they may take their time. */
function unitFacts(name: string): AgentFacts {
  const timeout = "100";
  return {
    name,
    parameters: [],
    actions: [
      { name: "start", timeout, interval: "0s" },
      { name: "stop", timeout, interval: "0s" },
      { name: "monitor", timeout, interval: "60" },
    ],
  };
}

function describe(name: string, command: string, words: readonly string[]): AgentFacts | undefined {
  if (!existsSync(command)) return undefined;
  const done = spawnSync(command, words, {
    encoding: "utf8",
    timeout: DESCRIBE_TIMEOUT_MS,
    maxBuffer: DESCRIPTION_MAX_BYTES,
    stdio: ["ignore", "pipe", "ignore"],
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", OCF_ROOT: "/usr/lib/ocf", LC_ALL: "C" },
  });
  return done.status === 0 ? parseAgentXml(name, done.stdout) : undefined;
}

/** Asks the agent itself when it is installed; otherwise what is known of Debian's agents. */
export function lookUpAgent(name: string): AgentFacts | undefined {
  const [kind = "", second = "", third = ""] = name.split(":");
  const names = third === "" ? [second] : [second, third];
  if (!names.every((one) => SAFE_NAME.test(one))) return undefined;
  switch (kind) {
    case "ocf":
      return describe(name, `/usr/lib/ocf/resource.d/${second}/${third}`, ["meta-data"]) ?? knownAgent(name);
    case "stonith":
      return describe(name, `/usr/sbin/${second}`, ["-o", "metadata"]) ?? knownAgent(name);
    case "systemd": {
      const unit = /\.(service|socket|mount|timer|path)$/.test(second) ? second : `${second}.service`;
      return UNIT_FOLDERS.some((folder) => existsSync(`${folder}/${unit}`)) ? unitFacts(name) : undefined;
    }
    case "lsb":
    case "service":
      return existsSync(`/etc/init.d/${second}`) ? unitFacts(name) : undefined;
    default:
      return undefined;
  }
}
