import { expect, test } from "bun:test";
import { join } from "node:path";
import { z } from "zod";
import { createLab, type Host, type Lab, type LabProcess } from "../../shared/lab/lab.ts";
import { named, requirePrograms, requireRootNamespaces } from "../../shared/lab/requirements.ts";
import { until } from "../../shared/lab/host.ts";

/** Heartbeats between three hosts over two networks: links that are cut, one way or both, and a host that stalls. */
const lacking = requireRootNamespaces() ?? requirePrograms("socat");
const HA_CRM = [process.execPath, join(import.meta.dir, "../../tools/ha-crm/main.ts")];
const SOCKET = "/run/ha-crm/control.sock";

const statusSchema = z.object({
  result: z.object({
    view: z.object({ members: z.array(z.string()), standing: z.object({ quorate: z.boolean() }) }).nullable(),
    paths: z.array(z.object({ peer: z.string(), link: z.string(), heard: z.boolean(), hearsUs: z.boolean() })),
    cards: z.record(z.string(), z.array(z.string())),
  }),
});

async function statusOf(host: Host) {
  const request = JSON.stringify({ id: 1, method: "membership.status" });
  const asked = await host.exec(["sh", "-c", `echo '${request}' | socat -t 20 - UNIX-CONNECT:${SOCKET} | tail -n 1`]);
  // Nothing, or no whole line, comes from a daemon that is just starting or that is stopped.
  return asked.stdout.endsWith("\n") ? (statusSchema.safeParse(JSON.parse(asked.stdout)).data?.result ?? null) : null;
}

/** Of each path of a host: `h2 ring0 both`, or which way alone works. */
async function pathsOf(host: Host): Promise<readonly string[]> {
  return ((await statusOf(host))?.paths ?? []).map(({ peer, link, heard, hearsUs }) => {
    const way = heard ? (hearsUs ? "both" : "in") : hearsUs ? "out" : "none";
    return `${peer} ${link} ${way}`;
  });
}

async function membersOf(host: Host): Promise<string> {
  const status = await statusOf(host);
  return `${status?.view?.members.join(" ") ?? ""}${status?.view?.standing.quorate === true ? "" : ", no quorum"}`;
}

async function startAll(lab: Lab): Promise<readonly LabProcess[]> {
  const made = await lab.hosts[0]?.exec([...HA_CRM, "witness", "--node", "h1", "--create-key", "--key", "/etc/key"]);
  expect(made?.code).toBe(0);
  const key = (await lab.hosts[0]?.exec(["cat", "/etc/key"]))?.stdout ?? "";
  const peers = lab.hosts.flatMap((host) => ["--peer", `${host.name}=${host.link(0).ipv4},${host.link(1).ipv4}`]);
  const started: LabProcess[] = [];
  for (const host of lab.hosts) {
    if (host !== lab.hosts[0]) await host.writeFile("/etc/key", key, "600");
    const words = ["witness", "--node", host.name, "--key", "/etc/key", "--directory", "/var/core", "--log", "stderr"];
    started.push(await host.spawn([...HA_CRM, ...words, ...peers]));
  }
  return started;
}

test.skipIf(lacking !== undefined)(
  named(
    "two rings: cuts are told by link and direction, one ring is enough, and a host that stalls doubts itself",
    lacking,
  ),
  async () => {
    await using lab = await createLab({ hosts: 3, client: false, ipv6: false, rings: 2 });
    const [h1, h2, h3] = lab.hosts;
    if (h1 === undefined || h2 === undefined || h3 === undefined) throw new Error("no hosts");
    const processes = await startAll(lab);
    const everywhere = async (expected: string): Promise<boolean> =>
      (await Promise.all(lab.hosts.map((host) => membersOf(host)))).every((members) => members === expected);
    await until("all together", () => everywhere("h1 h2 h3"), 120_000);
    const cards = '{"ring0":["eth0"],"ring1":["eth1"]}';
    await until("the cards are told", async () => JSON.stringify((await statusOf(h1))?.cards) === cards);

    // One direction of one link: both ends know which one, and nobody is missed.
    await lab.block(h2, h1, 0);
    await until("h1 knows", async () => (await pathsOf(h1)).includes("h2 ring0 out"));
    await until("h2 knows", async () => (await pathsOf(h2)).includes("h1 ring0 in"));
    await until("h2 says so", () => processes[1]?.stderr.includes("CORE_LINK_ONE_WAY") === true);
    await until("nobody is missed", () => everywhere("h1 h2 h3"));

    // A whole ring is gone: the other one is enough.
    await lab.heal();
    for (const host of lab.hosts) await lab.dropOut(host, 0);
    await until(
      "ring0 is silent",
      async () => (await pathsOf(h1)).join() === "h2 ring0 none,h2 ring1 both,h3 ring0 none,h3 ring1 both",
    );
    await until("nobody is missed", () => everywhere("h1 h2 h3"));
    await lab.heal();
    await until("ring0 is back", async () => (await pathsOf(h1)).every((path) => path.endsWith("both")));

    // A host that is heard on no ring by anybody is out for all, itself included, though it hears everybody.
    await lab.dropOut(h3, 0);
    await lab.dropOut(h3, 1);
    await until("h3 is out", async () => (await membersOf(h1)) === "h1 h2" && (await membersOf(h2)) === "h1 h2");
    await until("h3 knows it", async () => (await membersOf(h3)).endsWith("no quorum"));
    await lab.heal();
    await until("h3 is back", () => everywhere("h1 h2 h3"));

    // A stalled host accuses nobody when it wakes.
    processes[1]?.signal("SIGSTOP");
    await until("h2 is missed", async () => (await membersOf(h1)) === "h1 h3");
    const before = (processes[1]?.stderr ?? "").length;
    processes[1]?.signal("SIGCONT");
    await until("h2 is back", () => everywhere("h1 h2 h3"));
    const said = (): string => (processes[1]?.stderr ?? "").slice(before);
    await until("h2 says that it stood still", () => said().includes("CORE_SELF_LATE"));
    expect(said()).not.toContain("CORE_PEER_SUSPECTED");
  },
  600_000,
);
