import { describe, expect, test } from "bun:test";
import { NETLINK_FLAG, NETLINK_TYPE, type NetlinkMessage } from "./netlink-message.ts";
import { advance, netlinkFailure } from "./netlink-socket.ts";

const message = (type: number, flags = 0, body: readonly number[] = []): NetlinkMessage => ({
  type,
  flags,
  sequence: 1,
  portId: 0,
  body: new Uint8Array(body),
});
const DONE_WELL = { ok: true, value: null } as const;

describe("the messages of an answer", () => {
  const cases: readonly (readonly [string, NetlinkMessage, unknown])[] = [
    ["an object is kept", message(20), "more"],
    ["an object of a dump that others disturb", message(20, NETLINK_FLAG.DUMP_INTERRUPTED), "interrupted"],
    ["done", message(NETLINK_TYPE.DONE, 0, [0, 0, 0, 0]), DONE_WELL],
    ["done without a number", message(NETLINK_TYPE.DONE), DONE_WELL],
    ["done, but disturbed", message(NETLINK_TYPE.DONE, NETLINK_FLAG.DUMP_INTERRUPTED), "EINTR"],
    ["done with an error", message(NETLINK_TYPE.DONE, 0, [0xed, 0xff, 0xff, 0xff]), "ENODEV"],
    ["acknowledged", message(NETLINK_TYPE.ERROR, 0, [0, 0, 0, 0]), DONE_WELL],
    ["acknowledged, capped", message(NETLINK_TYPE.ERROR, NETLINK_FLAG.CAPPED, [0, 0, 0, 0]), DONE_WELL],
    ["refused", message(NETLINK_TYPE.ERROR, 0, [0xef, 0xff, 0xff, 0xff]), "EEXIST"],
    ["nothing", message(NETLINK_TYPE.NOOP), "more"],
    ["lost", message(NETLINK_TYPE.OVERRUN), "ENOBUFS"],
  ];
  test.each(cases)("%s", (_, given, expected) => {
    const progress = advance(given, []);
    const seen: unknown = typeof progress === "object" && !progress.ok ? progress.failure.name : progress;
    expect(seen).toEqual(expected);
  });

  test("objects are copied, because the buffer serves the next datagram", () => {
    const gathered: NetlinkMessage[] = [];
    const given = message(20, 0, [1, 2, 3]);
    advance(given, gathered);
    given.body[0] = 9;
    expect([...(gathered[0]?.body ?? [])]).toEqual([1, 2, 3]);
  });

  test("a failure without the kernel's words has the C library's", () => {
    expect(netlinkFailure(19)).toEqual({ errno: 19, name: "ENODEV", text: "No such device" });
    expect(netlinkFailure(19, "ipv4: Device not found").text).toBe("ipv4: Device not found");
  });
});
