import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { callControl } from "../../shared/drive/control/client.ts";
import { startControlServer, type ControlServer } from "../../shared/drive/control/server.ts";
import { EtcdCoordination } from "../../shared/drive/etcd/coordination.ts";
import { ControlCoordination } from "../../shared/drive/raft/control-coordination.ts";
import { coordinationMethods } from "../../shared/drive/raft/control-methods.ts";
import { EmbeddedCoordination } from "../../shared/drive/raft/embedded.ts";
import { compareAndPut, put, remove, type Coordination, type WatchNotice } from "../../shared/effect/coordination.ts";
import { VERSION } from "../../shared/model/version.ts";
import { Counting } from "./counting.ts";
import { EtcdGroup, requireEtcd } from "./etcd-fixture.ts";
import { until } from "../../shared/lab/host.ts";
import { named } from "../../shared/lab/requirements.ts";
import { LocalGroup } from "./group-fixture.ts";

/** A lease that is left alone; writing under it before it ends takes milliseconds, and on a busy machine more. */
const LEFT_ALONE_MS = 2000;
/** A lease that is renewed all the time. */
const RENEWED_MS = 3000;

/** One suite of cases over both engines. */
interface Engine {
  readonly on: readonly Coordination[];
  stop(): Promise<void>;
}

async function embedded(): Promise<Engine> {
  const local = await LocalGroup.start(3);
  const groups = local.groups.filter((group) => group !== null);
  return { on: groups.map((group) => new EmbeddedCoordination(group)), stop: () => local.stop() };
}

/** The embedded core as a program outside sees it: through the control socket of each member's daemon. */
async function controlSocket(): Promise<Engine> {
  const local = await LocalGroup.start(3);
  const groups = local.groups.filter((group) => group !== null);
  const servers: ControlServer[] = [];
  for (const [at, group] of groups.entries()) {
    const started = await startControlServer({
      tool: "ha-crm",
      version: VERSION,
      path: join(local.directory, `control-${at}.sock`),
      methods: coordinationMethods(new EmbeddedCoordination(group), () => group.status()),
    });
    if (!started.ok) throw new Error(started.problems[0]?.sentence);
    servers.push(started.server);
  }
  const on = servers.map((server) => new ControlCoordination(server.path));
  const stop = async (): Promise<void> => {
    for (const one of on) await one.close();
    for (const server of servers) server.close();
    await local.stop();
  };
  return { on, stop };
}

async function etcd(): Promise<Engine> {
  const group = await EtcdGroup.start(3);
  const on = group.endpoints.map((endpoint) => new EtcdCoordination({ endpoints: [endpoint], timeoutMs: 20_000 }));
  const stop = async (): Promise<void> => {
    for (const one of on) await one.close();
    await group.stop();
  };
  return { on, stop };
}

function engineCases(name: string, start: () => Promise<Engine>, lacking?: string): void {
  describe.skipIf(lacking !== undefined)(named(name, lacking), () => {
    let engine: Engine | null = null;
    let serial = 0;
    beforeAll(async () => {
      engine = await start();
    });
    afterAll(async () => engine?.stop());

    const node = (at: number): Coordination => {
      const one = engine?.on[at];
      if (one === undefined) throw new Error("the engine isn't running");
      return one;
    };
    const freshKey = (): string => `case/${(serial += 1)}`;
    const valueOf = async (on: Coordination, key: string): Promise<string | null> => {
      const answer = await on.get(key);
      if (!answer.ok) throw new Error(answer.why);
      return answer.value.records[0]?.value ?? null;
    };
    test("what one node wrote, every node reads at once", async () => {
      const key = freshKey();
      for (const at of [0, 1, 2]) {
        expect((await put(node(at), key, `from ${at}, ü`)).ok).toBe(true);
        for (const reader of [0, 1, 2]) expect(await valueOf(node(reader), key)).toBe(`from ${at}, ü`);
      }
    });

    test("revisions rise with every change; a key remembers when it was made and last written", async () => {
      const key = freshKey();
      const first = await put(node(0), key, "1");
      const second = await put(node(1), key, "2");
      if (!first.ok || !second.ok) throw new Error("refused");
      expect(second.value.revision).toBeGreaterThan(first.value.revision);
      const read = await node(2).get(key);
      expect(read.ok && read.value.records[0]).toMatchObject({
        createRevision: first.value.revision,
        modRevision: second.value.revision,
        version: 2,
        lease: "",
      });
    });

    test("compare-and-set wins once", async () => {
      const key = freshKey();
      const tries = await Promise.all([0, 1, 2].map((at) => compareAndPut(node(at), key, 0, `node ${at}`)));
      expect(tries.filter((answer) => answer.ok).length).toBe(1);
      expect(tries.filter((answer) => !answer.ok).map((answer) => !answer.ok && answer.code)).toEqual([
        "CONFLICT",
        "CONFLICT",
      ]);
    });

    test("a transaction does all or nothing", async () => {
      const [a, b] = [freshKey(), freshKey()];
      const made = await put(node(0), a, "1");
      if (!made.ok) throw new Error(made.why);
      const operations = [
        { op: "put", key: b, value: "2" },
        { op: "delete", key: a },
      ] as const;
      expect((await node(1).txn([{ key: a, modRevision: made.value.revision + 1000 }], operations)).ok).toBe(false);
      expect(await valueOf(node(1), b)).toBe(null);
      expect((await node(1).txn([{ key: a, modRevision: made.value.revision }], operations)).ok).toBe(true);
      expect([await valueOf(node(2), a), await valueOf(node(2), b)]).toEqual([null, "2"]);
    });

    test("a prefix lists its keys in order, and no others", async () => {
      const prefix = `${freshKey()}/`;
      for (const tail of ["b", "a", "c"]) await put(node(0), prefix + tail, tail);
      await put(node(0), `${prefix.slice(0, -1)}0`, "beyond");
      const listed = await node(1).list(prefix);
      expect(listed.ok && listed.value.records.map((record) => record.value)).toEqual(["a", "b", "c"]);
    });

    test("deleting what isn't there is no error", async () => {
      expect((await remove(node(0), freshKey())).ok).toBe(true);
    });

    test("a lease that isn't renewed takes its keys with it; a renewed one keeps them", async () => {
      const [dying, living] = [freshKey(), freshKey()];
      const long = await node(0).grant(RENEWED_MS);
      if (!long.ok) throw new Error(long.why);
      const renewal = setInterval(() => void node(2).keepAlive(long.value.lease), 200);
      const grantedMs = performance.now();
      expect((await put(node(1), living, "x", long.value.lease)).ok).toBe(true);
      const short = await node(0).grant(LEFT_ALONE_MS);
      if (!short.ok) throw new Error(short.why);
      expect((await put(node(0), dying, "x", short.value.lease)).ok).toBe(true);
      await until("the lease has ended", async () => (await valueOf(node(1), dying)) === null);
      await until(
        "the other one has lived longer than without renewal",
        () => performance.now() - grantedMs > RENEWED_MS,
      );
      expect(await valueOf(node(2), living)).toBe("x");
      clearInterval(renewal);
      const late = await node(0).keepAlive(short.value.lease);
      expect(!late.ok && late.code).toBe("LEASE_UNKNOWN");
      expect((await node(0).revoke(long.value.lease)).ok).toBe(true);
      expect(await valueOf(node(0), living)).toBe(null);
    });

    test("a write under an unknown lease is refused", async () => {
      const answer = await put(node(0), freshKey(), "x", "987654321");
      expect(!answer.ok && answer.code).toBe("LEASE_UNKNOWN");
    });

    test("a watch tells every change of its prefix, in order, from the revision asked for", async () => {
      const prefix = `${freshKey()}/`;
      const first = await put(node(0), `${prefix}a`, "1");
      if (!first.ok) throw new Error(first.why);
      const seen: string[] = [];
      const onNotice = (notice: WatchNotice): void => {
        if (notice.kind === "missed") seen.push("missed");
        else
          for (const event of notice.events)
            seen.push(`${event.kind} ${event.key.slice(prefix.length)}=${event.value}`);
      };
      await until("the watching node knows it", async () => (await valueOf(node(1), `${prefix}a`)) === "1");
      const watch = node(0).watch(prefix, first.value.revision, onNotice);
      await put(node(1), `${prefix}b`, "2");
      await put(node(1), `elsewhere/${prefix}`, "no");
      await remove(node(2), `${prefix}a`);
      await until("three events", () => seen.length >= 3);
      watch.close();
      expect(seen).toEqual(["put a=1", "put b=2", "delete a=null"]);
    });

    test("a lease that ends is told to who watches its keys", async () => {
      const key = freshKey();
      const lease = await node(0).grant(LEFT_ALONE_MS);
      if (!lease.ok) throw new Error(lease.why);
      const made = await put(node(0), key, "x", lease.value.lease);
      if (!made.ok) throw new Error(made.why);
      const seen: string[] = [];
      const watch = node(1).watch(key, made.value.revision + 1, (notice) => {
        if (notice.kind === "events") seen.push(...notice.events.map((event) => event.kind));
      });
      await until("it is told", () => seen.length > 0);
      watch.close();
      expect(seen).toEqual(["delete"]);
    });

    test("what is too large is refused by name, and what is large is kept whole", async () => {
      const key = freshKey();
      const value = "größer ".repeat(60_000);
      expect((await put(node(0), key, value)).ok).toBe(true);
      expect(await valueOf(node(2), key)).toBe(value);
      const refused = await put(node(1), key, "x".repeat(4 * 1024 * 1024));
      expect(!refused.ok && refused.code).toBe("TOO_LARGE");
      expect(await valueOf(node(0), key)).toBe(value);
    });

    test("of many that count up together by compare-and-set, none is lost and none counts twice", async () => {
      const key = freshKey();
      await put(node(0), key, "0");
      const counting = new Counting(key);
      await Promise.all([0, 1, 2, 0, 1, 2].map((at) => counting.run(node(at), 15)));
      expect(counting.won).toBeGreaterThan(10);
      expect(counting.explains(Number(await valueOf(node(0), key)))).toBe(true);
    });

    test("the members are three voters, one of them leads", async () => {
      let members: readonly { readonly voter: boolean; readonly leader: boolean }[] = [];
      // Between two leaders there is none for a moment.
      await until("one leads", async () => {
        const answer = await node(0).members();
        if (answer.ok) members = answer.value;
        return members.some((member) => member.leader);
      });
      expect(members.filter((member) => member.voter).length).toBe(3);
      expect(members.filter((member) => member.leader).length).toBe(1);
    });
  });
}

engineCases("embedded", embedded);
engineCases("embedded, over the control socket", controlSocket);
engineCases("etcd", etcd, requireEtcd());

test("a daemon that is gone leaves reads unavailable; a watch goes on when it is back", async () => {
  const local = await LocalGroup.start(1);
  const group = local.groups[0];
  if (group === null || group === undefined) throw new Error("no member");
  const inside = new EmbeddedCoordination(group);
  const serve = async (): Promise<ControlServer> => {
    const path = join(local.directory, "control.sock");
    const methods = coordinationMethods(inside, () => group.status());
    const started = await startControlServer({ tool: "ha-crm", version: VERSION, path, methods });
    if (!started.ok) throw new Error(started.problems[0]?.sentence);
    return started.server;
  };
  const first = await serve();
  const outside = new ControlCoordination(first.path);
  const seen: string[] = [];
  outside.watch("w/", 1, (notice) => {
    if (notice.kind === "events") seen.push(...notice.events.map((event) => event.key));
  });
  await put(outside, "w/1", "x");
  await until("the first event", () => seen.length === 1);
  first.close();
  await until("the loss is noticed", async () => !(await outside.get("w/1")).ok);
  const refused = await outside.get("w/1");
  expect(!refused.ok && refused.code).toBe("UNAVAILABLE");
  await put(inside, "w/2", "y");
  const second = await serve();
  await until("the missed event", () => seen.length === 2);
  expect(seen).toEqual(["w/1", "w/2"]);
  let status: unknown = null;
  await until("it says that it leads", async () => {
    const answer = await callControl(second.path, "kv.status", {});
    status = answer.ok ? answer.result : null;
    return group.status().role === "leader" && JSON.stringify(status).includes('"leader"');
  });
  expect(status).toMatchObject({ role: "leader", members: { voters: ["n0"] } });
  await outside.close();
  second.close();
  await local.stop();
});

test("embedded: leaders change in the midst of transactions, and each one that was answered counts once", async () => {
  const local = await LocalGroup.start(3);
  const at = (index: number): Coordination => {
    const group = local.groups[index];
    if (group === null || group === undefined) throw new Error("that member is down");
    return new EmbeddedCoordination(group);
  };
  const counting = new Counting("n");
  await put(at(0), "n", "0");
  for (let change = 0; change < 3; change += 1) {
    const leader = await local.someLeader();
    const others = [0, 1, 2].filter((index) => index !== leader);
    counting.resume();
    const counters = others.map((index) => counting.run(at(index)));
    const goal = counting.won + 20;
    await until("they count", () => counting.won >= goal);
    await local.stopMember(leader);
    await until("they count on without it", () => counting.won >= goal + 20);
    counting.stop();
    await Promise.all(counters);
    await local.startMember(leader);
    await local.someLeader();
  }
  let counted = -1;
  await until("it can be read", async () => {
    const read = await at(0).get("n");
    if (read.ok) counted = Number(read.value.records[0]?.value);
    return read.ok;
  });
  expect(counting.explains(counted)).toBe(true);
  await local.stop();
});
