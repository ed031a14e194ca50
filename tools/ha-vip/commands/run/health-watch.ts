/** Keeps the checks running and tells how healthy each router is whenever that changes. */
import { reason, type Reason } from "../../../../shared/reason/catalogue.ts";
import { afterResult, type CheckState, effectOf, healthOf, UNCHECKED } from "../../decide/check.ts";
import { CheckRunner, type CheckResult } from "../../drive/check-runner.ts";
import type { CheckSettings, VipConfiguration } from "../../model/configuration.ts";
import { holdersOf } from "../../model/holders.ts";
import type { RouterHealth } from "../../model/messages.ts";
import { vipReasons } from "../../model/reasons.ts";

export interface HealthHooks {
  readonly onHealth: (health: RouterHealth) => void;
  readonly onFact: (fact: Reason) => void;
}

/** How a check is now, for status and explanation. */
export interface CheckView {
  readonly name: string;
  readonly passing: boolean;
  readonly detail: string;
  readonly sinceMs: number;
  readonly settings: CheckSettings;
}

interface Watched {
  readonly settings: CheckSettings;
  readonly runner: CheckRunner;
  state: CheckState;
  detail: string;
  sinceMs: number;
}

/** A fault that an operator has set: `ha-vip release`. */
export interface Override {
  readonly why: string;
  readonly untilMs: number;
}

export class HealthWatch {
  #configuration: VipConfiguration;
  readonly #hooks: HealthHooks;
  readonly #checks = new Map<string, Watched>();
  readonly #told = new Map<string, string>();
  readonly #overrides = new Map<string, Override>();

  constructor(configuration: VipConfiguration, hooks: HealthHooks) {
    this.#configuration = configuration;
    this.#hooks = hooks;
    for (const settings of configuration.checks) this.#add(settings);
  }

  #add(settings: CheckSettings): Watched {
    const runner = new CheckRunner(settings, (result) => this.#onResult(settings.name, result));
    const sinceMs = Date.now();
    const watched: Watched = { settings, runner, state: UNCHECKED, detail: "has not run yet", sinceMs };
    this.#checks.set(settings.name, watched);
    return watched;
  }

  /** Only checks that somebody follows are run. */
  #isTracked(name: string): boolean {
    return holdersOf(this.#configuration).some((router) => router.tracks.some((track) => track.check === name));
  }

  start(): void {
    for (const { runner, settings } of this.#checks.values()) if (this.#isTracked(settings.name)) runner.start();
  }

  stop(): void {
    for (const { runner } of this.#checks.values()) runner.stop();
  }

  /** Takes a new configuration over. A check that is the same goes on and keeps what it knows. */
  reload(configuration: VipConfiguration): void {
    const before = this.#configuration;
    const tracked = new Set(holdersOf(before).flatMap((router) => router.tracks.map((track) => track.check)));
    this.#configuration = configuration;
    const wanted = new Map(configuration.checks.map((check) => [check.name, check]));
    for (const [name, watched] of this.#checks) {
      const next = wanted.get(name);
      if (next !== undefined && same(next, watched.settings)) {
        if (!tracked.has(name) && this.#isTracked(name)) watched.runner.start();
        continue;
      }
      watched.runner.stop();
      this.#checks.delete(name);
      if (next === undefined) continue;
      // Another way to look at the same thing: what is known holds until it has looked.
      const again = this.#add(next);
      again.state = watched.state;
      again.detail = watched.detail;
      if (this.#isTracked(name)) again.runner.start();
    }
    for (const [name, check] of wanted) {
      if (this.#checks.has(name)) continue;
      const { runner } = this.#add(check);
      if (this.#isTracked(name)) runner.start();
    }
    this.#told.clear();
  }

  /** Keeps a router from serving here until a moment; undefined ends that. */
  override(router: string, override: Override | undefined): void {
    if (override === undefined) this.#overrides.delete(router);
    else this.#overrides.set(router, override);
    this.#tellAll();
  }

  overrides(): ReadonlyMap<string, Override> {
    return this.#overrides;
  }

  /** Every router's health now; a check that hasn't run yet counts as failing. */
  health(): readonly RouterHealth[] {
    return holdersOf(this.#configuration).map((router) => {
      const health = healthOf(router, this.#checks);
      const override = this.#overrides.get(router.settings.name);
      return override === undefined ? health : { ...health, faults: [...health.faults, override.why] };
    });
  }

  /** The checks that fail, for the status. */
  failing(): readonly CheckView[] {
    return this.views().filter((check) => !check.passing);
  }

  views(): readonly CheckView[] {
    return [...this.#checks.values()]
      .filter(({ settings }) => this.#isTracked(settings.name))
      .map(({ detail, settings, sinceMs, state }) => {
        return { name: settings.name, passing: state.passing === true, detail, sinceMs, settings };
      });
  }

  /** What each tracked check adds to a router's priority now, for explanations. */
  shares(router: string): readonly { readonly check: string; readonly share: number; readonly passing: boolean }[] {
    const found = holdersOf(this.#configuration).find((one) => one.settings.name === router);
    return (found?.tracks ?? []).flatMap((track) => {
      const check = this.#checks.get(track.check);
      if (check === undefined) return [];
      const passing = check.state.passing === true;
      const reverse = track.reverse ?? check.settings.reverse ?? false;
      const share = effectOf(track.weight ?? check.settings.weight, reverse, passing).adjustment;
      return [{ check: track.check, share, passing }];
    });
  }

  #onResult(name: string, result: CheckResult): void {
    const check = this.#checks.get(name);
    if (check === undefined) return;
    const before = check.state;
    check.state = afterResult(check.settings, before, result.passed, result.value);
    check.detail = result.detail;
    const turned = before.passing !== check.state.passing;
    if (!turned && before.value === check.state.value) return;
    if (turned) {
      check.sinceMs = Date.now();
      if (check.state.passing === true) this.#hooks.onFact(reason(vipReasons, "VIP_CHECK_UP", { check: name }));
      else this.#hooks.onFact(reason(vipReasons, "VIP_CHECK_DOWN", { check: name, detail: result.detail }));
    }
    this.#tellAll();
  }

  #tellAll(): void {
    for (const health of this.health()) {
      const text = JSON.stringify(health);
      if (this.#told.get(health.name) === text) continue;
      this.#told.set(health.name, text);
      this.#hooks.onHealth(health);
    }
  }
}

function same(left: CheckSettings, right: CheckSettings): boolean {
  const { at: _left, ...one } = left;
  const { at: _right, ...other } = right;
  return JSON.stringify(one) === JSON.stringify(other);
}
