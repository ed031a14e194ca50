import type { Scenario } from "./run.ts";
import { closing, sends, visits, withOne } from "./words.ts";

export const HEADS: readonly Scenario[] = [
  withOne(
    "unique ids",
    " unique-id-format %[src]:%[path]\n unique-id-header X-Id\n http-request set-header X-Same %[unique-id]",
    sends(closing("/a")),
    sends(closing("/b", "X-Id: forged")),
  ),
  withOne("an id in the log", ' unique-id-format %[path]\n log-format "%ci t13 %ID %[unique-id]"', ...visits("/a")),
  withOne(
    "the server's name",
    " http-send-name-header X-Target",
    sends(closing("/a")),
    sends(closing("/b", "X-Target: forged", "x-target: twice")),
  ),
  {
    name: "the server's name after a redispatch",
    section:
      " http-send-name-header X-Target\n option redispatch 1\n balance first\n server s1 DEAD\n server s2 S2\n server s3 S3",
    clients: visits("/a"),
    logDiffers: "both count the retries, but try at different times",
  },
  {
    name: "clients are sent to servers",
    section:
      " balance roundrobin\n server s1 S1 redir http://one.example/base\n server s2 S2 redir https://two.example",
    clients: [
      ...visits("/a?b=c"),
      sends("HEAD /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
      sends("POST /p HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab"),
    ],
    inTurn: true,
  },
  withOne(
    "names are deleted",
    " option http-restrict-req-hdr-names delete",
    sends(closing("/", "X_Under: 1", "X-Good: 2", "X.Dot: 3", "X!: 4", "UPPER-1: 5")),
  ),
  withOne(
    "names are rejected",
    " option http-restrict-req-hdr-names reject",
    sends(closing("/", "X_Under: 1")),
    sends(closing("/", "X-Good: 1")),
  ),
  withOne("names are kept", " option http-restrict-req-hdr-names preserve", sends(closing("/", "X_Under: 1"))),
  withOne(
    "captured cookies",
    " capture cookie SRV len 8",
    sends(closing("/setcookie", "Cookie: other=1; SRV=abcdefghij; SRVX=2")),
    sends(closing("/setcookie", "Cookie: SRVLONG=abc")),
    sends(closing("/", "Cookie: x=y")),
  ),
  withOne(
    "captured cookies by their whole name",
    " capture cookie SRV= len 32",
    sends(closing("/setcookie", "Cookie: SRVLONG=abc; SRV=x")),
    sends(closing("/setcookie", "Cookie: SRVLONG=abc")),
  ),
];
