import { expect, test } from "bun:test";
import { CertificateChoice, type KeyKind, type TlsContext } from "./certificate-choice.ts";

function context(
  cert: string,
  kind: KeyKind,
  names: readonly string[],
  more: { readonly refused?: readonly string[]; readonly settings?: Bun.TLSOptions } = {},
): TlsContext {
  const { refused = [], settings = {} } = more;
  return { cert, key: `key of ${cert}`, kind, names, refused: new Set(refused), settings };
}

/** Which certificates are shown for each name. */
function shown(...contexts: readonly TlsContext[]): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Array.from(new CertificateChoice(contexts).named(), ([name, { cert }]) => [name, cert]));
}

test("the first certificate of a name counts, one for each kind of key, ECDSA first", () => {
  expect(
    shown(
      context("rsa", "rsa", ["a.example"]),
      context("rsa again", "rsa", ["a.example", "b.example"]),
      context("ecdsa", "ecdsa", ["a.example"]),
    ),
  ).toEqual({ "a.example": ["ecdsa", "rsa"], "b.example": "rsa again" });
});

test("keys stand in the order of their certificates", () => {
  const choice = new CertificateChoice([context("r", "rsa", ["a"]), context("e", "ecdsa", ["a"])]);
  expect([...choice.named()]).toEqual([["a", { cert: ["e", "r"], key: ["key of e", "key of r"] }]]);
});

test("a wildcard adds the kind of key that a name's own certificates lack", () => {
  const rsa = context("own", "rsa", ["a.example"]);
  expect(shown(rsa, context("wild", "ecdsa", ["*.example"]))).toEqual({
    "a.example": ["wild", "own"],
    "*.example": "wild",
  });
  const other = { settings: { ciphers: "x" } };
  expect(shown(rsa, context("wild", "ecdsa", ["*.example"], other))).toEqual({
    "a.example": "own",
    "*.example": "wild",
  });
});

test("different options can't be shown together", () => {
  const pair = [
    context("r", "rsa", ["a.example"]),
    context("e", "ecdsa", ["a.example"], { settings: { requestCert: true } }),
  ];
  expect(() => shown(...pair)).toThrow("'a.example' has certificates with different kinds of keys");
});

test("exceptions of a wildcard get the standard certificate, or that of another wildcard", () => {
  const first = context("first", "rsa", ["first.example"]);
  const wild = context("wild", "rsa", ["*.example"], { refused: ["not.example"] });
  expect(shown(first, wild)["not.example"]).toBe("first");
  expect(shown(first, wild, context("second", "rsa", ["*.example"]))["not.example"]).toBe("second");
});

test("which names there is a certificate for", () => {
  const choice = new CertificateChoice([
    context("a", "rsa", ["a.example"]),
    context("w", "rsa", ["*.example"], { refused: ["not.example"] }),
  ]);
  const asked = ["a.example", "A.EXAMPLE", "b.example", "not.example", "x.b.example", "example", "", undefined];
  expect(asked.filter((name) => choice.isFor(name))).toEqual(["a.example", "A.EXAMPLE", "b.example"]);
});

test("without a certificate there is nothing to show", () => {
  expect(() => new CertificateChoice([]).standard).toThrow("no certificate was found");
});
