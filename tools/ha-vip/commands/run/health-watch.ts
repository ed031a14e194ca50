/** Keeps the checks running and tells how healthy each router is whenever that changes. */
import { reason, type Reason } from "../../../../shared/reason/catalogue.ts";
import { afterResult, type CheckState, healthOf, UNCHECKED } from "../../decide/check.ts";
import { CheckRunner, type CheckResult } from "../../drive/check-runner.ts";
import type { CheckSettings, VipConfiguration } from "../../model/configuration.ts";
import type { RouterHealth } from "../../model/messages.ts";
import { vipReasons } from "../../model/reasons.ts";

export interface HealthHooks {
  readonly onHealth: (health: RouterHealth) => void;
  readonly onFact: (fact: Reason) => void;
}

interface Watched {
  readonly settings: CheckSettings;
  readonly runner: CheckRunner;
  state: CheckState;
  detail: string;
}

export class HealthWatch {
  readonly #configuration: VipConfiguration;
  readonly #hooks: HealthHooks;
  readonly #checks = new Map<string, Watched>();
  readonly #told = new Map<string, string>();

  constructor(configuration: VipConfiguration, hooks: HealthHooks) {
    this.#configuration = configuration;
    this.#hooks = hooks;
    for (const settings of configuration.checks) {
      const runner = new CheckRunner(settings, (result) => this.#onResult(settings.name, result));
      this.#checks.set(settings.name, { settings, runner, state: UNCHECKED, detail: "has not run yet" });
    }
  }

  start(): void {
    for (const { runner } of this.#checks.values()) runner.start();
  }

  stop(): void {
    for (const { runner } of this.#checks.values()) runner.stop();
  }

  /** Every router's health now; a check that hasn't run yet counts as failing. */
  health(): readonly RouterHealth[] {
    return this.#configuration.routers.map((router) => healthOf(router, this.#checks));
  }

  /** The checks that fail, for the status. */
  failing(): readonly { readonly name: string; readonly detail: string }[] {
    return [...this.#checks.values()]
      .filter((check) => check.state.passing !== true)
      .map((check) => ({ name: check.settings.name, detail: check.detail }));
  }

  #onResult(name: string, result: CheckResult): void {
    const check = this.#checks.get(name);
    if (check === undefined) return;
    const before = check.state;
    check.state = afterResult(check.settings, before, result.passed);
    check.detail = result.detail;
    if (before.passing === check.state.passing) return;
    if (check.state.passing === true) this.#hooks.onFact(reason(vipReasons, "VIP_CHECK_UP", { check: name }));
    else this.#hooks.onFact(reason(vipReasons, "VIP_CHECK_DOWN", { check: name, detail: result.detail }));
    for (const health of this.health()) {
      const text = JSON.stringify(health);
      if (this.#told.get(health.name) === text) continue;
      this.#told.set(health.name, text);
      this.#hooks.onHealth(health);
    }
  }
}
