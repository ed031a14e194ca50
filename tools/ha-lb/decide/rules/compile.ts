/** The rule sets of one proxy as closures, made once when the configuration is loaded. */
import type { Proxy, RetryCondition } from "../../model/proxy.ts";
import type { Rule, UseServerRule } from "../../model/rule.ts";
import { compileCondition, type Predicate } from "../acl.ts";
import { compileLogFormat, type Render } from "../log-format.ts";
import type { CompileEnvironment } from "../sample-types.ts";
import { compileAction, type RuleSide, type RunAction } from "./action.ts";
import type { RuleTarget } from "./target.ts";
import type { Verdict } from "./verdict.ts";

export type RunRules = (target: RuleTarget) => Verdict | undefined;

export interface Choice {
  readonly when: Predicate;
  readonly name: Render;
}

export interface CompiledRules {
  readonly hasRequestRules: boolean;
  readonly hasResponseRules: boolean;
  /** When a connection comes, before anything was read. */
  readonly onConnection: RunRules;
  readonly hasConnectionRules: boolean;
  /** When it is known who talks to whom: after a PROXY header. */
  readonly onSession: RunRules;
  readonly hasSessionRules: boolean;
  readonly onContent: RunRules;
  readonly hasContentRules: boolean;
  readonly onRequest: RunRules;
  readonly onResponse: RunRules;
  /** Nothing of HTTP is known to them. */
  readonly onTcpResponse: RunRules;
  readonly hasTcpResponseRules: boolean;
  /** For every answer, also those made here. */
  readonly onAfterResponse: RunRules;
  readonly hasAfterResponseRules: boolean;
  readonly useBackend: readonly Choice[];
  readonly useServer: readonly Choice[];
  readonly monitorFail: readonly Predicate[];
  readonly forcePersist: readonly Predicate[];
  readonly ignorePersist: readonly Predicate[];
  readonly statsAdmin: readonly Predicate[];
  readonly retryOnEmpty: boolean;
  /** Statuses of `retry-on`. */
  readonly retryStatus: ReadonlySet<number>;
}

export function compileProxyRules(proxy: Proxy, environment: CompileEnvironment): CompiledRules {
  const redirects = proxy.redirects.map(({ redirect, condition, at }): Rule => ({
    action: { kind: "redirect", redirect },
    at,
    ...(condition === undefined ? {} : { condition }),
  }));
  const request = [...proxy.tcpRules.content, ...proxy.httpRequest, ...redirects];
  const http = [...proxy.httpRequest, ...redirects];
  const responses = proxy.tcpRules.response.length + proxy.httpResponse.length + proxy.httpAfterResponse.length;
  const { connection, session } = proxy.tcpRules;
  const persist = (kind: "force" | "ignore") =>
    proxy.persistRules
      .filter((rule) => rule.kind === kind)
      .map((rule) => compileCondition(rule.condition, environment));
  const choices = (rules: readonly UseServerRule[]): Choice[] =>
    rules.map((rule) =>
      tracedChoice(rule, environment, {
        when: compileCondition(rule.condition, environment),
        name: nameOf(rule, environment),
      }),
    );
  const content = compileRules(proxy.tcpRules.content, "request", environment);
  const requestRules = compileRules(http, "request", environment);
  const tcpResponse = compileRules(proxy.tcpRules.response, "response", environment);
  const responseRules = compileRules(proxy.httpResponse, "response", environment);
  return {
    hasRequestRules: request.length > 0,
    hasResponseRules: responses > 0,
    hasAfterResponseRules: proxy.httpAfterResponse.length > 0,
    hasConnectionRules: connection.length > 0,
    onConnection: compileRules(connection, "request", environment),
    hasSessionRules: session.length > 0,
    onSession: compileRules(session, "request", environment),
    hasContentRules: proxy.tcpRules.content.length > 0,
    onContent: content,
    // An `accept` ends only its own rule set.
    onRequest: proxy.tcpRules.content.length === 0 ? requestRules : inTurn(content, requestRules),
    onResponse: responseRules,
    onTcpResponse: tcpResponse,
    hasTcpResponseRules: proxy.tcpRules.response.length > 0,
    onAfterResponse: compileRules(proxy.httpAfterResponse, "response", environment),
    useBackend: choices(proxy.useBackend),
    useServer: choices(proxy.useServer),
    monitorFail: proxy.monitorFail.map((condition) => compileCondition(condition, environment)),
    forcePersist: persist("force"),
    ignorePersist: persist("ignore"),
    statsAdmin: (proxy.stats?.admin ?? []).map((condition) => compileCondition(condition, environment)),
    retryOnEmpty: proxy.retryOn.some((when) => when === "empty-response" || when === "all-retryable-errors"),
    retryStatus: new Set(proxy.retryOn.flatMap(statusesOf)),
  };
}

/** What a server says when another one may do better. */
const RETRYABLE = [500, 502, 503, 504];

function statusesOf(when: RetryCondition): readonly number[] {
  if (typeof when === "number") return [when];
  return when === "all-retryable-errors" ? RETRYABLE : [];
}

function inTurn(first: RunRules, second: RunRules): RunRules {
  return (target) => {
    const verdict = first(target);
    return verdict === undefined || verdict.kind === "accept" ? second(target) : verdict;
  };
}

function nameOf(rule: UseServerRule, environment: CompileEnvironment): Render {
  const { target } = rule;
  if (target.kind === "format") return compileLogFormat(target.format, environment, "value");
  return () => target.name;
}

export function compileRules(rules: readonly Rule[], side: RuleSide, environment: CompileEnvironment): RunRules {
  const steps = rules.map((rule) =>
    tracedStep(rule, environment, {
      when: rule.condition === undefined ? undefined : compileCondition(rule.condition, environment),
      run: compileAction(rule.action, side, environment),
      at: { file: rule.at.file, line: rule.at.line },
    }),
  );
  return (target) => {
    const { resume } = target;
    // A set before the one that waited has run already.
    if (resume !== undefined && resume.steps !== steps) return undefined;
    target.resume = undefined;
    for (let index = resume?.index ?? 0; index < steps.length; index += 1) {
      const step = steps[index];
      if (step === undefined || (step.when !== undefined && !step.when(target))) continue;
      const verdict = step.run(target);
      if (verdict === undefined) continue;
      if (verdict.kind === "wait-for-body" || verdict.kind === "look-up") {
        target.resume = { steps, index: index + 1 };
        return verdict;
      }
      target.lastRule = step.at;
      return verdict;
    }
    return undefined;
  };
}

interface Step {
  readonly when: Predicate | undefined;
  readonly run: RunAction;
  readonly at: { readonly file: string; readonly line: number };
}

/** The same step, which tells what it did when somebody listens. */
function tracedStep(rule: Rule, { trace }: CompileEnvironment, step: Step): Step {
  if (trace === undefined) return step;
  const { run, when } = step;
  return {
    ...step,
    when: (target) => {
      const holds = when?.(target) ?? true;
      if (!holds) trace.rule(rule, false, undefined);
      return holds;
    },
    run: (target) => {
      const verdict = run(target);
      trace.rule(rule, true, verdict);
      return verdict;
    },
  };
}

function tracedChoice(rule: UseServerRule, { trace }: CompileEnvironment, choice: Choice): Choice {
  if (trace === undefined) return choice;
  return {
    ...choice,
    when: (target) => {
      const holds = choice.when(target);
      trace.choice(rule, holds, holds ? choice.name(target) : "");
      return holds;
    },
  };
}
