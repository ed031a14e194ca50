/** Pools to virtual routers: one for each address, whose priority here is this host's place in the address's order. */
import { type Reason, reason } from "../../../../shared/reason/catalogue.ts";
import { fail, ok, type Result } from "../../../../shared/reason/result.ts";
import { formatAddress } from "../../../../shared/text/address.ts";
import { planPool, poolPriority } from "../../decide/pool/plan.ts";
import { checkConfiguration } from "../../model/check-configuration.ts";
import { configReasons } from "../../model/config-reasons.ts";
import type { RouterConfiguration, VipConfiguration } from "../../model/configuration.ts";
import { MAX_VRID, type PoolConfiguration } from "../../model/pool/pool.ts";
import { ROUTER_DEFAULTS } from "../../model/router.ts";

const ARGV = { file: "argv", line: 1, column: 1 };

/** @param own what this host is called: its names and all its addresses */
export function expandPools(configuration: VipConfiguration, own: ReadonlySet<string>): Result<VipConfiguration> {
  const { pools = [] } = configuration;
  if (pools.length === 0) return ok(configuration);
  const problems: Reason[] = [];
  const routers: RouterConfiguration[] = [...configuration.routers];
  for (const pool of pools) {
    const { members, name } = pool.settings;
    const selves = members.filter((member) => own.has(member));
    const [self] = selves;
    if (self === undefined || selves.length > 1) {
      const found = self === undefined ? "none of them" : selves.join(", ");
      problems.push(reason(configReasons, "VIP_CONF_POOL_SELF", { name, found }, pool.at ?? ARGV));
    } else routers.push(...routersOf(pool, self, configuration.witness !== undefined));
  }
  const whole: VipConfiguration = { ...configuration, routers, pools: [] };
  // What was wrong without the pools has been told already.
  const before = new Set(checkConfiguration(configuration).map((fact) => JSON.stringify(fact)));
  problems.push(...checkConfiguration(whole).filter((fact) => !before.has(JSON.stringify(fact))));
  const errors = problems.filter((fact) => configReasons[codeOf(fact)]?.severity === "error");
  return errors.length > 0 ? fail(problems) : ok(whole, problems);
}

function codeOf({ code }: Reason): keyof typeof configReasons {
  if (!(code in configReasons)) throw new Error(`${code} isn't about a configuration`);
  return code as keyof typeof configReasons;
}

function routersOf(
  { at, notify, settings, tracks }: PoolConfiguration,
  self: string,
  witness: boolean,
): RouterConfiguration[] {
  const { addresses, device, intervalMs, members, name, preemptDelayMs, vrid } = settings;
  const words = addresses.map((one) => formatAddress(one.address));
  const plan = planPool(members, words);
  return addresses.map((address, index) => {
    const order = plan[index] ?? [];
    return {
      settings: {
        ...ROUTER_DEFAULTS,
        name: `${name}/${words[index]}`,
        vrid: ((vrid - 1 + index) % MAX_VRID) + 1,
        family: address.address.family,
        version: 3,
        device,
        priority: poolPriority(order.indexOf(self), order.length),
        intervalMs,
        preemptDelayMs,
        addresses: [address],
        witness,
      },
      // A weight would change the order; in a pool a host serves or it doesn't.
      tracks: tracks.map((track) => ({ ...track, weight: 0 })),
      notify,
      ...(at === undefined ? {} : { at }),
    };
  });
}
