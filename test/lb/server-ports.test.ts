/** Ports of servers that follow the client's: without a port the same one, with `+N` one beside it. */
import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "../../shared/lab/host.ts";
import { freePort } from "../../shared/lab/free-port.ts";
import { exchange, HAS_HAPROXY } from "./pair.ts";

const ROOT = join(import.meta.dir, "..", "..");
const folder = mkdtempSync(join(tmpdir(), "lb-ports-"));
const children: Bun.Subprocess[] = [];
const servers: { stop(force: boolean): void }[] = [];
const REQUEST = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  for (const child of children) await child.exited;
  for (const server of servers) server.stop(true);
  rmSync(folder, { recursive: true, force: true });
});

/** A server on another address of the loopback that tells its port. */
function serve(port: number): void {
  const text = `port ${port}.`;
  const answer = `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${text.length}\r\n\r\n${text}`;
  servers.push(Bun.listen({ hostname: "127.0.0.2", port, socket: { data: (socket) => void socket.end(answer) } }));
}

const PROGRAMS: readonly (readonly [string, readonly string[], boolean])[] = [
  ["ha-lb", [process.execPath, join(ROOT, "tools/ha-lb/main.ts")], true],
  ["haproxy", ["haproxy"], HAS_HAPROXY],
];

for (const [name, command, present] of PROGRAMS) {
  test.skipIf(!present)(`${name}: the server is asked on the port that the client asked, or beside it`, async () => {
    const [one, other, beside] = [await freePort(), await freePort(), await freePort()];
    for (const port of [one, other, beside + 2]) serve(port);
    const file = join(folder, `${name}.cfg`);
    writeFileSync(
      file,
      `defaults\n mode http\n timeout client 20s\n timeout server 20s\n timeout connect 20s\nlisten x\n bind 127.0.0.1:${one}\n bind 127.0.0.1:${other}\n server s 127.0.0.2\nlisten y\n mode tcp\n bind 127.0.0.1:${beside}\n server s 127.0.0.2:+2\n`,
    );
    const env = { ...process.env, FIVENINES_RUN_DIR: folder };
    children.push(Bun.spawn([...command, "-db", "-f", file], { stdout: "ignore", stderr: "ignore", env }));
    await until("it serves", async () => (await exchange(one, REQUEST)).includes(`port ${one}.`));
    expect(await exchange(other, REQUEST)).toContain(`port ${other}.`);
    expect(await exchange(one, REQUEST)).toContain(`port ${one}.`);
    expect(await exchange(beside, REQUEST)).toContain(`port ${beside + 2}.`);
  });
}
