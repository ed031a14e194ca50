/** What the daemon answers on its control socket besides the methods that all daemons share. */
import { z } from "zod";
import { callMethod, type ControlMethods } from "../../../../shared/drive/control/methods.ts";
import { answer, type ControlAnswer } from "../../../../shared/drive/control/protocol.ts";
import type { Explanation } from "../../decide/explain.ts";
import type { ReloadCounts } from "../../model/messages.ts";

export interface DaemonApi {
  explain(router: string | undefined): ControlAnswer<{ explanations: readonly Explanation[] }>;
  reload(): Promise<ControlAnswer<ReloadCounts>>;
  dump(): Promise<unknown>;
  metrics(): Promise<string>;
  release(router: string | undefined, forMs: number, why: string): ControlAnswer<{ routers: readonly string[] }>;
  resume(router: string | undefined): ControlAnswer<{ routers: readonly string[] }>;
}

const one = z.strictObject({ router: z.string().optional() });

export function daemonMethods(api: DaemonApi): ControlMethods {
  return {
    explain: callMethod({
      summary: "why addresses are here or not",
      params: one,
      run: ({ router }) => api.explain(router),
    }),
    apply: callMethod({
      summary: "read the configuration anew and change what is different",
      params: z.strictObject({}),
      action: true,
      run: () => api.reload(),
    }),
    dump: callMethod({
      summary: "everything the daemon knows",
      params: z.strictObject({}),
      run: async () => answer(await api.dump()),
    }),
    metrics: callMethod({
      summary: "metrics in Prometheus' text form",
      params: z.strictObject({}),
      run: async () => answer({ text: await api.metrics() }),
    }),
    release: callMethod({
      summary: "hand addresses over to another host and stay away from them for a while",
      params: z.strictObject({
        router: z.string().optional(),
        forMs: z.number().min(1),
        why: z.string().max(500).default(""),
      }),
      action: true,
      run: ({ forMs, router, why }) => api.release(router, forMs, why),
    }),
    resume: callMethod({
      summary: "end a release before its time",
      params: one,
      action: true,
      run: ({ router }) => api.resume(router),
    }),
  };
}
