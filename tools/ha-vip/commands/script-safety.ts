/** Scripts that run as root must not be changeable by anybody else: keepalived's enable_script_security, always on. */
import { accessSync, constants, lstatSync, realpathSync, type Stats, statSync } from "node:fs";
import { dirname, isAbsolute, join } from "node:path";
import { type Reason, reason } from "../../../shared/reason/catalogue.ts";
import type { Position } from "../../../shared/text/position.ts";
import { configReasons } from "../model/config-reasons.ts";
import type { NotifyScript, RunAs, VipConfiguration } from "../model/configuration.ts";

const WRITABLE_BY_OTHERS = 0o022;
const STICKY = 0o1000;

interface Script {
  readonly argv: readonly string[];
  readonly runAs?: RunAs;
  readonly at?: Position;
}

function scriptsOf({ checks, fifos, groups, routers, shutdown, startup }: VipConfiguration): Script[] {
  const found: (Script | undefined)[] = [startup, shutdown, ...fifos.map((fifo) => fifo.script)];
  for (const { at, target } of checks) {
    if (target.kind === "exec") found.push({ ...target, ...(at === undefined ? {} : { at }) });
  }
  for (const { notify } of [...routers, ...groups]) {
    const { priorityChanges: _not, ...scripts } = notify;
    found.push(...Object.values(scripts).filter((one): one is NotifyScript => typeof one === "object"));
  }
  return found.filter((one) => one !== undefined);
}

function onPath(name: string): string | undefined {
  if (isAbsolute(name)) return name;
  const folders = (process.env["PATH"] ?? "").split(":").filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find((path) => canRun(path));
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

function loose(status: Stats): boolean {
  if (status.isSymbolicLink()) return false;
  const sticky = status.isDirectory() && (status.mode & STICKY) !== 0;
  return status.uid !== 0 || ((status.mode & WRITABLE_BY_OTHERS) !== 0 && !sticky);
}

/** The first of the file and its folders that somebody else than root can change. */
function changeable(path: string): string | undefined {
  for (let part = realpathSync(path); ; part = dirname(part)) {
    if (loose(lstatSync(part))) return part;
    if (part === "/") return undefined;
  }
}

/** What is wrong with the scripts of a configuration on this host. */
export function unsafeScripts(configuration: VipConfiguration): Reason[] {
  const found: Reason[] = [];
  const seen = new Set<string>();
  for (const { argv, at, runAs } of scriptsOf(configuration)) {
    const script = argv[0] ?? "";
    const user = runAs?.user ?? "root";
    if (seen.has(`${script} ${user}`)) continue;
    seen.add(`${script} ${user}`);
    const path = onPath(script);
    if (path === undefined || !canRun(path)) {
      const detail = path === undefined ? "it isn't on the PATH" : "no such program, or not executable";
      found.push(reason(configReasons, "VIP_CONF_SCRIPT_MISSING", { script, detail }, at));
      continue;
    }
    if (user !== "root" || process.getuid?.() !== 0) continue;
    const weak = changeable(path);
    if (weak === undefined) continue;
    found.push(reason(configReasons, "VIP_CONF_SCRIPT_UNSAFE", { script, user, path: weak }, at));
  }
  return found;
}
