import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Host } from "../../shared/lab/host.ts";
import { until } from "../../shared/lab/host.ts";
import { createLab, type Lab } from "../../shared/lab/lab.ts";
import { type Probe, startAnswering, startProbe, startWebServers } from "../../shared/lab/prober/prober.ts";
import { named, requireNamespaces } from "../../shared/lab/requirements.ts";

const lacking = requireNamespaces();
const FLOATING = { ipv4: "10.77.0.100", ipv6: "fd77::100" } as const;

/** Moves addresses by hand; the client forgets whom it knew, as a gratuitous ARP would make it. */
async function move(lab: Lab, from: Host | undefined, to: Host, pauseMs: number): Promise<void> {
  const each = (verb: string, more: string) =>
    `ip addr ${verb} ${FLOATING.ipv4}/24 dev eth0; ip addr ${verb} ${FLOATING.ipv6}/64 dev eth0 ${more}`;
  await from?.run(each("del", ""));
  if (pauseMs > 0) await Bun.sleep(pauseMs);
  await to.run(each("add", "nodad"));
  await lab.client.run("ip neigh flush all; ip -6 neigh flush all");
}

/** On a busy machine an answer that comes late is none that is lost. */
const PATIENCE_MS = 1_000;
/** How long nobody has the address; a busy prober notices the begin a little late. */
const NOBODY_MS = 500;
const NOBODY_SEEN_MS = 400;

async function answered(probe: Probe, host: string): Promise<void> {
  await until(`${host} answers`, async () => (await probe.report()).total.hostAfter === host);
}

describe.skipIf(lacking !== undefined)(named("a probe", lacking), () => {
  let lab: Lab;
  let h1: Host;
  let h2: Host;
  beforeAll(async () => {
    lab = await createLab({ hosts: 2 });
    [h1, h2] = [lab.host("h1"), lab.host("h2")];
    await Promise.all([startAnswering(lab.hosts), startWebServers(lab.hosts)]);
    await move(lab, undefined, h1, 0);
  });
  afterAll(async () => lab?.close());

  test("sees an address move: who, when, and for how long nobody", async () => {
    const probes = await Promise.all([
      startProbe(lab, { address: FLOATING.ipv4, timeoutMs: PATIENCE_MS }),
      startProbe(lab, { address: FLOATING.ipv6, timeoutMs: PATIENCE_MS }),
    ]);
    for (const probe of probes) await answered(probe, "h1");
    for (const probe of probes) probe.mark("move");
    await move(lab, h1, h2, NOBODY_MS);
    for (const probe of probes) await answered(probe, "h2");
    for (const { total, windows } of await Promise.all(probes.map((probe) => probe.stop()))) {
      expect(windows).toHaveLength(1);
      expect(windows[0]).toMatchObject({ name: "move", hostBefore: "h1", hostAfter: "h2", switches: 1, gaps: 1 });
      expect(windows[0]?.longestGap?.lengthMs).toBeGreaterThanOrEqual(NOBODY_SEEN_MS);
      expect(windows[0]?.longestGap?.startMs).toBeGreaterThanOrEqual(0);
      expect(windows[0]?.lost).toBeGreaterThan(50);
      expect(total.lost).toBe(windows[0]?.lost ?? -1);
    }
    await move(lab, h2, h1, 0);
  });

  test("over HTTP counts requests, failures and their reasons", async () => {
    const probe = await startProbe(lab, {
      kind: "http",
      url: `http://${FLOATING.ipv4}/`,
      intervalMs: 20,
      timeoutMs: PATIENCE_MS,
    });
    await answered(probe, "h1");
    probe.mark("refused");
    // The address stays while nobody listens: each request is refused at once.
    const [server] = (await h1.run("pgrep -f http-answer.ts")).trim().split("\n");
    await h1.run(`kill -9 ${server}`);
    // A request in flight may fail in another way, so the reason itself is waited for.
    const failsWith = (window: number, why: string) => async () =>
      (await probe.report()).windows[window]?.failures.some((failure) => failure.why === why) ?? false;
    await until("requests are refused", failsWith(0, "ECONNREFUSED"));
    await lab.killHost(h1);
    probe.mark("gone");
    await until("requests time out", failsWith(1, "no answer in time"));
    const { windows, total } = await probe.stop();
    // Nothing answered once the server was gone: every attempt after the first failure is lost.
    expect(windows[0]?.hostBefore).toBe("h1");
    expect(windows[1]?.answers).toEqual({});
    expect(windows[1]?.longestGap?.open).toBe(true);
    expect(total.answers["h1"]).toBe(total.sent - total.lost);
  });

  test("an address that no card has fails with the system's reason", async () => {
    const probe = await startProbe(lab, { address: "192.0.2.1", from: h2, intervalMs: 5 });
    const { total } = await probe.stop();
    expect(total.sent).toBe(total.lost);
    expect(total.failures[0]?.why).toBe("ENETUNREACH");
  });
});
