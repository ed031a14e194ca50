/** `bun http-answer.ts PORT [NAME]`: a small web server that says which host it is. */
import { hostname } from "node:os";

if (import.meta.main) {
  const name = process.argv[3] ?? hostname();
  Bun.serve({
    hostname: "::",
    port: Number(process.argv[2] ?? "80"),
    fetch: () => new Response(`${name}\n`, { headers: { "x-answered-by": name } }),
  });
  process.stdout.write("ready\n");
}
