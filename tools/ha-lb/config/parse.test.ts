import { describe as group, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Configuration } from "../model/configuration.ts";
import { parseConfiguration } from "./parse.ts";
import { peerLine } from "./peer-text.ts";

const seed = (name: string) => fileURLToPath(new URL(`../../../test/cases/seed/${name}`, import.meta.url));

function parseText(text: string, environment: Readonly<Record<string, string>> = {}) {
  return parseConfiguration([{ file: "x.cfg", text }], { environment: new Map(Object.entries(environment)) });
}

function good(text: string, environment: Readonly<Record<string, string>> = {}): Configuration {
  const result = parseText(text, environment);
  if (!result.ok) throw new Error(result.problems.map((fact) => peerLine(fact, 1)).join("\n"));
  return result.value;
}

const codes = (text: string) => {
  const result = parseText(text);
  return (result.ok ? result.warnings : result.problems).map(
    (fact) => `${fact.code}@${fact.at?.line ?? 0}:${fact.at?.column ?? 0}`,
  );
};

group("the two seeds", () => {
  test("000 is read without a warning, with what it says", () => {
    const file = seed("haproxy-000.cfg");
    const result = parseConfiguration([{ file, text: readFileSync(file, "latin1") }], { environment: new Map() });
    if (!result.ok) throw new Error("the seed must be good");
    expect(result.warnings).toEqual([]);
    const [front, back, stats] = result.value.proxies;
    expect(front?.binds.map((bind) => bind.text)).toEqual(["*:80", "*:443"]);
    expect(front?.binds[1]?.tls?.certificates).toEqual(["/etc/ssl/certs/site.pem"]);
    expect(front?.redirects[0]?.redirect).toMatchObject({ code: 301, target: { kind: "scheme" } });
    expect(front?.defaultBackend).toBe("http_back");
    expect(back?.servers.map((server) => [server.name, server.check.enabled, server.backup])).toEqual([
      ["web1", true, false],
      ["web2", true, false],
      ["web3", true, true],
    ]);
    expect(back?.healthCheck).toMatchObject({
      kind: "http",
      steps: [{ kind: "send-http", method: "GET", uri: "/health", version: "1.0" }],
    });
    expect(back?.timeouts).toMatchObject({ connect: 5000, client: 50_000, server: 50_000 });
    expect(stats?.stats).toMatchObject({
      uri: "/stats",
      refreshSeconds: 10,
      users: [{ name: "admin", password: "password" }],
    });
    expect(result.value.global.statsSockets[0]).toMatchObject({ level: "admin", mode: 0o660 });
    expect(front?.logTargets[0]?.transport).toEqual({ kind: "unix", path: "/dev/log" });
  });

  test("003's old addresses on 'listen' lines are read, with a warning each", () => {
    const file = seed("haproxy-003.cfg");
    const result = parseConfiguration([{ file, text: readFileSync(file, "latin1") }], { environment: new Map() });
    if (!result.ok) throw new Error("the seed must be good");
    expect(result.warnings.map((fact) => [fact.code, fact.at?.line])).toEqual([
      ["LB_OLD_LISTEN_ADDRESS", 23],
      ["LB_OLD_LISTEN_ADDRESS", 30],
    ]);
    const cluster = result.value.proxies[1];
    expect(cluster?.binds[0]?.address).toMatchObject({ host: "0.0.0.0", port: 80 });
    expect(cluster?.cookie).toMatchObject({ name: "SERVERNAME", mode: "insert", indirect: true, noCache: true });
    expect(cluster).toMatchObject({
      connectionMode: "close",
      redispatch: -1,
      forwardFor: { header: "X-Forwarded-For" },
    });
    expect(result.value.proxies[0]?.stats?.realm).toBe("HAProxy Statistics");
  });
});

group("words", () => {
  const note = (text: string, environment?: Readonly<Record<string, string>>) => {
    const result = parseText(`${text}\n`, environment);
    const facts = result.ok ? result.warnings : result.problems;
    return facts
      .filter((fact) => fact.code !== "LB_NOTHING_TO_DO")
      .map((fact) => (fact.code.startsWith("LB_CUSTOM") ? fact.data["text"] : fact.code))
      .join();
  };
  // What haproxy 2.6 prints for the same `.notice` lines.
  const cases: readonly (readonly [string, string])[] = [
    [String.raw`.notice "a\'b"`, "a'b"],
    [String.raw`.notice "a\ b"`, "a b"],
    [String.raw`.notice "a\#b"`, "a#b"],
    [String.raw`.notice "a\qb"`, String.raw`a\qb`],
    [String.raw`.notice a\qb`, String.raw`a\qb`],
    [String.raw`.notice "a\$b"`, "a$b"],
    [String.raw`.notice a\$b`, String.raw`a\$b`],
    [".notice a$b", "a$b"],
    [String.raw`.notice 'a\'b`, String.raw`a\b`],
    [String.raw`.notice a\"b`, 'a"b'],
    ['.notice "a${HOME-x}b"', "a/rootb"],
    ['.notice "a${HOMEx-x y}b"', "ax yb"],
    ['.notice "${.FILE}:${.LINE} $.LINE [${.SECTION}]"', "x.cfg:1 1 []"],
    [".notice a # b", "a"],
    [String.raw`.notice "\x41\x2f"`, "A/"],
    ['.notice "a', "LB_BAD_QUOTE"],
    [".notice 'a", "LB_BAD_QUOTE"],
    ['.notice "$1"', "LB_BAD_VARIABLE"],
    ['.notice "${HOME"', "LB_BAD_VARIABLE"],
    [String.raw`.notice \x4`, "LB_BAD_ESCAPE"],
  ];
  test.each([...cases])("%s", (line, expected) => {
    expect(note(line, { HOME: "/root" })).toBe(expected);
  });

  test.each([
    ["${IP}:80", "10.0.0.1"],
    ["$IP:80", "10.0.0.1"],
    ["'${IP}:80'", "10.0.0.1"],
    ["${NOBODY}:80", "0.0.0.0"],
  ])("a variable in an address counts without quotes, too: %s", (address, host) => {
    const [front, back] = good(`frontend f\n bind ${address}\nbackend b\n server s ${address}\n`, {
      IP: "10.0.0.1",
    }).proxies;
    expect(front?.binds[0]?.address).toMatchObject({ host, port: 80 });
    expect(back?.servers[0]?.address).toMatchObject({ host, port: 80 });
  });

  test("[*] makes words of one variable", () => {
    const proxy = good('backend b\n server s "${ADDR}" "${OPTIONS[*]}"\n', {
      ADDR: "1.1.1.1:80",
      OPTIONS: "weight 7 backup",
    }).proxies[0];
    expect(proxy?.servers[0]).toMatchObject({ weight: 7, backup: true });
  });
});

group("conditional blocks", () => {
  const text =
    '.if defined(A)\n.notice A\n.if streq("$B",x)\n.notice B\n.else\n.notice C\n.endif\n.elif version_atleast(2.4) && !feature(QUIC)\n.notice D\n.else\n.notice \'E\n.endif\n';
  const shown = (environment: Readonly<Record<string, string>>) => {
    const result = parseText(text, environment);
    return (result.ok ? result.warnings : result.problems).flatMap((fact) => fact.data["text"] ?? []);
  };
  test("one branch is read, quotes of others don't matter", () => {
    expect(shown({ A: "1", B: "x" })).toEqual(["A", "B"]);
    expect(shown({ A: "1" })).toEqual(["A", "C"]);
    expect(shown({})).toEqual(["D"]);
  });
  test("mistakes", () => {
    expect(codes(".if foo\n.endif\n")).toEqual(["LB_BAD_DIRECTIVE@1:5", "LB_NOTHING_TO_DO@0:0"]);
    expect(codes(".if 1\n")).toContain("LB_UNCLOSED_IF@1:1");
    expect(codes(".endif\n")).toContain("LB_BAD_DIRECTIVE@1:1");
  });
});

test("every error of a file is reported at once, where it is", () => {
  expect(
    codes(
      "global\n logg x\n maxconn abc\ndefaults\n mode httpp\n timeout conect 5s\nfrontend f\n bind *:80 foo\n http-request deny if nosuch\n use_backend nob\nbackend b\n balance foo\n server s1 1.2.3.4:80 chek\nblah\n",
    ),
  ).toEqual([
    "LB_UNKNOWN_KEYWORD@2:2",
    "LB_BAD_NUMBER@3:10",
    "LB_BAD_CHOICE@5:7",
    "LB_BAD_CHOICE@6:10",
    "LB_UNKNOWN_WORD@8:12",
    "LB_NO_SUCH_ACL@9:23",
    "LB_BAD_CHOICE@12:10",
    "LB_UNKNOWN_WORD@13:23",
    "LB_UNKNOWN_KEYWORD@14:1",
    "LB_NO_SUCH_BACKEND@10:14",
    "LB_TIMEOUT_MISSING@7:1",
    "LB_WRONG_MODE_IGNORED@9:2",
    "LB_TIMEOUT_MISSING@11:1",
  ]);
});

test("the reference's form of an error, with its did-you-mean", () => {
  const result = parseText("global\n logg x\nfrontend f\n bind :80\n");
  const [first] = result.ok ? [] : result.problems;
  expect(first === undefined ? "" : peerLine(first, 42)).toBe(
    "[ALERT]    (42) : config : parsing [x.cfg:2] : unknown keyword 'logg' in 'global' section; did you mean 'log' maybe ?.",
  );
});

test("named defaults, 'from', and conditions that name ACLs before they exist", () => {
  const text =
    "defaults a\n mode http\n timeout client 1s\ndefaults b from a\n timeout client 2s\nfrontend f from a\n bind :1\nfrontend g\n bind :2\n";
  expect(
    good(text).proxies.map((proxy) => [proxy.name, proxy.defaultsName, proxy.mode, proxy.timeouts.client]),
  ).toEqual([
    ["f", "a", "http", 1000],
    ["g", "b", "http", 2000],
  ]);
  expect(codes("defaults a\nfrontend f from aa\n bind :1\n timeout client 1s\n")).toEqual(["LB_NO_SUCH_SECTION@2:17"]);
});
