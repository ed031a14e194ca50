/**
 * Tests of the network layer run in a network namespace of their own, so that they change nothing on this
 * machine. A test file calls `insideNamespace`: outside it starts itself again under `unshare` and reports
 * that run as one test; inside it defines the real ones.
 */
import { describe, expect, test } from "bun:test";
import { readlinkSync } from "node:fs";
import { monotonicNs } from "../../shared/drive/ffi/clock.ts";
import { close, open, OPEN } from "../../shared/drive/ffi/fd.ts";
import { insideNetwork } from "../../shared/drive/ffi/namespace.ts";
import type { Link } from "../../shared/drive/net/link-codec.ts";
import type { NetlinkAnswer } from "../../shared/drive/net/netlink-socket.ts";
import { RouteClient } from "../../shared/drive/net/route-client.ts";
import { named, requireNamespaces } from "../../shared/lab/requirements.ts";
import { labEnvironment, labSupport } from "../../shared/lab/support.ts";
import { type IpAddress, parseAddress } from "../../shared/text/address.ts";

const MARK = "FIVENINES_TEST_NAMESPACE";
const RUN_LIMIT_MS = 60_000;
const START_LIMIT_NS = 10e9;

export function insideNamespace(name: string, file: string, define: () => void): void {
  if (process.env[MARK] === "inside") {
    describe(name, define);
    return;
  }
  const lacking = requireNamespaces();
  test.skipIf(lacking !== undefined)(
    named(name, lacking),
    () => {
      const how = labSupport().mode === "user" ? ["--user", "--map-root-user", "--net"] : ["--net"];
      const command = ["unshare", ...how, process.execPath, "test", file];
      const env = { ...labEnvironment(), [MARK]: "inside" };
      const run = Bun.spawnSync(command, {
        env,
        stdin: "ignore",
        stdout: "pipe",
        stderr: "pipe",
        timeout: RUN_LIMIT_MS,
      });
      const said = run.stderr.toString() + run.stdout.toString();
      if (run.exitCode !== 0) console.error(said);
      expect(run.exitCode).toBe(0);
      // A run without any test would also end well.
      expect(Number(/(\d+) pass/.exec(said)?.[1] ?? 0)).toBeGreaterThan(0);
    },
    RUN_LIMIT_MS,
  );
}

/** Another host: an empty network namespace that ends with its process. */
export class Peer {
  readonly #process: Bun.Subprocess;
  readonly path: string;

  private constructor(process: Bun.Subprocess) {
    this.#process = process;
    this.path = `/proc/${process.pid}/ns/net`;
  }

  static start(): Peer {
    // It ends with its pipe, so it can't outlive this process however that ends.
    const child = Bun.spawn(["unshare", "--net", "cat"], { stdin: "pipe", stdout: "ignore" });
    const peer = new Peer(child);
    const own = readlinkSync("/proc/self/ns/net");
    const deadlineNs = monotonicNs() + START_LIMIT_NS;
    while (readlinkSync(peer.path) === own) {
      if (monotonicNs() > deadlineNs) throw new Error("the peer's namespace doesn't appear");
      Bun.sleepSync(1);
    }
    return peer;
  }

  /** Runs something there; what it opens stays there. */
  in<Result>(inside: () => Result): Result {
    return insideNetwork(this.path, inside);
  }

  /** The output of a command there. Throws when it fails. */
  sh(command: string): string {
    return sh(`nsenter --net=${this.path} ${command}`);
  }

  stop(): void {
    this.#process.kill("SIGKILL");
  }
}

/** The output of a shell command; throws with what it said when it fails. */
export function sh(command: string): string {
  const run = Bun.spawnSync(["sh", "-c", command], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
  if (run.exitCode !== 0) throw new Error(`${command}: ${run.stderr.toString()}`);
  return run.stdout.toString();
}

/** The JSON that ip(8) prints. */
export function ipJson(words: string): unknown {
  return JSON.parse(sh(`ip -j ${words}`) || "[]");
}

export function ip(text: string): IpAddress {
  const address = parseAddress(text);
  if (!address.ok) throw new Error(text);
  return address.value;
}

/** The value of an answer that must be good. */
export function good<Value>(answer: NetlinkAnswer<Value>): Value {
  if (!answer.ok) throw new Error(`${answer.failure.name}: ${answer.failure.text}`);
  return answer.value;
}

export interface Cable {
  readonly near: Link;
  readonly far: Link;
  readonly client: RouteClient;
  readonly farClient: RouteClient;
}

/** A cable between us (`near`, 10.7.0.1/24, fd07::1/64) and a peer (`far`, .2): made with the code under test. */
export function connect(peer: Peer): Cable {
  const client = RouteClient.open();
  const farClient = peer.in(() => RouteClient.open());
  good(client.createLink({ kind: "veth", name: "near", peerName: "far" }));
  const namespace = open(peer.path, OPEN.READ_ONLY);
  good(client.changeLink(good(client.link("far")).index, { networkNamespaceFd: namespace }));
  close(namespace);
  const ends = [
    [client, "near", 1],
    [farClient, "far", 2],
  ] as const;
  for (const [end, name, host] of ends) {
    const { index } = good(end.link(name));
    good(end.changeLink(index, { up: true }));
    good(end.addAddress({ interfaceIndex: index, address: ip(`10.7.0.${host}`), prefixLength: 24 }));
    const six = { interfaceIndex: index, address: ip(`fd07::${host}`), prefixLength: 64, noDuplicateDetection: true };
    good(end.addAddress(six));
  }
  return { near: good(client.link("near")), far: good(farClient.link("far")), client, farClient };
}

/** Calls `look` until it gives something, up to ten seconds. */
export async function eventually<Value>(what: string, look: () => Value | undefined): Promise<Value> {
  const deadlineNs = monotonicNs() + START_LIMIT_NS;
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    if (monotonicNs() > deadlineNs) throw new Error(`never: ${what}`);
    await Bun.sleep(5);
  }
}
