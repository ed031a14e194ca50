import { describe, expect, test } from "bun:test";
import { parseConfiguration } from "./parse.ts";

const problemsOf = (text: string): readonly string[] => {
  const result = parseConfiguration([{ file: "t.cfg", text }], { environment: new Map() });
  return result.ok
    ? []
    : result.problems.map((problem) => `${problem.code} ${problem.at?.line ?? 0} ${JSON.stringify(problem.data)}`);
};
const section = (lines: readonly string[]): string =>
  ["defaults", " mode tcp", " timeout connect 1s", " timeout client 1s", " timeout server 1s", ...lines, ""].join("\n");

const REFUSED: readonly (readonly [string, readonly string[], string])[] = [
  ["mode http", [" mode http"], "it needs 'mode tcp'"],
  ["another algorithm", [" balance leastconn"], "can't balance by 'leastconn'"],
  ["TLS to the server", [" server s2 10.0.0.2:80 ssl verify none"], "plain IP addresses"],
  ["the PROXY protocol", [" server s2 10.0.0.2:80 send-proxy"], "plain IP addresses"],
  ["a limit of a server", [" server s2 10.0.0.2:80 maxconn 5"], "'maxconn' of servers"],
  ["a choice of backends", [" use_backend other if { src 10.0.0.1 }"], "use_backend"],
  ["a rule", [" tcp-request connection reject if { src 10.0.0.1 }"], "tcp-request"],
  ["a socket that is no address", [" bind /tmp/socket"], "accept-proxy"],
];

describe("dataplane nft", () => {
  test("a plain service is fine, in one section or in two", () => {
    expect(
      problemsOf(
        section([
          "listen l",
          " bind *:80",
          " dataplane nft",
          " balance source",
          " server s 10.0.0.1:80 check weight 5",
        ]),
      ),
    ).toEqual([]);
    expect(
      problemsOf(
        section([
          "frontend f",
          " bind 10.0.0.9:80-82",
          " dataplane nft",
          " default_backend b",
          "backend b",
          " server s 10.0.0.1",
        ]),
      ),
    ).toEqual([]);
  });

  test.each(REFUSED)("%s is an error, at its line", (_name, more, expected) => {
    const lines = [
      "listen l",
      " bind *:80",
      " dataplane nft",
      " server s 10.0.0.1:80",
      ...more,
      "backend other",
      " server s 10.0.0.1:80",
    ];
    const problems = problemsOf(section(lines)).filter((problem) => problem.startsWith("LB_BAD_COMBINATION 8 "));
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
  });

  test("without it nothing of this is wrong", () => {
    for (const [, more] of REFUSED) {
      const problems = problemsOf(
        section([
          "listen l",
          " bind *:80",
          " dataplane sockets",
          " server s 10.0.0.1:80",
          ...more,
          "backend other",
          " server s 10.0.0.1:80",
        ]),
      );
      expect(problems.filter((problem) => problem.includes("dataplane"))).toEqual([]);
    }
  });
});
