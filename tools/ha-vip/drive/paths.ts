/** Routes and rules that move with the addresses. They have no lifetime of their own in the kernel. */
import { EEXIST } from "../../../shared/drive/ffi/errno.ts";
import { ROUTE_PROTOCOL, type Route } from "../../../shared/drive/net/route-codec.ts";
import type { Done, RouteClient } from "../../../shared/drive/net/route-client.ts";
import type { Rule } from "../../../shared/drive/net/rule-codec.ts";
import { formatPrefix } from "../../../shared/text/prefix.ts";
import type { RouterSettings, VirtualRoute, VirtualRule } from "../model/router.ts";

interface Refused {
  readonly what: string;
  readonly detail: string;
}

function indexOf(routes: RouteClient, device: string | undefined): number | undefined {
  if (device === undefined) return undefined;
  const link = routes.link(device);
  // An interface that isn't there: the kernel refuses index 0 with its own words.
  return link.ok ? link.value.index : 0;
}

function routeOf(routes: RouteClient, one: VirtualRoute): Route {
  const { destination, family, gateway, kind, metric, mtu, onLink, scope, source, table } = one;
  const index = indexOf(routes, one.device);
  const nextHops = one.nextHops?.map(({ device, gateway: through, weight }) => {
    const on = indexOf(routes, device);
    return {
      gateway: through,
      ...(on === undefined ? {} : { interfaceIndex: on }),
      ...(weight === undefined ? {} : { weight }),
    };
  });
  return {
    family,
    protocol: ROUTE_PROTOCOL.keepalived,
    ...(destination === undefined ? {} : { destination }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(index === undefined ? {} : { interfaceIndex: index }),
    ...(source === undefined ? {} : { preferredSource: source }),
    ...(metric === undefined ? {} : { metric }),
    ...(table === undefined ? {} : { table }),
    ...(kind === undefined ? {} : { kind }),
    ...(scope === undefined ? {} : { scope }),
    ...(onLink === undefined ? {} : { onLink }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(nextHops === undefined ? {} : { nextHops }),
  };
}

function ruleOf(one: VirtualRule): Rule {
  const { inputDevice, outputDevice, ...rest } = one;
  return {
    ...rest,
    ...(inputDevice === undefined ? {} : { inputInterface: inputDevice }),
    ...(outputDevice === undefined ? {} : { outputInterface: outputDevice }),
  };
}

function refusedOf(what: string, done: Done): Refused[] {
  return done.ok || done.failure.errno === EEXIST ? [] : [{ what, detail: done.failure.name }];
}

function nameOf(one: VirtualRoute): string {
  return `route ${one.destination === undefined ? "default" : formatPrefix(one.destination)}`;
}

/** Adds routes, then rules. @returns what the kernel refused */
export function addPaths(routes: RouteClient, settings: RouterSettings): Refused[] {
  return [
    ...settings.routes.flatMap((one) => refusedOf(nameOf(one), routes.replaceRoute(routeOf(routes, one)))),
    ...settings.rules.flatMap((one) => refusedOf(`rule ${one.priority ?? ""}`, routes.addRule(ruleOf(one)))),
  ];
}

export function removePaths(routes: RouteClient, settings: RouterSettings): void {
  for (const one of settings.rules.toReversed()) routes.deleteRule(ruleOf(one));
  for (const one of settings.routes.toReversed()) routes.deleteRoute(routeOf(routes, one));
}
