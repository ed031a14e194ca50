/** What keepalived lacks: conflict, repair after two masters, hand-over, witness. Each fails without its part. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { type Host, until } from "../../shared/lab/host.ts";
import { createLab, type Lab } from "../../shared/lab/lab.ts";
import { startAnswering, startProbe } from "../../shared/lab/prober/prober.ts";
import type { LabProcess } from "../../shared/lab/process.ts";
import { named, requireNamespaces, requirePackages } from "../../shared/lab/requirements.ts";
import { HA_VIP, holders, startVip, VIP, waitForAnswer, waitForHolder } from "./support.ts";

/** An answer may come late on a busy machine; what hasn't come after so long was lost. */
const LATE_MS = 10_000;
const lacking = requireNamespaces() ?? requirePackages("nftables");

describe.skipIf(lacking !== undefined)(named("the safety of a floating address", lacking), () => {
  let lab: Lab;

  beforeEach(async () => {
    lab = await createLab({ hosts: 2 });
  }, 180_000);
  afterEach(async () => lab.close(), 180_000);

  async function startPair(...options: readonly string[]): Promise<readonly [LabProcess, LabProcess]> {
    const one = await startVip(lab.host("h1"), "--priority", "200", ...options);
    await waitForHolder(lab, "h1");
    const two = await startVip(lab.host("h2"), "--priority", "100", ...options);
    await until("the second follows the first", async () => {
      const { stdout } = await lab.host("h2").exec([...HA_VIP, "explain"]);
      return stdout.includes(`is on ${lab.host("h1").ipv4}`);
    });
    return [one, two];
  }

  /** The hardware address that the client has in its table for the floating one. */
  async function neighbour(): Promise<string> {
    const { stdout } = await lab.client.exec(`ip neigh show ${VIP}`);
    return /lladdr (\S+)/.exec(stdout)?.[1] ?? "";
  }

  async function macOf(host: Host): Promise<string> {
    return (await host.run("cat /sys/class/net/eth0/address")).trim();
  }

  test("an address that answers elsewhere isn't taken: the state is conflict until it is free", async () => {
    await lab.client.run(`ip address add ${VIP}/24 dev eth0`);
    const process = await startVip(lab.host("h1"));
    const mac = await macOf(lab.client);
    await process.waitForOutput(new RegExp(`VIP_CONFLICT\\b.*${mac}`));
    expect(await lab.host("h1").hasAddress(VIP)).toBe(false);
    const { stdout } = await lab.host("h1").exec([...HA_VIP, "explain"]);
    expect(stdout).toContain(mac);
    await lab.client.run(`ip address del ${VIP}/24 dev eth0`);
    await until("it is taken when it is free", async () => await lab.host("h1").hasAddress(VIP));
    await process.waitForOutput(/VIP_CONFLICT_OVER/);
  }, 180_000);

  test("after two masters the winner announces itself, and clients that learned the other one are put right", async () => {
    // With preemption the higher priority wins in any case, also when its host has slept for a moment.
    const [one] = await startPair("--preempt");
    // An announcement changes what the client knows; it doesn't tell news.
    const ask = async () => await lab.client.exec(["bash", "-c", `echo > /dev/udp/${VIP}/9`]);
    await ask();
    await until("the client believes the first", async () => (await neighbour()) === (await macOf(lab.host("h1"))));
    // They don't hear each other, and both are masters; the client hears both and believes the later one.
    await lab.block("h1", "h2");
    await lab.block("h2", "h1");
    await until("both are masters", async () => (await holders(lab)).length === 2);
    await until("the client believes the second", async () => (await neighbour()) === (await macOf(lab.host("h2"))));
    await lab.heal();
    await waitForHolder(lab, "h1");
    await one.waitForOutput(/VIP_TWO_MASTERS/);
    // The client asks nothing: only an announcement can change the client's table.
    await until(
      "the client believes the first again",
      async () => (await neighbour()) === (await macOf(lab.host("h1"))),
    );
  }, 180_000);

  test("an orderly stop hands over without a gap: not one datagram is lost", async () => {
    const [one] = await startPair();
    await startAnswering(lab.hosts);
    const probe = await startProbe(lab, { address: VIP, timeoutMs: LATE_MS });
    expect(await waitForAnswer(probe)).toBe("h1");
    probe.mark("stop");
    one.signal("SIGTERM");
    await waitForHolder(lab, "h2");
    await until("the first has ended", () => !one.running);
    await one.waitForOutput(/VIP_HANDED_OVER/);
    await until("the second answers", async () => (await waitForAnswer(probe)) === "h2");
    const report = await probe.stop();
    expect(report.windows[0]).toMatchObject({ lost: 0, hostBefore: "h1", hostAfter: "h2" });
  }, 180_000);

  test("release keeps the address away and resume lets it come back", async () => {
    const [one] = await startPair("--preempt");
    const released = await lab.host("h1").exec([...HA_VIP, "release", "--for", "1h", "--yes"]);
    expect(released.code).toBe(0);
    await waitForHolder(lab, "h2");
    await one.waitForOutput(/VIP_RELEASED/);
    expect((await lab.host("h1").exec([...HA_VIP, "resume", "--yes"])).code).toBe(0);
    await waitForHolder(lab, "h1");
  }, 180_000);

  test("with a witness a one-way cut between the hosts doesn't make two masters; without one it does", async () => {
    const key = "0123456789abcdef0123456789abcdef";
    for (const host of [...lab.hosts, lab.client]) await host.writeFile("/etc/witness.key", key, "600");
    const witness = await lab.client.spawn([...HA_VIP, "witness", "--key", "/etc/witness.key"]);
    await witness.waitForOutput(/listens on/);
    // The witness is an ordinary program: with this interval it has a second to answer in.
    const options = ["--witness", lab.client.ipv4, "--witness-key", "/etc/witness.key", "--interval", "1s"];
    const [, two] = await startPair(...options);
    await lab.block("h1", "h2");
    await two.waitForOutput(/VIP_WITNESS_REFUSES[^]*VIP_WITNESS_REFUSES/);
    expect(await holders(lab)).toEqual(["h1"]);
    // The master is really gone: now the witness lets the other one take over.
    await lab.killHost("h1");
    await until("the second has it", async () => await lab.host("h2").hasAddress(VIP));
    await witness.waitForOutput(/VIP_GRANT_MOVED/);
  }, 180_000);

  test("a key that others may read is refused by the witness", async () => {
    await lab.host("h1").writeFile("/etc/witness.key", "0123456789abcdef", "644");
    const refused = await lab.host("h1").exec([...HA_VIP, "witness", "--key", "/etc/witness.key"]);
    expect(refused.code).toBe(65);
    expect(refused.stderr).toContain("chmod 600");
  }, 180_000);

  test("a host whose key is missing, or open to others, is refused before it runs", async () => {
    const host = lab.host("h1");
    const line = [...HA_VIP, "run", "--vip", "10.7.7.7/24", "--dev", "eth0", "--witness", "10.7.7.1", "--witness-key"];
    const missing = await host.exec([...line, "/etc/none.key"]);
    expect([missing.code, missing.stderr]).toEqual([65, expect.stringContaining("/etc/none.key")]);
    await host.writeFile("/etc/open.key", "0123456789abcdef", "640");
    const open = await host.exec([...line, "/etc/open.key"]);
    expect([open.code, open.stderr]).toEqual([65, expect.stringContaining("chmod 600")]);
  }, 180_000);
});
