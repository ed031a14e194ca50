/** The story that `npm start` tells: a cluster, the death of the host that everybody talks to, and its return. */
import type { Host } from "../host.ts";
import { until } from "../host.ts";
import type { DemoCluster } from "./cluster.ts";
import { followEvents, type HostEvent } from "./follow.ts";
import { Client, type Observed } from "./measure.ts";
import type { Gap } from "../prober/prober.ts";
import { FLOATING_ADDRESS, HTTP_INTERVAL_MS, UDP_INTERVAL_MS, VIP_OPTIONS } from "./settings.ts";
import { inMs, type Story, tellDatagrams, tellRequests } from "./tell.ts";

/** How long the client watches a calm cluster, and how long after each event. */
const WATCH_MS = 2_000;
/** Limits of what takes a second, and on a slow and busy machine more. */
const TAKEOVER_LIMIT_MS = 30_000;
const REJOIN_LIMIT_MS = 60_000;
/** Silence at the end of the story that means that nobody serves; less may be a processor that was late. */
const SILENT_MS = 1_000;
const TOOLS = ["ha-vip", "ha-lb"] as const;

/** How the story ended. */
export interface Outcome {
  readonly killed: string;
  readonly successor: string | undefined;
  readonly failure: Observed;
  readonly comeback: Observed;
}

/** Whether the service survived: somebody else answers, and went on to the end. */
export function isSurvived(outcome: Outcome): boolean {
  const { datagrams } = outcome.failure;
  const answered = datagrams.hostAfter !== null && datagrams.hostAfter !== outcome.killed;
  return answered && !endsSilent(datagrams.longestGap) && !endsSilent(outcome.comeback.datagrams.longestGap);
}

function endsSilent(gap: Gap | null): boolean {
  return gap !== null && gap.open && gap.lengthMs >= SILENT_MS;
}

/** Prints what the daemons say, from `notice` on. Returns how to stop. */
export function tellEvents(cluster: DemoCluster, story: Story): () => void {
  const hosts = cluster.lab.hosts.map((host) => ({ name: host.name, runDirectory: cluster.lab.runDirectory(host) }));
  return followEvents(hosts, TOOLS, (event: HostEvent) => {
    if (event.severity !== "info") story.event(event);
  });
}

/** `picture` draws the whole cluster, where there is room for it. */
export async function tellStory(cluster: DemoCluster, story: Story, picture?: () => Promise<string>): Promise<Outcome> {
  await setUp(cluster, story);
  const owner = await cluster.owner();
  story.tell(`${owner.name} holds ${FLOATING_ADDRESS}; the others wait`);
  if (picture !== undefined) story.plain((await picture()).trimEnd());
  const client = await Client.start(cluster);
  story.tell(
    `the client asks ${FLOATING_ADDRESS} every ${UDP_INTERVAL_MS} ms, and for a web page every ${HTTP_INTERVAL_MS} ms`,
  );
  client.mark("calm");
  await Bun.sleep(WATCH_MS);
  const stopEvents = tellEvents(cluster, story);
  try {
    const successor = await powerLoss(cluster, story, client, owner);
    await comeBack(cluster, story, client, owner);
    const observed = await client.stop();
    const outcome = {
      killed: owner.name,
      successor: successor?.name,
      failure: observed("power loss"),
      comeback: observed("come back"),
    };
    stopEvents();
    summarize(story, observed("calm"), outcome);
    return outcome;
  } finally {
    stopEvents();
  }
}

async function setUp(cluster: DemoCluster, story: Story): Promise<void> {
  const hosts = cluster.lab.hosts.map((host) => `${host.name} ${host.ipv4}`).join(", ");
  story.tell(`hosts are up: ${hosts}; a client at ${cluster.lab.client.ipv4}`);
  await cluster.start();
  story.tell("each host runs a web server, ha-lb in front of all of them, and ha-vip:");
  story.more(`ha-vip ${VIP_OPTIONS.join(" ")}`);
}

async function powerLoss(cluster: DemoCluster, story: Story, client: Client, owner: Host): Promise<Host | undefined> {
  await client.markSettled("power loss");
  story.tell(`POWER LOSS of ${owner.name}: its link is dead, everything in it gets kill -9`);
  await cluster.lab.killHost(owner);
  await Bun.sleep(WATCH_MS);
  await until("somebody else answers", async () => (await client.answeredBy()) !== owner.name, TAKEOVER_LIMIT_MS).catch(
    () => undefined,
  );
  const holders = await cluster.holders();
  const names = holders.map((host) => host.name).join(" and ");
  story.tell(holders.length === 0 ? `nobody holds ${FLOATING_ADDRESS}` : `${names} holds ${FLOATING_ADDRESS}`);
  return holders[0];
}

async function comeBack(cluster: DemoCluster, story: Story, client: Client, host: Host): Promise<void> {
  story.tell(`${host.name} gets power again and boots`);
  client.mark("come back");
  await cluster.revive(host);
  // It serves again when the balancer of the address's holder has sent it a request.
  const [holder] = await cluster.holders();
  if (holder !== undefined) await servesAgain(holder, host);
  story.tell(`${host.name} serves web requests again`);
  await Bun.sleep(WATCH_MS);
}

/** Asks the balancer of one host until the web server of another has answered. */
async function servesAgain(balancer: Host, server: Host): Promise<void> {
  const script = "exec 3<>/dev/tcp/127.0.0.1/80; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3";
  const asked = async () => (await balancer.exec(["bash", "-c", script], { timeoutMs: 2_000 })).stdout;
  await until(
    `${server.name} serves again`,
    async () => new RegExp(`^${server.name}$`, "m").test(await asked()),
    REJOIN_LIMIT_MS,
  ).catch(() => undefined);
}

function summarize(story: Story, calm: Observed, outcome: Outcome): void {
  const { comeback, failure, killed } = outcome;
  const gap = failure.datagrams.longestGap;
  story.plain("");
  story.plain("What the client saw");
  story.plain(`  calm             ${tellDatagrams(calm.datagrams)}`);
  story.plain(`                   ${tellRequests(calm.requests)}`);
  story.plain(`  ${killed} loses power   ${tellDatagrams(failure.datagrams)}`);
  story.plain(`                   ${tellRequests(failure.requests)}`);
  story.plain(`  ${killed} comes back    ${tellDatagrams(comeback.datagrams)}`);
  story.plain(`                   ${tellRequests(comeback.requests)}`);
  story.plain("");
  if (gap === null) story.plain("The client lost nothing.");
  else if (!isSurvived(outcome))
    story.plain(`${FLOATING_ADDRESS} did not come back as it should: see the lines above.`);
  else {
    const after = failure.datagrams.hostAfter ?? "?";
    story.plain(
      `${FLOATING_ADDRESS} moved from ${killed} to ${after}: for ${inMs(gap.lengthMs)} nobody answered, ` +
        `and ${failure.requests.lost} of ${failure.requests.sent} web requests failed.`,
    );
  }
  story.plain(`(The prober itself was late by ${inMs(failure.proberLateMs)} at worst.)`);
}
