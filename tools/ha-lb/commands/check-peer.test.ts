import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkLikePeer, conditionLikePeer, type PeerOutput } from "./check-peer.ts";

const folder = mkdtempSync(join(tmpdir(), "lb-check-"));
afterAll(() => rmSync(folder, { recursive: true }));

function run(files: Readonly<Record<string, string>>, paths: readonly string[]) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(folder, name, ".."), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  let text = "";
  const write = (part: string) => void (text += part.replaceAll(`${folder}/`, ""));
  const output: PeerOutput = { stdout: write, stderr: write, processId: 7, quiet: false };
  return { exit: checkLikePeer({ paths: paths.map((path) => join(folder, path)), environment: {} }, output), text };
}

const HEAD = "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n";

test("good, good without a listener, bad, unreadable", () => {
  expect(run({ "a.cfg": `${HEAD}frontend f\n bind :80\n` }, ["a.cfg"])).toEqual({
    exit: 0,
    text: "Configuration file is valid\n",
  });
  expect(run({ "b.cfg": "global\n daemon\n" }, ["b.cfg"]).exit).toBe(2);
  expect(run({ "c.cfg": "global\n daemonn\n" }, ["c.cfg"])).toMatchObject({
    exit: 1,
    text: expect.stringContaining(
      "[ALERT]    (7) : config : parsing [c.cfg:2] : unknown keyword 'daemonn' in 'global' section; did you mean 'daemon' maybe ?",
    ),
  });
  expect(run({}, ["nosuch.cfg"])).toMatchObject({ exit: 1, text: expect.stringContaining("No such file") });
});

test("a folder is read in the order of names; files that are named must exist", () => {
  const files = {
    "d/2.cfg": "backend b\n server s 1.1.1.1:80\n",
    "d/1.cfg": `${HEAD}frontend f\n bind :80\n default_backend b\n`,
    "d/x.txt": "rubbish\n",
  };
  expect(run(files, ["d"])).toEqual({ exit: 0, text: "Configuration file is valid\n" });
  const missing = run({ "e.cfg": `${HEAD}frontend f\n bind :80\n acl a src -f nosuch.lst\n` }, ["e.cfg"]);
  expect(missing).toMatchObject({
    exit: 1,
    text: expect.stringContaining("[e.cfg:8] : 'acl -f': cannot read 'nosuch.lst'"),
  });
});

test("-cc", () => {
  const output: PeerOutput = { stdout: () => undefined, stderr: () => undefined, processId: 7, quiet: false };
  const cases = {
    "version_atleast(2.6)": 0,
    "feature(OPENSSL)": 0,
    "version_atleast(2.7)": 1,
    'streq("$A",one)': 0,
    "defined(A) && !defined(B)": 0,
    "-1000 && 200": 0,
    'streq(a,"a)': 2,
    "": 1,
    foo: 2,
    "feature(": 2,
    "1 &&": 2,
  };
  const got = Object.keys(cases).map((text) => [text, conditionLikePeer(text, { A: "one" }, output)]);
  expect<unknown>(got).toEqual(Object.entries(cases));
});
