/** Control methods about servers: listing them, and taking one out of service or back in. */
import { z } from "zod";
import { callMethod, type ControlMethods } from "../../../../shared/drive/control/methods.ts";
import { answer, refuse } from "../../../../shared/drive/control/protocol.ts";
import { EXIT } from "../../../../shared/model/exit-codes.ts";
import { describe, reason } from "../../../../shared/reason/catalogue.ts";
import { hint } from "../../../../shared/text/did-you-mean.ts";
import type { DataPlane } from "../../drive/plane.ts";
import { changeServer } from "../../drive/server-admin.ts";
import { rowsOf } from "../../drive/stats-rows.ts";
import { LB_CONFIG_REASONS } from "../../model/reasons.ts";
import type { StatsRow } from "../../model/stats-row.ts";

export const serverViewSchema = z.object({
  backend: z.string(),
  server: z.string(),
  address: z.string(),
  status: z.string(),
  weight: z.number(),
  sessions: z.number(),
  queued: z.number(),
  perSecond: z.number(),
  total: z.number(),
});
export type ServerView = z.infer<typeof serverViewSchema>;

function viewOf(row: StatsRow): ServerView {
  return {
    backend: row.proxy,
    server: row.name,
    address: row.address,
    status: row.status,
    weight: row.weight ?? 0,
    sessions: row.active,
    queued: row.queued ?? 0,
    perSecond: row.rate,
    total: row.sessions,
  };
}

export function serverMethods(plane: () => DataPlane): ControlMethods {
  const views = (): readonly ServerView[] =>
    rowsOf(plane(), [], "")
      .filter((row) => row.type === "server")
      .map(viewOf);
  return {
    servers: callMethod({
      summary: "all servers with their states and sessions",
      params: z.strictObject({}),
      run: () => answer({ servers: views() }),
    }),
    "set-server": callMethod({
      summary: "take a server out of service (drain, maint) or back in (ready)",
      params: z.strictObject({
        backend: z.string(),
        server: z.string(),
        state: z.enum(["ready", "drain", "maint"]),
      }),
      action: true,
      run: ({ backend, server, state }) => {
        const found = plane().backends.get(backend)?.server(server);
        if (found === undefined) {
          const names = views().map((view) => `${view.backend}/${view.server}`);
          const name = `${backend}/${server}`;
          const fact = reason(LB_CONFIG_REASONS, "LB_NO_SERVER", { name, hint: hint(name, names) });
          return refuse(EXIT.noSuchObject, [describe(LB_CONFIG_REASONS, fact)]);
        }
        changeServer(plane(), found, state);
        return answer({ servers: views().filter((view) => view.backend === backend && view.server === server) });
      },
    }),
  };
}
