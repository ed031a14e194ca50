/** What must hold for every configuration, and for every text that isn't one. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Result } from "../../shared/reason/result.ts";
import { makeSource } from "../../shared/text/source.ts";
import { parseHaYaml } from "../../tools/ha-vip/config/ha-yaml.ts";
import { parseKeepalived } from "../../tools/ha-vip/config/keepalived.ts";
import { parseOneLine } from "../../tools/ha-vip/config/one-line.ts";
import { writeVipSection } from "../../tools/ha-vip/config/ha-yaml-write.ts";
import { isError } from "../../tools/ha-vip/config/reader.ts";
import type { VipConfiguration } from "../../tools/ha-vip/model/configuration.ts";
import { checkConfiguration } from "../../tools/ha-vip/model/check-configuration.ts";
import { configurations } from "./configuration-samples/arbitrary.ts";
import { plain } from "./configuration-samples/plain.ts";
import { allSamples, tell, unsaid } from "./configuration-samples/sample.ts";

describe("a configuration of any shape", () => {
  test("is written as ha.yaml and read again as what it was", () => {
    fc.assert(
      fc.property(configurations, (configuration) => {
        // An address twice is the one mistake that the generator makes.
        fc.pre(checkConfiguration(configuration).every((fact) => !isError(fact)));
        const text = writeVipSection(configuration);
        const again = parseHaYaml(makeSource("ha.yaml", text));
        if (!again.ok) throw new Error(`${tell(again.problems).join("\n")}\n${text}`);
        expect(plain(again.value)).toEqual(plain(configuration));
      }),
      { numRuns: 100 },
    );
  }, 180_000);
});

/** Longest answer to a text: a few reasons for each of its letters are more than enough. */
const most = (text: string): number => 20 + 4 * text.length;

/** Whatever the text was: a configuration, or problems at places; and not more words than the text is worth. */
function answers(text: string, result: Result<VipConfiguration>): void {
  const facts = result.ok ? result.warnings : result.problems;
  if (!result.ok) expect(facts.length).toBeGreaterThan(0);
  expect(facts.length).toBeLessThanOrEqual(most(text));
  // Every fact can be said: no placeholder is left in its sentence.
  for (const fact of facts) expect(unsaid(fact)).toEqual([]);
  if (result.ok) parseHaYaml(makeSource("ha.yaml", writeVipSection(result.value)));
}

const KEEPALIVED = allSamples().map(({ block }) => block.input);
const YAML = allSamples().flatMap(
  ({ block }) => /^good\n(?:keepalived.*\n)*(vip:[^]*)$/.exec(block.expected)?.[1] ?? [],
);

/** A good text with some of it cut out, doubled, moved or replaced. */
function mutated(texts: readonly string[], pieces: readonly string[]): fc.Arbitrary<string> {
  const edit = fc.tuple(
    fc.nat(10_000),
    fc.nat(30),
    fc.constantFrom(...pieces),
    fc.constantFrom("cut", "put", "double"),
  );
  return fc.tuple(fc.constantFrom(...texts), fc.array(edit, { minLength: 1, maxLength: 6 })).map(([text, edits]) =>
    edits.reduce((before, [place, length, piece, kind]) => {
      const at = place % (before.length + 1);
      const middle = before.slice(at, at + length);
      const [head, tail] = [before.slice(0, at), before.slice(at + length)];
      return head + (kind === "cut" ? "" : kind === "put" ? piece : middle + middle) + tail;
    }, text),
  );
}

const PIECES = [
  "{",
  "}",
  '"',
  "'",
  "\n",
  "!",
  "#",
  "$",
  "${",
  "$X=",
  "\\\n",
  "@",
  "@^",
  " ",
  "\t",
  "-1",
  "999999999999",
  "0x",
  "::",
  "/33",
];
const KEEPALIVED_PIECES = [
  ...PIECES,
  "include",
  "~SEQ(",
  "weight",
  "reverse",
  "virtual_ipaddress {",
  "\0",
  "\u{1F600}",
  "0.0000001",
];
const YAML_PIECES = [...PIECES, "- ", ": ", "&a ", "*a", "|", ">", "? ", "!!int ", "vip:", "~", "[", "]", ",", "<<: "];

describe("a text that may be anything", () => {
  const loops = (text: string) => [{ file: "again.conf", text }];

  test("as keepalived.conf, spoilt: problems at places, never an exception", () => {
    fc.assert(
      fc.property(mutated(KEEPALIVED, KEEPALIVED_PIECES), (text) => {
        answers(text, parseKeepalived("k.conf", text, { configId: "left" }));
      }),
      { numRuns: 1500 },
    );
  });

  test("as keepalived.conf, any letters", () => {
    const letters = fc.string({ unit: "binary", maxLength: 200 });
    fc.assert(fc.property(letters, (text) => answers(text, parseKeepalived("k.conf", text))));
  });

  test("as keepalived.conf that includes itself, or parameters that name themselves", () => {
    const before = process.cpuUsage();
    const include = "include again.conf\ninclude again.conf\n";
    answers(include, parseKeepalived("k.conf", include, { include: () => loops(include) }));
    const doubling = Array.from({ length: 40 }, (_, index) => `$A${index}=\${A${index + 1}}\${A${index + 1}}\n`).join(
      "",
    );
    const lines = Array.from(
      { length: 40 },
      (_, index) => `$B${index}= \\\n\${B${index + 1}} \\\n\${B${index + 1}}\n`,
    ).join("");
    for (const text of [
      `$A=\${A}\n$A\n`,
      `${doubling}\${A0}\n`,
      `${lines}\${B0}\n`,
      "@".repeat(5000),
      "{".repeat(5000),
    ]) {
      answers(text, parseKeepalived("k.conf", text, { configId: "@" }));
    }
    // Not a measurement: without the limits these would never end.
    expect(process.cpuUsage(before).user / 1e6).toBeLessThan(20);
  }, 180_000);

  test("as ha.yaml, spoilt", () => {
    expect(YAML.length).toBeGreaterThan(20);
    fc.assert(
      fc.property(mutated(YAML, YAML_PIECES), (text) => answers(text, parseHaYaml(makeSource("ha.yaml", text)))),
      { numRuns: 600 },
    );
  });

  test("as ha.yaml, any letters", () => {
    const letters = fc.oneof(fc.string({ unit: "binary", maxLength: 100 }), fc.json({ maxDepth: 4 }));
    fc.assert(
      fc.property(letters, (text) => {
        answers(text, parseHaYaml(makeSource("ha.yaml", text)));
        answers(text, parseHaYaml(makeSource("ha.yaml", `vip:\n  routers: ${text}`)));
      }),
    );
  });

  test("as options of the one line", () => {
    const text = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("10.0.0.100/24", "fd00::1/64", "tcp://[::1]:80", "http://[", "dns:///"),
    );
    fc.assert(
      fc.property(fc.array(text), fc.array(text), (vips, checks) => {
        const line = { vips, checks, device: "eth0", priority: 100, intervalMs: 100, preempt: true };
        answers([...vips, ...checks].join(" "), parseOneLine(line));
      }),
    );
  });
});
