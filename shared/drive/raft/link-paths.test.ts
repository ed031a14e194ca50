import { expect, test } from "bun:test";
import { checkLinkPaths, linkCards } from "./link-paths.ts";

test("links over one card are told, those that keep a card of their own are not", () => {
  const of = (...cards: readonly (readonly string[])[]): number =>
    checkLinkPaths(new Map(cards.map((own, at) => [`ring${at}`, own] as const))).length;
  expect([of(["eth0"], ["eth1"]), of(["eth0"], ["eth0"]), of(["eth0", "eth1"], ["eth1"])]).toEqual([0, 1, 1]);
  expect([of(["eth0", "eth1"], ["eth1", "eth2"]), of(["a"], ["a"], ["a"]), of([], ["eth0"])]).toEqual([0, 3, 0]);
});

test("an address is found on its interface", () => {
  const link = { name: "ring0", listen: { host: "127.0.0.1", port: 1 }, peers: {} };
  expect(linkCards([link]).get("ring0")).toEqual(["lo"]);
});
