import { describe, expect, test } from "bun:test";
import { NOT_RUN_YET, onlyWaits } from "./check.ts";
import { followersOf, withGroupFaults } from "./sync-group.ts";

const GROUPS = [
  { name: "GATEWAY", members: ["INSIDE", "OUTSIDE", "BACKEND"] },
  { name: "MAIL", members: ["SMTP", "IMAP"] },
];

describe("the faults of a group", () => {
  test("one that can't serve keeps the others of its group from it, and nobody else", () => {
    const own = new Map([
      ["INSIDE", []],
      ["OUTSIDE", ["eth1 is down"]],
      ["BACKEND", []],
      ["SMTP", []],
      ["ALONE", ["check x fails"]],
    ]);
    expect(Object.fromEntries(withGroupFaults(GROUPS, own))).toEqual({
      INSIDE: ["OUTSIDE of group GATEWAY can't serve"],
      OUTSIDE: ["eth1 is down"],
      BACKEND: ["OUTSIDE of group GATEWAY can't serve"],
      SMTP: [],
      ALONE: ["check x fails"],
    });
  });

  test("two that can't name each other", () => {
    const own = new Map([
      ["SMTP", ["check a fails"]],
      ["IMAP", ["check b fails"]],
    ]);
    expect(withGroupFaults(GROUPS, own).get("SMTP")).toEqual(["check a fails", "IMAP of group MAIL can't serve"]);
    expect(withGroupFaults(GROUPS, own).get("IMAP")).toEqual(["check b fails", "SMTP of group MAIL can't serve"]);
  });

  test("while the others only wait for their first check, so does this one", () => {
    const waiting = `check a ${NOT_RUN_YET}`;
    const all = withGroupFaults(
      GROUPS,
      new Map([
        ["SMTP", [waiting]],
        ["IMAP", []],
      ]),
    );
    expect(all.get("IMAP")).toEqual([`a check of SMTP of group MAIL ${NOT_RUN_YET}`]);
    expect(onlyWaits(all.get("IMAP") ?? [])).toBe(true);
    const broken = withGroupFaults(
      GROUPS,
      new Map([
        ["SMTP", [waiting, "eth0 is down"]],
        ["IMAP", []],
      ]),
    );
    expect(onlyWaits(broken.get("IMAP") ?? [])).toBe(false);
  });

  test("what is given in isn't changed", () => {
    const faults = ["eth1 is down"];
    const own = new Map<string, readonly string[]>([
      ["SMTP", faults],
      ["IMAP", []],
    ]);
    withGroupFaults(GROUPS, own);
    expect(own.get("IMAP")).toEqual([]);
    expect(faults).toEqual(["eth1 is down"]);
  });
});

describe("who follows", () => {
  test("all become master with one of them", () => {
    expect(followersOf(GROUPS, "SMTP", "backup", "master")).toEqual([{ name: "IMAP", role: "master" }]);
    expect(followersOf(GROUPS, "INSIDE", "conflict", "master").map((one) => one.name)).toEqual(["OUTSIDE", "BACKEND"]);
  });

  test("all become backup when one master does", () => {
    expect(followersOf(GROUPS, "SMTP", "master", "backup")).toEqual([{ name: "IMAP", role: "backup" }]);
  });

  test("nobody follows into a fault or a stop: the group's faults are each one's own", () => {
    expect(followersOf(GROUPS, "SMTP", "master", "fault")).toEqual([]);
    expect(followersOf(GROUPS, "SMTP", "master", "stopped")).toEqual([]);
    expect(followersOf(GROUPS, "SMTP", "fault", "backup")).toEqual([]);
    expect(followersOf(GROUPS, "SMTP", "master", "master")).toEqual([]);
  });

  test("a router without a group has no followers", () => {
    expect(followersOf(GROUPS, "ALONE", "backup", "master")).toEqual([]);
  });
});
