/** The programs of a run: web servers that answer as cheaply as can be, and the two balancers in front of them. */
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { compileTools } from "../../../shared/build/compile.ts";
import type { Place } from "./cases.ts";

export interface Running {
  readonly pid: number;
  stop(): Promise<void>;
}

const START_LIMIT_MS = 10_000;
const TRY_EVERY_MS = 20;

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}

/** Starts a program in the foreground and waits until it takes connections. Throws when it ends instead. */
export async function start(command: readonly string[], port: number): Promise<Running> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const deadlineMs = performance.now() + START_LIMIT_MS;
  while (!(await answers(port))) {
    if (child.exitCode !== null || performance.now() > deadlineMs) {
      child.kill("SIGKILL");
      throw new Error(`${command.join(" ")} doesn't listen: ${await new Response(child.stderr).text()}`);
    }
    await Bun.sleep(TRY_EVERY_MS);
  }
  return {
    pid: child.pid,
    async stop() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

/** nginx with one worker on all ports of `place`: 128 bytes at `/`, 1 MB at `/big`. */
export async function startServers(place: Place): Promise<Running> {
  chmodSync(place.folder, 0o755);
  const root = join(place.folder, "www");
  mkdirSync(root, { recursive: true });
  writeFileSync(join(root, "big"), Buffer.alloc(1 << 20, 120));
  const listens = place.backends.map((port) => `listen 127.0.0.1:${port} backlog=4096;`).join(" ");
  const settings = `daemon off; worker_processes 1; error_log /dev/null; pid ${place.folder}/nginx.pid;
events { worker_connections 20000; multi_accept on; }
http {
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; keepalive_timeout 300s;
  client_body_temp_path ${place.folder}/t1; proxy_temp_path ${place.folder}/t2; fastcgi_temp_path ${place.folder}/t3;
  uwsgi_temp_path ${place.folder}/t4; scgi_temp_path ${place.folder}/t5; open_file_cache max=10;
  server { ${listens} root ${root};
    location = / { default_type text/plain; return 200 "${"x".repeat(128)}"; } }
}`;
  const file = join(place.folder, "nginx.conf");
  writeFileSync(file, settings);
  return await start(["nginx", "-p", place.folder, "-c", file], place.backends[0] ?? 0);
}

/** A key and a certificate for localhost, as one file. */
export async function makeCertificate(folder: string): Promise<void> {
  const name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
  await Bun.$`openssl req -x509 -newkey rsa:2048 -nodes -keyout ${folder}/k.pem -out ${folder}/c.pem -days 2 ${name}`.quiet();
  await Bun.$`cat ${folder}/c.pem ${folder}/k.pem > ${folder}/site.pem`.quiet();
}

/** What starts ha-lb: the compiled binary, built when a source is newer, or the sources. */
export async function ourCommand(fromSource: boolean): Promise<readonly string[]> {
  if (fromSource) return [process.execPath, join(import.meta.dir, "../../../tools/ha-lb/main.ts")];
  const path = (await compileTools({ tools: ["ha-lb"], onlyIfStale: true })).get("ha-lb");
  if (path === undefined) throw new Error("ha-lb was not built");
  return [path];
}
