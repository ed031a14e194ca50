import type { Script } from "./client.ts";
import type { Scenario } from "./run.ts";
import { closing, sends } from "./words.ts";

/** The first result decides, and nobody is visited before it is there; then there is time for more of them. */
const LATER_MS = 800;
const later: Script = { steps: [{ waitMs: LATER_MS }, { send: closing("/") }] };
/** `inter` is also the limit of a check's connection. */
const CHECK = "check inter 2s fastinter 100ms downinter 100ms fall 2 rise 1";
const check = (name: string, lines: string, servers = ` server s1 S1 ${CHECK}`): Scenario => ({
  name,
  section: `${lines}\n${servers}`,
  clients: [later, sends(closing("/"))],
  inTurn: true,
  logDiffers: "checks are logged when they come",
});

export const CHECKS: readonly Scenario[] = [
  check("httpchk: a good answer", " option httpchk GET /ok"),
  check("httpchk: 404", " option httpchk GET /missing"),
  check("httpchk: 500", " option httpchk GET /fault"),
  check("httpchk: a redirect is good", " option httpchk GET /location"),
  check("httpchk: no answer", " timeout check 300ms\n option httpchk GET /silent"),
  check("httpchk: junk", " option httpchk GET /junk"),
  check("expect status: the one it wants", " option httpchk GET /missing\n http-check expect status 404"),
  check("expect status: a range", " option httpchk GET /missing\n http-check expect status 400-499"),
  check("expect status: another one", " option httpchk GET /ok\n http-check expect status 404"),
  check("expect not status", " option httpchk GET /missing\n http-check expect ! status 404"),
  check("expect string", " option httpchk GET /abc\n http-check expect string abc"),
  check("expect string: missing", " option httpchk GET /abc\n http-check expect string xyz"),
  check("expect rstring", " option httpchk GET /abc\n http-check expect rstring ^GET./a.c"),
  check("expect a header", " option httpchk GET /abc\n http-check expect hdr name X-Server value s1"),
  check("expect a header: another value", " option httpchk GET /abc\n http-check expect hdr name X-Server value s2"),
  check(
    "send with a body and headers",
    " option httpchk\n http-check send meth POST uri /p ver HTTP/1.1 hdr Host a.b hdr X-C d body abc\n http-check expect rstring [Xx]-[Cc]:.d",
  ),
  check(
    "variables and formats in what is sent",
    ' option httpchk\n http-check set-var(check.path) str(/abc)\n http-check send meth GET uri-lf "%[var(check.path)]" ver HTTP/1.1 hdr X-S "%[srv_name]" body-lf "on %[be_name]"\n http-check expect rstring (?is)^GET./abc.*x-s:.s1',
  ),
  check(
    "a variable of the answer in what is expected",
    " option httpchk GET /abc\n http-check set-var(check.who) res.hdr(x-server)\n http-check expect hdr name X-Server value-lf %[var(check.who)]",
  ),
  check("header names whatever their case", " option httpchk GET /abc\n http-check expect hdr name -m reg ^X-Serv"),
  check("a step that connects elsewhere", " option tcp-check\n tcp-check connect\n tcp-check connect port 1"),
  check(
    "steps on two connections",
    ' option tcp-check\n tcp-check connect\n tcp-check send "GET /one HTTP/1.0\\r\\n\\r\\n"\n tcp-check expect string /one\n tcp-check connect\n tcp-check send-lf "GET /%[be_name] HTTP/1.0\\r\\n\\r\\n"\n tcp-check expect string-lf /%[be_name]',
  ),
  check(
    "not what is expected, in one word",
    ' option tcp-check\n tcp-check connect\n tcp-check send "GET /one HTTP/1.0\\r\\n\\r\\n"\n tcp-check expect !rstring ^HTTP comment "no HTTP here"',
  ),
  check("disable-on-404", " option httpchk GET /missing\n http-check disable-on-404"),
  check("connections only: nobody listens", "", ` server s1 DEAD ${CHECK}\n server s2 S2 ${CHECK}`),
  check("the backup takes over", " option httpchk GET /missing", ` server s1 S1 ${CHECK}\n server s2 S2 backup`),
  check("checked on another port", "", ` server s1 S1 ${CHECK} port 1`),
  check("tcp-check: send and expect", " option tcp-check\n tcp-check send abc\n tcp-check expect string s1:abc"),
  check(
    "tcp-check: not what is expected",
    " timeout check 500ms\n option tcp-check\n tcp-check send abc\n tcp-check expect string s2",
  ),
  check("tcp-check: binary", " option tcp-check\n tcp-check send-binary 616263\n tcp-check expect binary 73313a"),
];
