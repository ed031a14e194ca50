/** The servers as the running balancer has them, put into a plane that was made for looking. */
import { z } from "zod";
import { callControl } from "../../../../shared/drive/control/client.ts";
import type { DataPlane } from "../../drive/plane.ts";
import { type ServerView, serverViewSchema } from "../run/server-methods.ts";

const answerSchema = z.object({ servers: z.array(serverViewSchema) });

/** What the running balancer says of its servers; nothing when none answers. */
export async function askLive(socket: string, timeoutMs: number): Promise<readonly ServerView[] | undefined> {
  const outcome = await callControl(socket, "servers", {}, { timeoutMs, schema: answerSchema });
  return outcome.ok ? outcome.result.servers : undefined;
}

/** @returns how many servers of the configuration the balancer knows */
export function takeLive(plane: DataPlane, views: readonly ServerView[]): number {
  let known = 0;
  for (const view of views) {
    const server = plane.backends.get(view.backend)?.server(view.server);
    if (server === undefined) continue;
    known += 1;
    const admin = view.status.startsWith("MAINT") ? "maint" : view.status.startsWith("DRAIN") ? "drain" : "ready";
    const stopping = view.status.startsWith("NOLB");
    server.health = { ...server.health, admin, stopping, up: !view.status.startsWith("DOWN") };
    server.wantedWeight = view.weight;
    server.own = view.sessions;
  }
  for (const backend of plane.backends.values()) backend.rebuild();
  return known;
}
