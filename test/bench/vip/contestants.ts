/** The programs that are compared, and how each is told the same thing in its own words. */
import type { Host } from "../../../shared/lab/host.ts";
import { requirePackages } from "../../../shared/lab/requirements.ts";

export type ContestantName = "ha-vip" | "keepalived" | "ucarp";

/** What both hosts shall do. */
export interface Plan {
  readonly intervalMs: number;
  /** The floating address of each virtual router; the first is asked by the client. */
  readonly addresses: readonly string[];
  /** The address is held only while this TCP port answers on the host itself. */
  readonly checkedPort?: number;
}

export interface Contestant {
  readonly name: ContestantName;
  /** Shortest time between adverts, ms. */
  readonly leastIntervalMs: number;
  /** Why it can't take part. */
  lacking(): string | undefined;
  version(): string;
  /** Writes its files on a host. @returns the command that runs in the foreground */
  prepare(host: Host, plan: Plan, priority: number): Promise<readonly string[]>;
  /** Asks it to give the address to the other host in an orderly way, while it goes on running; absent: it can't. */
  readonly handOver?: (host: Host) => Promise<void>;
  /** Ends that. */
  readonly handBack?: (host: Host) => Promise<void>;
}

const DRAIN_FILE = "/etc/drain";
const KEEPALIVED_FILE = "/etc/keepalived.conf";
const KEEPALIVED = "/usr/sbin/keepalived";
const OWN_COPY = "/opt/ha-vip";
const UCARP = "/usr/sbin/ucarp";

/** Priorities of the two hosts. */
export const HIGH_PRIORITY = 150;
export const LOW_PRIORITY = 100;
const FIRST_VRID = 1;

function firstLine(command: readonly string[]): string {
  const { stdout, stderr } = Bun.spawnSync([...command], { stdout: "pipe", stderr: "pipe" });
  return `${stdout.toString()}${stderr.toString()}`.trim().split("\n")[0] ?? "";
}

/** The virtual routers in the words that keepalived and ha-vip share. */
function instances(plan: Plan, priority: number, extra = ""): string {
  return plan.addresses
    .map(
      (address, index) => `vrrp_instance VI_${index + 1} {
    state BACKUP
    interface eth0
    virtual_router_id ${FIRST_VRID + index}
    version 3
    priority ${priority}
    advert_int ${plan.intervalMs / 1000}
    virtual_ipaddress {
        ${address}
    }
${extra}}
`,
    )
    .join("");
}

/** The real keepalived. Its scripts run once a second at most; a file with a number is its way to lower a priority. */
export const keepalived: Contestant = {
  name: "keepalived",
  leastIntervalMs: 10,
  lacking: () => requirePackages("keepalived"),
  version: () => firstLine([KEEPALIVED, "--version"]),
  async prepare(host, plan, priority) {
    await host.writeFile(DRAIN_FILE, "0\n");
    const drain = `vrrp_track_file drain {\n    file ${DRAIN_FILE}\n    weight 1\n}\n`;
    const track = plan.checkedPort === undefined ? "" : "    track_script {\n        service\n    }\n";
    const extra = `    track_file {\n        drain\n    }\n${track}`;
    let script = "";
    if (plan.checkedPort !== undefined) {
      const words = `#!/bin/bash\nexec 3<>/dev/tcp/127.0.0.1/${plan.checkedPort}\n`;
      await host.writeFile("/etc/service-check", words, "755");
      script = "vrrp_script service {\n    script /etc/service-check\n    interval 1\n    timeout 1\n}\n";
    }
    const globals = "global_defs {\n    script_user root\n    enable_script_security\n}\n";
    await host.writeFile(KEEPALIVED_FILE, `${globals}${drain}${script}${instances(plan, priority, extra)}`);
    return [KEEPALIVED, "-n", "-l", "-D", "-f", KEEPALIVED_FILE];
  },
  // Written in place: keepalived watches the file itself.
  handOver: async (host) => void (await host.run(`echo -${HIGH_PRIORITY - LOW_PRIORITY + 50} >${DRAIN_FILE}`)),
  handBack: async (host) => void (await host.run(`echo 0 >${DRAIN_FILE}`)),
};

/** ha-vip as one binary, with keepalived's own file; with its own words where a check is faster than a script. */
export function haVip(binary: string): Contestant {
  return {
    name: "ha-vip",
    leastIntervalMs: 10,
    lacking: () => undefined,
    version: () => firstLine([binary, "--version"]),
    async prepare(host, plan, priority) {
      // A copy for each host, or two hosts would share its pages and each would look smaller than it is.
      await host.run(["cp", "--no-clobber", binary, OWN_COPY]);
      if (plan.checkedPort === undefined) {
        await host.writeFile(KEEPALIVED_FILE, instances(plan, priority));
        return [OWN_COPY, "-f", KEEPALIVED_FILE, "-n", "-l", "-D"];
      }
      const vips = plan.addresses.flatMap((address) => ["--vip", address]);
      const check = ["--check", `tcp://127.0.0.1:${plan.checkedPort}`];
      const rank = ["--priority", String(priority), "--preempt", "--interval", `${plan.intervalMs}ms`];
      return [OWN_COPY, "run", ...vips, "--dev", "eth0", ...check, ...rank];
    },
    handOver: async (host) => void (await host.run([OWN_COPY, "release", "--for", "10m", "--yes"])),
    handBack: async (host) => void (await host.run([OWN_COPY, "resume"])),
  };
}

/** ucarp: adverts once a second at most, and scripts that put the address. */
export const ucarp: Contestant = {
  name: "ucarp",
  leastIntervalMs: 1000,
  lacking: () => requirePackages("ucarp"),
  version: () => firstLine([UCARP, "--help"]),
  async prepare(host, plan, priority) {
    await host.writeFile("/etc/up.sh", '#!/bin/sh\nexec ip address add "$3" dev "$1"\n', "755");
    await host.writeFile("/etc/down.sh", '#!/bin/sh\nexec ip address del "$3" dev "$1"\n', "755");
    const skew = priority === HIGH_PRIORITY ? 0 : 100;
    const lines = plan.addresses.map((address, index) => {
      const [plain = ""] = address.split("/");
      const who = `-i eth0 -s ${host.ipv4} -v ${FIRST_VRID + index} -p secret -a ${plain} -x ${address}`;
      return `${UCARP} ${who} -u /etc/up.sh -d /etc/down.sh -b 1 -k ${skew} -P -z`;
    });
    const [only] = lines;
    if (lines.length === 1 && only !== undefined) return only.split(" ");
    return ["sh", "-c", `${lines.map((line) => `${line} &`).join("\n")}\nwait`];
  },
};
