import { describe, expect, test } from "bun:test";
import { createMembership, membershipOptions, onHeartbeat, tickMembership, type Membership } from "./membership.ts";

/** Several nodes with heartbeats between them; time in steps of 100 ms. */
class Net {
  nowMs = 0;
  readonly views = new Map<string, readonly string[]>();
  readonly codes: string[] = [];
  readonly cut = new Set<string>();
  readonly asleep = new Set<string>();
  private readonly nodes = new Map<string, Membership>();

  constructor(
    names: string,
    readonly links: readonly string[] = ["ring0"],
  ) {
    const all = names.split("");
    for (const name of all) this.nodes.set(name, createMembership(membershipOptions(name, all, links), 0));
  }

  run(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; this.nowMs += 100) {
      for (const [name, node] of this.nodes) if (!this.asleep.has(name)) this.tick(name, node);
    }
  }

  private tick(name: string, node: Membership): void {
    const outcome = tickMembership(node, this.nowMs);
    this.views.set(name, outcome.members);
    for (const fact of outcome.reasons)
      this.codes.push(`${name} ${fact.code} ${String(fact.data["peer"] ?? "")}`.trim());
    if (outcome.send === null) return;
    for (const [to, other] of this.nodes) {
      for (const link of this.links) {
        if (to === name || this.asleep.has(to) || this.cut.has(`${name}>${to}@${link}`)) continue;
        onHeartbeat(other, { from: name, link, ...outcome.send }, this.nowMs + 1);
      }
    }
  }

  drop(from: string, to: string, ...links: readonly string[]): void {
    for (const link of links.length > 0 ? links : this.links) this.cut.add(`${from}>${to}@${link}`);
  }

  show(): string {
    return [...this.views].map(([name, view]) => `${name}:${view.join("")}`).join(" ");
  }
}

describe("membership", () => {
  test("all who hear each other belong together", () => {
    const net = new Net("abc");
    net.run(1000);
    expect(net.show()).toBe("a:abc b:abc c:abc");
  });

  test("a node that is gone is missed by all, within a second", () => {
    const net = new Net("abc");
    net.run(2000);
    net.asleep.add("c");
    net.run(1000);
    expect(net.views.get("a")).toEqual(["a", "b"]);
    expect(net.codes).toContain("a CORE_PEER_SUSPECTED c");
  });

  test("a node that slept doubts itself, and accuses nobody", () => {
    const net = new Net("abc");
    net.run(2000);
    net.asleep.add("c");
    net.run(1500);
    net.asleep.delete("c");
    net.codes.length = 0;
    net.run(1000);
    expect(net.codes.some((code) => code.startsWith("c CORE_SELF_LATE"))).toBe(true);
    expect(net.codes.some((code) => code.startsWith("c CORE_PEER_SUSPECTED"))).toBe(false);
    expect(net.show()).toBe("a:abc b:abc c:abc");
  });

  test("one of two links may fail: it is told, and nobody is missed", () => {
    const net = new Net("ab", ["ring0", "ring1"]);
    net.run(1000);
    net.drop("a", "b", "ring1");
    net.run(3000);
    expect(net.show()).toBe("a:ab b:ab");
    expect(net.codes).toContain("b CORE_LINK_DOWN a");
    expect(net.codes).toContain("a CORE_LINK_ONE_WAY b");
  });

  test("a node that nobody hears, though it hears all, is out for everyone", () => {
    const net = new Net("abc");
    net.run(1000);
    net.drop("c", "a");
    net.drop("c", "b");
    net.run(3000);
    expect(net.views.get("a")).toEqual(["a", "b"]);
    expect(net.views.get("b")).toEqual(["a", "b"]);
    expect(net.views.get("c")).toEqual(["a", "b"]);
  });

  test("one broken pair among five doesn't split the cluster: the majority vouches for both", () => {
    const net = new Net("abcde");
    net.run(1000);
    net.drop("a", "b");
    net.drop("b", "a");
    net.run(4000);
    expect(net.views.get("c")).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("a heartbeat that was overtaken by a newer one says nothing", () => {
    const membership = createMembership(membershipOptions("a", ["a", "b"], ["ring0", "ring1"]), 0);
    const said = (count: number, view: readonly string[], link: string): void => {
      const hears = { ring0: ["a"], ring1: ["a"] };
      onHeartbeat(membership, { from: "b", link, hears, without: {}, view, joining: [], count, echo: { a: 1 } }, 50);
    };
    tickMembership(membership, 0);
    said(7, ["a", "b"], "ring0");
    expect(tickMembership(membership, 100).vouchers).toEqual(["a", "b"]);
    said(9, ["b"], "ring0");
    said(8, ["a", "b"], "ring1");
    expect(tickMembership(membership, 200).vouchers).toEqual(["a"]);
  });

  test("who is about to be taken in by a voucher isn't ruled out", () => {
    const membership = createMembership(membershipOptions("a", ["a", "b", "c"], ["ring0"]), 0);
    const ruledOutWhen = (joining: readonly string[]): readonly string[] => {
      const said = {
        hears: { ring0: ["a"] },
        without: {},
        view: ["a", "b"],
        joining,
        echo: { a: membership.nextCount - 1 },
      };
      const count = membership.nextCount + 10;
      onHeartbeat(membership, { from: "b", link: "ring0", ...said, count }, membership.tickDueMs);
      return tickMembership(membership, membership.tickDueMs).ruledOut;
    };
    tickMembership(membership, 0);
    // Taking b in needs a word of everybody else, or the time in which all older words end.
    while (!tickMembership(membership, membership.tickDueMs).members.includes("b")) ruledOutWhen([]);
    expect(ruledOutWhen([])).toEqual(["c"]);
    expect(ruledOutWhen(["c"])).toEqual([]);
  });

  test("who comes and goes too often has to be steady first", () => {
    const net = new Net("abc");
    net.run(1000);
    for (let flap = 0; flap < 4; flap += 1) {
      net.asleep.add("c");
      net.run(1500);
      net.asleep.delete("c");
      net.run(500);
    }
    expect(net.codes.filter((code) => code === "a CORE_PEER_FLAPPING c").length).toBe(1);
    expect(net.views.get("a")).toEqual(["a", "b"]);
    net.run(40_000);
    expect(net.views.get("a")).toEqual(["a", "b", "c"]);
  });
});
