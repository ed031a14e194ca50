import type { Scenario } from "./run.ts";
import { closing, sends } from "./words.ts";

const login = (who: string, password: string): string =>
  `Authorization: Basic ${Buffer.from(`${who}:${password}`).toString("base64")}`;

const USERS = `userlist NAME-users
 group staff users ann,bob
 group root
 user ann password $5$NaCl$OugH0nPcH93hynBO2izV5CsMGTsThN0sx1lSOtXx7a5
 user bob password $6$pepper$2Z6D7B1GHphRwAkDE2YJPR/Tz3pYzJVGFj5UOun/UCaxbGzjpckaQI2gu8BE7DfAQVvJ1RMHN0aDV0DT6ow8L. groups root
 user cid password $1$abc$OGyl6dDvZCDiGmIVbeuCq/
 user dan password $2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a
 user eve insecure-password open groups root
`;
const everybody = (path: string): Scenario["clients"] => [
  ...["ann", "bob", "dan", "eve", "nobody"].map((who) => sends(closing(path, login(who, "secret")))),
  sends(closing(path, login("ann", "wrong"))),
  sends(closing(path, login("cid", "x"))),
  sends(closing(path, login("eve", "open"))),
  sends(closing(path)),
  sends(closing(path, "Authorization: Basic ***")),
  sends(closing(path, "Authorization: Bearer abc")),
];

export const LOGINS: readonly Scenario[] = [
  {
    name: "passwords as hashes",
    section: " http-request auth realm inner unless { http_auth(NAME-users) }\n server s1 S1",
    more: USERS,
    clients: everybody("/"),
    inTurn: true,
    logDiffers: "the session before may still be counted",
  },
  {
    name: "groups",
    section:
      " http-request deny unless { http_auth_group(NAME-users) staff root }\n http-request set-header X-Root yes if { http_auth_group(NAME-users) root }\n http-request set-header X-Staff yes if { http_auth_group(NAME-users) staff }\n server s1 S1",
    more: USERS,
    clients: everybody("/"),
    inTurn: true,
    logDiffers: "the session before may still be counted",
  },
];
