import { expect, test } from "bun:test";
import { parseCrtList } from "./crt-list.ts";

test("certificates, their options in brackets, their filters", () => {
  const result = parseCrtList(
    "l",
    "# all\na.pem\nb.pem [alpn h2,http/1.1 ssl-min-ver TLSv1.3 verify required ca-file ca.pem] *.b.com !x.b.com\nc.pem c.com\n",
  );
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  expect(result.value.map(({ certificate, options, filters }) => ({ certificate, options, filters }))).toEqual([
    { certificate: "a.pem", options: {}, filters: [] },
    {
      certificate: "b.pem",
      options: { alpn: ["h2", "http/1.1"], minVersion: "TLSv1.3", verify: "required", caFile: "ca.pem" },
      filters: ["*.b.com", "!x.b.com"],
    },
    { certificate: "c.pem", options: {}, filters: ["c.com"] },
  ]);
});

test("mistakes", () => {
  const result = parseCrtList("l", "a.pem [alpnn h2]\nb.pem [alpn h2 b.com\nc.pem [verify maybe]\n");
  expect(result.ok ? [] : result.problems.map((fact) => [fact.code, fact.at?.line])).toEqual([
    ["LB_UNKNOWN_WORD", 1],
    ["LB_UNKNOWN_WORD", 2],
    ["LB_BAD_CHOICE", 3],
  ]);
});
