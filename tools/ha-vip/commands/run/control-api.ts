/** The daemon's answers on the control socket. */
import { hostname } from "node:os";
import { answer, type ControlAnswer, refuse } from "../../../../shared/drive/control/protocol.ts";
import { EXIT } from "../../../../shared/model/exit-codes.ts";
import { describe, reason } from "../../../../shared/reason/catalogue.ts";
import { hint } from "../../../../shared/text/did-you-mean.ts";
import { roundDuration } from "../../../../shared/text/duration.ts";
import { type Explanation, explainRouter } from "../../decide/explain.ts";
import type { ReloadCounts } from "../../model/messages.ts";
import { configReasons } from "../../model/config-reasons.ts";
import { holdersOf } from "../../model/holders.ts";
import { vipReasons } from "../../model/reasons.ts";
import { explainAnnouncement } from "../bgp/bgp-status.ts";
import { explainCarp } from "../carp/carp-status.ts";
import type { Daemon } from "./daemon.ts";
import type { DaemonApi } from "./methods.ts";

export class ControlApi implements DaemonApi {
  constructor(private readonly daemon: Daemon) {}

  /** All routers, or the one of that name or address. */
  #named(router: string | undefined): ControlAnswer<readonly string[]> {
    const names = holdersOf(this.daemon.configuration).map((one) => one.settings.name);
    if (router === undefined) return answer(names);
    if (names.includes(router)) return answer([router]);
    const data = { name: router, hint: hint(router, names) };
    return refuse(EXIT.noSuchObject, [describe(configReasons, reason(configReasons, "VIP_CONF_NO_INSTANCE", data))]);
  }

  explain(router: string | undefined): ControlAnswer<{ explanations: readonly Explanation[] }> {
    const names = this.#named(router);
    if (!names.ok) return names;
    const { configuration, health, views } = this.daemon;
    const explanations = configuration.routers.flatMap((one) => {
      const { name } = one.settings;
      const view = views.get(name);
      if (view === undefined || !names.result.includes(name)) return [];
      return [explainRouter({ host: hostname(), router: one, view, shares: health.shares(name) })];
    });
    const groups = (configuration.carps ?? []).flatMap((one) => {
      const view = views.get(one.settings.name);
      if (view === undefined || !names.result.includes(view.name)) return [];
      return [explainCarp(one, hostname(), view)];
    });
    const { bgp } = configuration;
    const announced = (bgp?.announcements ?? []).flatMap((one) => {
      const view = views.get(one.settings.name);
      if (bgp === undefined || view === undefined || !names.result.includes(view.name)) return [];
      return [explainAnnouncement(bgp, one, hostname(), view)];
    });
    return answer({ explanations: [...explanations, ...groups, ...announced] });
  }

  async reload(): Promise<ControlAnswer<ReloadCounts>> {
    const { counts, problems } = await this.daemon.reload();
    return counts === undefined ? refuse(EXIT.configuration, problems) : answer(counts);
  }

  async dump(): Promise<unknown> {
    return await this.daemon.dump();
  }

  async metrics(): Promise<string> {
    return await this.daemon.metrics();
  }

  release(router: string | undefined, forMs: number, why: string): ControlAnswer<{ routers: readonly string[] }> {
    const names = this.#named(router);
    if (!names.ok) return names;
    const { health } = this.daemon;
    const untilMs = Date.now() + forMs;
    const text = `released by an operator for ${roundDuration(forMs)}${why === "" ? "" : ` (${why})`}`;
    for (const name of names.result) {
      const override = { why: text, untilMs };
      health.override(name, override);
      setTimeout(() => {
        if (health.overrides().get(name) === override) this.#end(name, "its time is over");
      }, forMs).unref();
      this.daemon.tell(reason(vipReasons, "VIP_RELEASED", { name, forMs: roundDuration(forMs), why }));
    }
    return answer({ routers: names.result });
  }

  resume(router: string | undefined): ControlAnswer<{ routers: readonly string[] }> {
    const names = this.#named(router);
    if (!names.ok) return names;
    const released = names.result.filter((name) => this.daemon.health.overrides().has(name));
    for (const name of released) this.#end(name, "an operator said so");
    return answer({ routers: released });
  }

  #end(name: string, because: string): void {
    this.daemon.health.override(name, undefined);
    this.daemon.tell(reason(vipReasons, "VIP_RELEASE_OVER", { name, because }));
  }
}
