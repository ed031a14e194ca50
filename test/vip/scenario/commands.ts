/** The words of a scenario file, carried out on a world. `docs/development.md` tells how the files are written. */
import type { DataBlock } from "../../support/datadriven.ts";
import { numberOption, option } from "../../support/datadriven.ts";
import type { RouterEvent } from "../../../tools/ha-vip/decide/router-state.ts";
import { followersOf, withGroupFaults } from "../../../tools/ha-vip/decide/sync-group.ts";
import { WitnessBook } from "../../../tools/ha-vip/decide/witness.ts";
import type { RouterSettings } from "../../../tools/ha-vip/model/router.ts";
import { ip, PLAIN_ROUTER } from "./plain.ts";
import { type Host, World } from "./world.ts";

/** Settings as `name=value`, the same for `router` and `reload`. */
function settingsOf(block: DataBlock, before: RouterSettings): RouterSettings {
  const has = (word: string): boolean => block.words.includes(word);
  const version = numberOption(block, "version", before.version) === 2 ? 2 : 3;
  const addresses =
    block.options.get("vip")?.map((text) => ({ address: ip(text), prefixLength: 24 })) ?? before.addresses;
  return {
    ...before,
    version,
    addresses,
    family: addresses[0]?.address.family ?? 4,
    vrid: numberOption(block, "vrid", before.vrid),
    priority: numberOption(block, "priority", before.priority),
    intervalMs: numberOption(block, "interval", before.intervalMs),
    preemptDelayMs: numberOption(block, "preempt-delay", before.preemptDelayMs),
    startupDelayMs: numberOption(block, "startup-delay", before.startupDelayMs),
    preempt: before.preempt && !has("nopreempt"),
    probe: before.probe && !has("noprobe"),
    handOver: before.handOver && !has("keepalived"),
    answerHigher: before.answerHigher && !has("keepalived"),
    witness: before.witness || has("witness"),
  };
}

function describeHost(world: World, host: Host): string {
  const { master, priority, role } = host.state;
  const followed =
    role !== "master" && master !== undefined
      ? [...world.hosts.values()].find((one) => one.own.bytes.join() === master.address.bytes.join())
      : undefined;
  const follows = followed === undefined ? "" : ` follows ${followed.name}`;
  const life = host.dead ? " (dead)" : host.frozen ? " (frozen)" : "";
  return `${host.name}: ${role} ${priority}${follows}${world.has(host) ? ", has the address" : ""}${life}`;
}

const whole = (ms: number): number => Math.round(ms);

type Command = (world: World, block: DataBlock) => string | undefined | void;

const each = (world: World, block: DataBlock, act: (host: Host) => void): void => {
  for (const name of block.words) if (world.hosts.has(name)) act(world.host(name));
};

const START: RouterEvent = { kind: "start", priority: 0, faults: [] };

const COMMANDS: Readonly<Record<string, Command>> = {
  router(world, block) {
    const [name = ""] = block.words;
    world.add(name, ip(option(block, "own") ?? `10.0.0.${world.hosts.size + 1}`), settingsOf(block, PLAIN_ROUTER));
  },
  start: (world, block) =>
    each(world, block, (host) => {
      host.dead = false;
      world.give(host, { ...START, priority: host.settings.priority });
    }),
  run: (world, block) => world.run(Number(block.words[0])),
  link(world, block) {
    world.delayMs = numberOption(block, "delay", world.delayMs);
    world.loseEvery = numberOption(block, "lose-every", world.loseEvery);
  },
  /** `cut a b`: both ways; `cut a to b`: one way. */
  cut(world, block) {
    const [from = "", word = "", to = ""] = block.words;
    if (word === "to") world.cut(from, to);
    else
      for (const pair of [
        [from, word],
        [word, from],
      ] as const)
        world.cut(...pair);
  },
  isolate(world, block) {
    const [name = ""] = block.words;
    for (const other of [...world.hosts.keys(), "witness", "client"]) {
      if (other === name || block.options.get("except")?.includes(other) === true) continue;
      world.cut(name, other);
      world.cut(other, name);
    }
  },
  heal: (world) => world.heal(),
  kill: (world, block) => each(world, block, (host) => world.kill(host, block.words.includes("power"))),
  freeze: (world, block) => each(world, block, (host) => void (host.frozen = true)),
  thaw: (world, block) => each(world, block, (host) => void (host.frozen = false)),
  stop: (world, block) => each(world, block, (host) => world.give(host, { kind: "stop" })),
  health: (world, block) =>
    each(world, block, (host) => {
      const fault = option(block, "fault");
      const mute = block.words.includes("mute") ? { mute: true } : {};
      const faults = fault === undefined ? [] : [fault];
      world.give(host, {
        kind: "health",
        priority: numberOption(block, "priority", host.settings.priority),
        faults,
        ...mute,
      });
    }),
  /** As a reload does it: the state stays. */
  reload: (world, block) =>
    each(world, block, (host) => {
      host.settings = settingsOf(block, host.settings);
      if (host.state.role === "master") host.state = { ...host.state, advertAtMs: 0 };
      world.give(host, { kind: "health", priority: host.settings.priority, faults: host.state.faults });
    }),
  stranger: (world, block) => each(world, block, (host) => void (host.stranger = option(block, "mac"))),
  witness(world) {
    world.witness = new WitnessBook(world.nowMs);
  },
  clock: (world, block) => each(world, block, (host) => void (host.wallMs += numberOption(block, "jump"))),
  /** Adverts that nobody of ours sent, straight into a host. */
  forge(world, block) {
    const from = ip(option(block, "from") ?? "10.0.0.66");
    const [name = ""] = block.words;
    const host = world.host(name);
    const { settings } = host;
    const before = { sent: host.sent, announced: host.announced };
    const advert = {
      version: settings.version,
      vrid: settings.vrid,
      priority: numberOption(block, "priority", 1),
      intervalMs: numberOption(block, "interval", settings.intervalMs),
      addresses: (block.options.get("vip") ?? ["10.0.0.100"]).map(ip),
    };
    const count = numberOption(block, "count", 1);
    for (let index = 0; index < count; index += 1) {
      world.give(host, { kind: "advert", advert, from, own: host.own });
      world.run(numberOption(block, "every", 0));
    }
    const did = `${host.sent - before.sent} adverts and ${host.announced - before.announced} announcements for ${count}`;
    return count > 1 ? did : undefined;
  },
  /** What the other routers of a sync group do when one changes. */
  follow(_world, block) {
    const members = block.options.get("group") ?? [];
    const [name = "", before = "", after = ""] = block.words;
    const roles = ["stopped", "fault", "backup", "conflict", "master"] as const;
    const role = (text: string) => roles.find((one) => one === text) ?? "stopped";
    const followers = followersOf([{ name: "G", members }], name, role(before), role(after));
    return followers.map((one) => `${one.name}: ${one.role}`).join("\n");
  },
  faults(_world, block) {
    const members = block.options.get("group") ?? [];
    const own = new Map(members.map((name) => [name, block.options.get(name) ?? []]));
    const all = withGroupFaults([{ name: "G", members }], own);
    return [...all].map(([name, faults]) => `${name}: ${faults.join("; ")}`).join("\n");
  },
  group: (world, block) =>
    each(world, block, (host) => {
      const role = block.words.includes("master") ? "master" : "backup";
      world.give(host, { kind: "group", role, because: "VI_2" });
    }),
  status: (world) => [...world.hosts.values()].map((host) => describeHost(world, host)).join("\n"),
  client: (world) => `the client sends to ${world.client ?? "nobody"}`,
  /** Times since this was last asked. */
  owners(world) {
    const text = `${world.owners().join(" ") || "nobody"}; two at once for ${whole(world.twoMs)} ms at most, nobody for ${whole(world.noneMs)} ms`;
    world.forgetTimes();
    return text;
  },
};

/** A handler for one file: its blocks act on one world, and what happens is their output. */
export function scenario(): (block: DataBlock) => string {
  const world = new World();
  return (block) => {
    const command = COMMANDS[block.command];
    if (command === undefined) throw new Error(`${block.place}: no command ${block.command}`);
    const answer = command(world, block);
    const told = world.lines.splice(0);
    return [...told, ...(typeof answer === "string" ? [answer] : [])].join("\n");
  };
}
