import { describe as group, expect, test } from "bun:test";
import { isSecretName, redact, redactText } from "./redact.ts";

group("redactText", () => {
  test.each([
    ["auth_pass s3cret", "auth_pass ********"],
    ["password=s3cret, user=bob", "password=********, user=bob"],
    ['{"password": "s3 cret"}', '{"password": ********}'],
    ["--token abc --node b", "--token ******** --node b"],
    ["GET / Authorization: Bearer abc.def", "GET / Authorization: Bearer ********"],
    ["postgres://bob:s3cret@db/x", "postgres://bob:********@db/x"],
    ["a\n-----BEGIN EC PRIVATE KEY-----\nMHc\n-----END EC PRIVATE KEY-----\nb", "a\n********\nb"],
    ["the password is wrong", "the password is wrong"],
    ["token bucket is empty", "token bucket is empty"],
    ["http://a:80/x?y=1", "http://a:80/x?y=1"],
  ])("%s", (text, expected) => {
    expect(redactText(text)).toBe(expected);
  });
});

group("redact", () => {
  test("replaces the values of settings that are secrets, at any depth, and keeps the rest", () => {
    const value = {
      user: "bob",
      password: "x",
      auth_pass: "x",
      list: [{ apiKey: "x", keyFile: "/etc/key" }],
      token: null,
      tokenName: "t",
      cluster_key: 5,
      secret: { nested: 1 },
      tokens: ["a", null],
    };
    expect(redact(value)).toEqual({
      user: "bob",
      password: "********",
      auth_pass: "********",
      list: [{ apiKey: "********", keyFile: "/etc/key" }],
      token: null,
      tokenName: "t",
      cluster_key: "********",
      secret: { nested: 1 },
      tokens: ["********", null],
    });
  });

  test.each([
    ["password", true],
    ["replicationPassword", true],
    ["clusterKey", true],
    ["privateKey", true],
    ["monkey", false],
    ["passwordFile", false],
    ["keyPath", false],
    ["key", false],
    ["clusterKeys", true],
    ["publicKey", false],
  ])("isSecretName %s", (name, expected) => {
    expect(isSecretName(name)).toBe(expected);
  });
});
