import { expect, test } from "bun:test";
import { md5Crypt } from "./md5-crypt.ts";
import { shaCrypt } from "./sha-crypt.ts";
import { PasswordVerifier } from "./verifier.ts";

const LONG = "a much longer password than sixteen and sixtyfour letters, really it is quite long indeed";

/** Made by crypt(3) of the system's library. */
const HASHES: readonly (readonly [string, string])[] = [
  ["x", "$1$abc$OGyl6dDvZCDiGmIVbeuCq/"],
  ["", "$1$q$VvUsiFTLyG0ZtK9Li3rzF/"],
  ["a longer password than sixteen", "$1$saltsalt$kWcL0ZphOMBlI4AmkUY8P0"],
  ["secret", "$5$NaCl$OugH0nPcH93hynBO2izV5CsMGTsThN0sx1lSOtXx7a5"],
  ["Hello world!", "$5$rounds=10000$saltstringsaltst$3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA"],
  [LONG, "$5$rounds=1234$x$cD8ya33eEz1585.G5XrtiXKZyGVPcU6tvVuHV8kaQk1"],
  ["secret", "$6$pepper$2Z6D7B1GHphRwAkDE2YJPR/Tz3pYzJVGFj5UOun/UCaxbGzjpckaQI2gu8BE7DfAQVvJ1RMHN0aDV0DT6ow8L."],
  [LONG, "$6$x$6B4pfrvkAk7N.YDsIxTSI4honK9xVgCFruaWcXu7CiFVrcxbFoNCTLdUUOnLrWVJ.83p950IVHg0hAbmnmAxq0"],
  ["pässwörd", "$6$um$bwsI/Gq.Py5RZ/ICMiSDfkISJ4TnFyS4.eZdYZE1aJRpevztDPiKRk9S7PWJXwYctRnOFhyL1s0DaVb5/NU230"],
];

for (const [password, hash] of HASHES) {
  test(`${hash.slice(0, 12)}… of ${password.length} letters`, () => {
    const bytes = Buffer.from(password, "utf8");
    expect(shaCrypt(bytes, hash) ?? md5Crypt(bytes, hash)).toBe(hash);
    const verifier = new PasswordVerifier();
    const stored = { password: hash, hashed: true };
    // Twice: the second answer is remembered.
    for (let time = 0; time < 2; time += 1) {
      expect(verifier.matches(stored, bytes.toString("latin1"))).toBe(true);
      expect(verifier.matches(stored, `${bytes.toString("latin1")}x`)).toBe(false);
    }
  });
}

test("bcrypt, clear passwords, and what isn't a hash", () => {
  const verifier = new PasswordVerifier();
  const bcrypt = "$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a";
  expect(verifier.matches({ password: bcrypt, hashed: true }, "secret")).toBe(true);
  expect(verifier.matches({ password: bcrypt, hashed: true }, "Secret")).toBe(false);
  expect(verifier.matches({ password: "$2y$05$short", hashed: true }, "secret")).toBe(false);
  expect(verifier.matches({ password: "$6$salt$", hashed: true }, "secret")).toBe(false);
  expect(verifier.matches({ password: "open", hashed: false }, "open")).toBe(true);
  expect(verifier.matches({ password: "open", hashed: false }, "opeN")).toBe(false);
});

test("what is remembered is bounded, and a repeated password costs little", () => {
  const verifier = new PasswordVerifier();
  const stored = { password: "$1$abc$OGyl6dDvZCDiGmIVbeuCq/", hashed: true };
  for (let index = 0; index < 1200; index += 1) verifier.matches(stored, `wrong ${index}`);
  expect(verifier.matches(stored, "x")).toBe(true);
  const { size } = Reflect.get(verifier, "remembered") as Map<string, boolean>;
  expect(size).toBe(1024);
});
