/** `ha-crm witness`: a third, light voter for two nodes. It has the log and a vote, and runs no services. */
import { defineCommand } from "../../../shared/cli/command.ts";
import { LOG_OPTIONS, readLogTargets } from "../../../shared/cli/log-options.ts";
import { membershipOptions } from "../../../shared/decide/membership/membership.ts";
import { DEFAULT_STANDING, majorityOfNodes } from "../../../shared/decide/quorum/standing.ts";
import { replicaMachine } from "../../../shared/decide/replica/machine.ts";
import { startControlServer } from "../../../shared/drive/control/server.ts";
import { openLog } from "../../../shared/drive/log/open-log.ts";
import type { Logger } from "../../../shared/drive/log/logger.ts";
import { datagramKey } from "../../../shared/drive/raft/certificate.ts";
import { coordinationMethods } from "../../../shared/drive/raft/control-methods.ts";
import { EmbeddedCoordination } from "../../../shared/drive/raft/embedded.ts";
import { Group } from "../../../shared/drive/raft/group.ts";
import type { HeartbeatLink, PresenceReport } from "../../../shared/drive/raft/heartbeat-messages.ts";
import { Heartbeats } from "../../../shared/drive/raft/heartbeats.ts";
import { readClusterKeys, writeNewClusterKey, type ClusterKeys } from "../../../shared/drive/raft/key-file.ts";
import { checkLinkPaths, linkCards } from "../../../shared/drive/raft/link-paths.ts";
import { membershipMethods } from "../../../shared/drive/raft/membership-methods.ts";
import { forbidDumps, forbidNewPrivileges } from "../../../shared/drive/ffi/process.ts";
import { CORE_REASONS } from "../../../shared/model/core-reasons.ts";
import { EXIT, type ExitCode } from "../../../shared/model/exit-codes.ts";
import { controlSocketPath, runDirectoryOf } from "../../../shared/model/paths.ts";
import { VERSION } from "../../../shared/model/version.ts";
import { describe, reason, type Reason } from "../../../shared/reason/catalogue.ts";
import { parseEndpoint } from "../../../shared/text/endpoint.ts";
import type { HeartbeatRules } from "./heartbeat-worker.ts";

const CORE_PORT = 5405;
const WORKER = "tools/ha-crm/commands/heartbeat-worker.ts";

interface Address {
  readonly host: string;
  readonly port: number;
}
type Peers = ReadonlyMap<string, readonly Address[]>;

/** `NAME=ADDRESS:PORT[,ADDRESS:PORT…]`: the first address carries the log, each one is a link for heartbeats. */
export function parsePeers(words: readonly string[], node: string): Peers | Reason {
  const peers = new Map<string, readonly Address[]>();
  for (const word of words) {
    const at = word.indexOf("=");
    const addresses: Address[] = [];
    for (const text of word.slice(at + 1).split(",")) {
      const parsed = parseEndpoint(text, { defaultPort: CORE_PORT });
      if (parsed.ok) addresses.push({ host: parsed.value.host, port: parsed.value.port ?? CORE_PORT });
    }
    if (at > 0) peers.set(word.slice(0, at), addresses);
  }
  const links = peers.get(node)?.length ?? 0;
  const even = [...peers.values()].every((addresses) => addresses.length === links);
  if (links === 0 || !even || peers.size < 3) return reason(CORE_REASONS, "CORE_WITNESS_PEERS", { node });
  return peers;
}

function linksOf(peers: Peers, node: string): readonly HeartbeatLink[] {
  return (peers.get(node) ?? []).map((listen, ring) => ({
    name: `ring${ring}`,
    listen,
    peers: Object.fromEntries([...peers].map(([name, addresses]) => [name, addresses[ring] ?? listen])),
  }));
}

interface WitnessSettings {
  readonly node: string;
  readonly directory: string;
  readonly keys: ClusterKeys;
  readonly peers: Peers;
  readonly socketPath: string;
}

async function runWitness(settings: WitnessSettings, log: Logger): Promise<ExitCode> {
  const { node, directory, peers, socketPath } = settings;
  const { key, alsoAccepted } = settings.keys;
  const names = [...peers.keys()];
  const say = (fact: Reason): void => log.fact(CORE_REASONS, fact);
  const first = (name: string): Address => {
    const address = peers.get(name)?.[0];
    if (address === undefined) throw new Error(`${name} has no address`);
    return address;
  };
  const group = await Group.open({
    node,
    directory,
    listen: first(node),
    peers: new Map(names.map((name) => [name, first(name)])),
    initialMembers: { voters: names, learners: [] },
    clusterKey: key,
    alsoAccepted,
    createMachine: replicaMachine(node),
    onReason: say,
  });
  const links = linksOf(peers, node);
  for (const fact of checkLinkPaths(linkCards(links))) say(fact);
  const quorum = { ...majorityOfNodes(names.filter((name) => name !== node)), witness: { name: node, votes: 1 } };
  const rules: HeartbeatRules = {
    membership: membershipOptions(
      node,
      names,
      links.map((link) => link.name),
      group.boot,
    ),
    standing: { ...DEFAULT_STANDING, self: node, quorum },
  };
  let finish: (code: ExitCode) => void = () => undefined;
  const finished = new Promise<ExitCode>((resolve) => (finish = resolve));
  let last: PresenceReport | null = null;
  const heartbeats = new Heartbeats({
    settings: {
      node,
      boot: group.boot,
      key: datagramKey(key),
      alsoAccepted: alsoAccepted.map(datagramKey),
      links,
      rules,
      watchdog: null,
    },
    worker: WORKER,
    onView: (view) => {
      if (view.members.join() !== last?.members.join()) log.info(`in view: ${view.members.join(", ")}`);
      last = view;
    },
    onReason: say,
    onFailure: (error) => {
      log.error(`the heartbeats ended: ${error.message}`);
      finish(EXIT.error);
    },
  });
  const methods = {
    ...coordinationMethods(new EmbeddedCoordination(group), () => group.status()),
    ...membershipMethods(heartbeats, links, () => last),
  };
  const control = await startControlServer({ tool: "ha-crm", version: VERSION, path: socketPath, methods });
  if (!control.ok) for (const problem of control.problems) log.problem(problem);
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => finish(EXIT.ok));
  const code = await finished;
  if (control.ok) control.server.close();
  if (code === EXIT.ok) await heartbeats.close();
  await group.close();
  return code;
}

export const witnessCommand = defineCommand({
  name: "witness",
  summary: "Be the third voter of a cluster of two: decides with them, and runs no services",
  description:
    "Runs on a third machine that both nodes reach by another way than each other. With it two nodes are three voters: " +
    "either node goes on when the other one or the witness is lost, and never both apart. It needs a disk for the log " +
    "and little else. All voters share one key: make it once with --create-key and copy the file.",
  options: {
    node: { type: "string", placeholder: "NAME", summary: "the witness's own name", required: true },
    directory: {
      type: "string",
      placeholder: "PATH",
      summary: "where its log lies",
      default: "/var/lib/ha-crm/witness",
    },
    key: { type: "string", placeholder: "FILE", summary: "the cluster's key", default: "/etc/ha-crm/cluster.key" },
    "create-key": { type: "flag", summary: "make the key file, and end" },
    peer: {
      type: "string",
      repeatable: true,
      placeholder: "NAME=ADDRESS:PORT[,ADDRESS:PORT]",
      summary: "every voter, the witness included; further addresses are further links",
    },
    ...LOG_OPTIONS,
  },
  examples: [
    {
      run: "ha-crm witness --node w --peer a=10.0.0.1 --peer b=10.0.0.2 --peer w=10.0.0.3",
      does: `votes with a and b, over port ${CORE_PORT} (TCP and UDP)`,
    },
  ],
  async run({ options, io, out }) {
    forbidDumps();
    forbidNewPrivileges();
    const refuse = (fact: Reason, code: ExitCode): ExitCode => out.problems([describe(CORE_REASONS, fact)], code);
    if (options["create-key"]) {
      try {
        writeNewClusterKey(options.key);
        return EXIT.ok;
      } catch (error) {
        const detail = error instanceof Error ? error.message : String(error);
        return refuse(reason(CORE_REASONS, "CORE_KEY_FILE", { path: options.key, detail }), EXIT.error);
      }
    }
    const peers = parsePeers(options.peer ?? [], options.node);
    if ("code" in peers) return refuse(peers, EXIT.usage);
    const keys = readClusterKeys(options.key);
    if (!keys.ok) return refuse(keys.fact, EXIT.configuration);
    const targets = readLogTargets(options.log ?? []);
    if (!targets.ok) return out.problems(targets.problems, EXIT.usage);
    const log = openLog({ tool: "ha-crm", targets: targets.targets, least: options["log-level"] });
    const socketPath = controlSocketPath("ha-crm", runDirectoryOf(io.env));
    const { node, directory } = options;
    const code = await runWitness({ node, directory, keys: keys.keys, peers, socketPath }, log);
    log.flush();
    return code;
  },
});
