/** Actions that change no text: variables, addresses, counters, captures, timeouts. */
import type { Action, SetVariableCondition } from "../../model/rule.ts";
import type { SampleValue } from "../../model/value.ts";
import { compileExpression } from "../expression.ts";
import { compileLogFormat } from "../log-format.ts";
import { toAddress, toText } from "../sample-cast.ts";
import type { CompileEnvironment } from "../sample-types.ts";
import type { RuleSide, RunAction } from "./action.ts";
import { mayBeSet } from "../variable-condition.ts";
import type { RuleTarget } from "./target.ts";

export function compileStateAction(
  action: Action,
  side: RuleSide,
  environment: CompileEnvironment,
): RunAction | undefined {
  return (
    compileVariable(action, environment) ??
    compileAddress(action, environment) ??
    compileOther(action, side, environment)
  );
}

function compileVariable(action: Action, environment: CompileEnvironment): RunAction | undefined {
  switch (action.kind) {
    case "set-variable": {
      const { get } = compileExpression(action.value, environment);
      return assign(action.variable.scope, action.variable.name, get, action.conditions);
    }
    case "set-variable-format": {
      const render = compileLogFormat(action.value, environment, "value");
      return assign(action.variable.scope, action.variable.name, render, action.conditions);
    }
    case "unset-variable":
      return ({ variables }) => {
        variables.unset(action.variable.scope, action.variable.name);
        return undefined;
      };
    default:
      return undefined;
  }
}

function assign(
  scope: Parameters<RuleTarget["variables"]["get"]>[0],
  name: string,
  get: (target: RuleTarget) => SampleValue | undefined,
  conditions: readonly SetVariableCondition[],
): RunAction {
  return (target) => {
    const value = get(target);
    const before = target.variables.get(scope, name);
    if (!mayBeSet(conditions, scope, before, value)) return undefined;
    if (value === undefined) target.variables.unset(scope, name);
    else target.variables.set(scope, name, value);
    return undefined;
  };
}

function compileAddress(action: Action, environment: CompileEnvironment): RunAction | undefined {
  switch (action.kind) {
    case "set-source":
    case "set-destination": {
      const { get } = compileExpression(action.value, environment);
      const isSource = action.kind === "set-source";
      return (target) => {
        const found = get(target);
        const value = found === undefined ? undefined : toAddress(found);
        if (value === undefined) return undefined;
        if (isSource) target.setSource(value, undefined);
        else target.setDestination(value, undefined);
        return undefined;
      };
    }
    case "set-source-port":
    case "set-destination-port": {
      const { get } = compileExpression(action.value, environment);
      const isSource = action.kind === "set-source-port";
      return (target) => {
        const port = Number(get(target) ?? Number.NaN);
        if (!(port >= 0 && port < 65_536)) return undefined;
        if (isSource) target.setSource(undefined, port);
        else target.setDestination(undefined, port);
        return undefined;
      };
    }
    default:
      return undefined;
  }
}

function compileOther(action: Action, side: RuleSide, environment: CompileEnvironment): RunAction | undefined {
  const act = (work: (target: RuleTarget) => void): RunAction => {
    return (target) => {
      work(target);
      return undefined;
    };
  };
  switch (action.kind) {
    case "set-log-level":
      return act((target) => void (target.logLevel = action.level));
    case "disable-retry":
      return act((target) => void (target.retriesOff = true));
    case "capture": {
      const { get } = compileExpression(action.value, environment);
      return act((target) => {
        const value = get(target);
        if (value !== undefined) target.capture(side, action.slot, toText(value));
      });
    }
    case "set-timeout":
      return act(timeoutSetter(action, environment));
    case "track": {
      const { get } = compileExpression(action.key, environment);
      const table = action.table ?? environment.proxyName;
      return act((target) => {
        const key = get(target);
        if (key !== undefined) target.track(action.slot, table, key);
      });
    }
    case "increment-counter":
      return act((target) => target.incrementTracked(action.slot, action.array, action.counter));
    case "set-tag": {
      const value = action.value;
      const get = typeof value === "number" ? () => value : compileExpression(value, environment).get;
      return act((target) => {
        const number = Number(get(target) ?? Number.NaN);
        if (!Number.isNaN(number)) target.setTag(action.slot, action.array, action.tag, number);
      });
    }
    case "edit-acl":
    case "edit-map":
      return act(listEditor(action, environment));
    default:
      return undefined;
  }
}

function timeoutSetter(
  action: Action & { readonly kind: "set-timeout" },
  environment: CompileEnvironment,
): (target: RuleTarget) => void {
  const { value } = action;
  const get = typeof value === "number" ? () => value : compileExpression(value, environment).get;
  return (target) => {
    const ms = Number(get(target) ?? Number.NaN);
    if (!(ms > 0)) return;
    if (action.which === "server") target.serverTimeoutMs = ms;
    else target.tunnelTimeoutMs = ms;
  };
}

function listEditor(
  action: Action & { readonly kind: "edit-acl" | "edit-map" },
  environment: CompileEnvironment,
): (target: RuleTarget) => void {
  const list = environment.patterns.file(action.file, action.kind === "edit-map");
  const key = compileLogFormat(action.key, environment, "http");
  if (action.operation === "delete") return (target) => void list.delete(key(target));
  if (action.kind === "edit-acl") return (target) => list.set(key(target), "");
  const value = action.value === undefined ? () => "" : compileLogFormat(action.value, environment, "http");
  return (target) => list.set(key(target), value(target));
}
