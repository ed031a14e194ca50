import { expect, test } from "bun:test";
import { z } from "zod";
import { keysAt } from "./zod-shape.ts";
import { addressWord, durationWord } from "./zod-words.ts";

interface Tree {
  readonly name: string;
  readonly child?: Tree | undefined;
}
const tree: z.ZodType<Tree> = z.lazy(() => z.strictObject({ name: z.string(), child: tree.optional() }));

const schema = z
  .strictObject({
    plain: z.strictObject({ a: z.number() }).optional().default({ a: 1 }),
    list: z.array(z.strictObject({ b: z.number() })).nullable(),
    byName: z.record(z.string(), z.strictObject({ c: z.number() })),
    either: z.union([z.string(), z.strictObject({ d: z.number() }), z.strictObject({ e: z.number() })]),
    tagged: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("x"), f: z.number() }),
      z.strictObject({ kind: z.literal("y"), g: z.number() }),
    ]),
    pair: z.tuple([z.string(), z.strictObject({ h: z.number() })]),
    piped: z.strictObject({ i: z.number() }).transform((value) => value.i),
    both: z.intersection(z.object({ j: z.number() }), z.object({ k: z.number() })),
    tree,
  })
  .readonly();

test.each([
  [[], ["plain", "list", "byName", "either", "tagged", "pair", "piped", "both", "tree"]],
  [["plain"], ["a"]],
  [["list", 3], ["b"]],
  [["byName", "any"], ["c"]],
  [["either"], ["d", "e"]],
  [["tagged"], ["kind", "f", "g"]],
  [["pair", 1], ["h"]],
  [["pair", 0], []],
  [["pair", 9], []],
  [["piped"], ["i"]],
  [["both"], ["j", "k"]],
  [
    ["tree", "child", "child"],
    ["name", "child"],
  ],
  [["plain", "a"], []],
  [["plain", "toString"], []],
  [["nowhere", "at", "all"], []],
] as const)("keys at %p", (path, keys) => {
  expect(keysAt(schema, path)).toEqual(keys as readonly string[]);
});

test("schemas of words make a JSON schema for editors", () => {
  const words = z.strictObject({ interval: durationWord(), address: addressWord().optional() });
  expect(z.toJSONSchema(words, { io: "input" })).toMatchObject({
    type: "object",
    required: ["interval"],
    additionalProperties: false,
    properties: { interval: { type: ["string", "number"] } },
  });
});
