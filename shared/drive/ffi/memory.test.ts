import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Memory, MEMORY_LIMIT_BYTES } from "./memory.ts";

describe("memory", () => {
  test("rounds up to 8, starts zeroed, all views show the same bytes", () => {
    const memory = new Memory(13);
    expect(memory.byteLength).toBe(16);
    expect(memory.u8.every((byte) => byte === 0)).toBe(true);
    memory.u32[1] = 0x01020304;
    expect([...memory.u8.subarray(4, 8)]).toEqual([4, 3, 2, 1]);
    expect(memory.view.getUint16(6)).toBe(0x0201);
    expect(memory.u16[2]).toBe(0x0304);
    expect(memory.i64[0]).toBe(0x0102030400000000n);
  });

  test.each([0, -1, 1.5, Number.NaN, MEMORY_LIMIT_BYTES + 1])("refuses %p bytes", (length) => {
    expect(() => new Memory(length)).toThrow("expected 1 to");
  });

  test.each([
    [0, 17],
    [17, 0],
    [-1, 1],
    [8, 9],
    [0, -1],
    [Number.NaN, 1],
    [0, Number.NaN],
  ])("no address for %p+%p of 16 bytes", (offset, length) => {
    const memory = new Memory(16);
    expect(() => memory.range(offset, length)).toThrow("outside");
    expect(() => memory.bytes(offset, length)).toThrow("outside");
  });

  test("addresses count bytes", () => {
    const memory = new Memory(16);
    expect(memory.range(8, 8) - memory.address).toBe(8);
    expect(memory.range(16, 0) - memory.address).toBe(16);
    expect(memory.address % 8).toBe(0);
  });

  test("64-bit numbers", () => {
    const memory = new Memory(16);
    fc.assert(
      fc.property(fc.maxSafeInteger(), fc.constantFrom(0, 3, 8), (value, offset) => {
        memory.setNumber64(offset, value);
        expect(memory.number64(offset)).toBe(value);
        expect(memory.view.getBigInt64(offset, true)).toBe(BigInt(value));
      }),
    );
    expect(() => memory.setNumber64(0, 2 ** 60)).toThrow("53-bit");
    memory.i64[0] = 2n ** 62n;
    expect(memory.number64(0)).toBe(2 ** 62);
  });

  test("a stored address is the other block's", () => {
    const holder = new Memory(16);
    const target = new Memory(32);
    holder.setAddress(8, target, 4);
    expect(holder.number64(8)).toBe(target.range(4, 0));
  });

  test("texts end with a zero byte and hold none", () => {
    const memory = Memory.cString("eth0é");
    expect(memory.text(0, memory.byteLength)).toBe("eth0é");
    expect(memory.text(0, 4)).toBe("eth0");
    expect(() => Memory.cString("a\0b")).toThrow("zero byte");
  });
});
