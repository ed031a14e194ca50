/** Small things that haproxy's own regression tests look at, and that are easy to get wrong. */
import type { Scenario } from "./run.ts";
import { closing, sends, visits, withOne } from "./words.ts";

const absolute = (path: string): string =>
  `GET http://example.org${path} HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n`;

const conditions = ["ifexists", "ifnotexists", "ifempty", "ifnotempty", "ifset", "ifnotset", "ifgt", "iflt"];
const setting = (condition: string): string =>
  [
    ` http-request set-var(txn.${condition}a,${condition}) str(new)`,
    ` http-request set-var(txn.${condition}b) int(5)`,
    ` http-request set-var(txn.${condition}b,${condition}) int(7)`,
    ` http-request set-var(txn.${condition}b,${condition}) int(3)`,
    ` http-request set-var(txn.${condition}c) str(old)`,
    ` http-request set-var(txn.${condition}c,${condition}) str()`,
    ` http-request set-var(txn.${condition}d) str(old)`,
    ` http-request set-var(txn.${condition}x) path,set-var(txn.${condition}d,${condition})`,
    ` http-request set-header X-${condition} "%[var(txn.${condition}a)],%[var(txn.${condition}b)],%[var(txn.${condition}c)],%[var(txn.${condition}d)]"`,
  ].join("\n");

export const DETAILS: readonly Scenario[] = [
  {
    ...withOne(
      "a source that a header names",
      " http-request set-src hdr(x-src)\n http-request set-dst hdr(x-dst)\n option forwardfor except 127.0.0.1\n option originalto except 127.0.0.1",
      ...["127.0.0.1", "127.0.0.2", "::1", "nonsense"].map((address) =>
        sends(closing("/", `X-Src: ${address}`, `X-Dst: ${address}`)),
      ),
    ),
    logDiffers: "the port of a client is another one each time",
  },
  ...conditions.map((condition) => withOne(`set-var with ${condition}`, setting(condition), ...visits("/new"))),
  withOne(
    "variables of the process",
    ' http-request set-header X-V "%[var(proc.five)],%[var(proc.text)]"\n http-request set-var(proc.twelve,ifexists) int(13)\n http-request set-header X-W %[var(proc.twelve)]',
    ...visits("/"),
  ),
  withOne(
    "cookies without a name are the first",
    ' http-request set-header X-C "%[req.cook()],%[req.cook(c)],%[req.cook_val()],%[req.cook_cnt()]"',
    sends(closing("/", "Cookie: a=1; c=2; c=3; d=4")),
  ),
  withOne(
    "blanks around a value that rules make",
    ' http-request set-header X-A " x: "\n http-request set-header X-B "%[req.fhdr(x-a)]."\n http-request set-header X-C %[req.fhdr(x-a),length]\n http-request del-header X-A',
    ...visits("/"),
  ),
  withOne(
    "paths of absolute targets",
    " http-request set-header X-P %[path],%[pathq],%[url]\n http-request replace-path (.*) /foo\\1\n http-request set-pathq %[path]?a=1&%[query]\n http-request replace-pathq /([^?]*)[?](.*) /\\1/x?\\2",
    sends(absolute("/a?b=c")),
    ...visits("/a?b=c"),
  ),
  withOne("log variables of absolute targets", ' log-format "%HP %HPO %HU %HQ"', sends(absolute("/a?b=c"))),
  withOne(
    "a capture into a declared slot",
    ' declare capture request len 5\n http-request capture path id 0\n log-format "%hr %[capture.req.hdr(0)]"',
    ...visits("/abcdefgh"),
  ),
  withOne(
    "fields without a value are left out of replies",
    ' http-request return status 200 hdr X-None "%[req.hdr(none)]" hdr X-Path "%[path]"',
    ...visits("/a"),
  ),
  withOne(
    "a reply from a file that is a format",
    " http-request return status 200 content-type text/plain lf-file FOLDER/text.lf if { path /f }\n http-request deny status 403 content-type text/plain lf-file FOLDER/text.lf if { path /d }",
    ...visits("/f", "/d"),
  ),
  {
    ...withOne(
      "pages of a section",
      " http-request deny deny_status 404 errorfiles NAME-pages if { path /n }\n http-request return status 404 errorfiles NAME-pages if { path /r }\n http-request deny deny_status 403 errorfile FOLDER/page.http if { path /f }\n http-request return status 404 default-errorfiles if { path /e }\n errorfiles NAME-pages",
      ...visits("/n", "/r", "/f", "/e"),
    ),
    more: "http-errors NAME-pages\n errorfile 404 FOLDER/page.http",
  },
  withOne(
    "pages that rules make",
    ' http-error status 403 content-type text/plain lf-string "no %[path]" hdr X-P "%[path]"\n http-error status 404\n http-request deny if { path /d }\n http-request deny deny_status 404 if { path /n }\n http-request return status 403 default-errorfiles if { path /r }',
    ...visits("/d", "/n", "/r"),
  ),
  withOne(
    "names with dots in JSON",
    " http-request set-header X-J %[req.hdr(x-in),json_query('$.a\\.b')]",
    sends(closing("/", 'X-In: {"a.b":"c","a":{"b":"d"}}')),
  ),
];
