/** `dataplane nft`: keeps the kernel's rules in step with the servers of a data plane. */
import { readFileSync } from "node:fs";
import { type NftService, rulesOf } from "../../decide/nft/ruleset.ts";
import type { BalanceAlgorithm } from "../../model/balance.ts";
import type { Bind } from "../../model/bind.ts";
import type { DataPlane } from "../plane.ts";
import type { FrontendRuntime } from "../runtime.ts";
import { RuleKeeper } from "./rule-keeper.ts";

const FORWARDING = { 4: "/proc/sys/net/ipv4/ip_forward", 6: "/proc/sys/net/ipv6/conf/all/forwarding" } as const;

/** Does the kernel pass packets on from one interface to another? Without it rules would swallow connections. */
function forwards(family: 4 | 6): boolean {
  try {
    return readFileSync(FORWARDING[family], "utf8").trim() !== "0";
  } catch {
    return false;
  }
}

function choiceOf(balance: BalanceAlgorithm): NftService["choice"] {
  return balance.kind === "source" ? "source" : balance.kind === "random" ? "random" : "turns";
}

function servicesOf(frontend: FrontendRuntime): readonly NftService[] {
  const backend = frontend.defaultBackend;
  if (backend === undefined || frontend.proxy.disabled) return [];
  return frontend.proxy.binds.flatMap((bind) =>
    portsOf(bind).map(({ family, address, port }): NftService => {
      const targets = backend.inPlay.flatMap((server) => {
        const fits = server.settings.address.kind === "ip" && server.settings.address.family === family;
        return fits ? [{ host: server.host, port: server.port === 0 ? port : server.port, weight: server.weight }] : [];
      });
      return { family, address, port, choice: choiceOf(backend.proxy.balance), targets };
    }),
  );
}

function portsOf({ address }: Bind): readonly { family: 4 | 6; address: string | undefined; port: number }[] {
  if (address.kind !== "ip") return [];
  const { host, family, port, portEnd } = address;
  const any = host === "" || host === "*" || host === "0.0.0.0" || host === "::";
  return Array.from({ length: Math.max(port, portEnd) - port + 1 }, (_, index) => ({
    family,
    address: any ? undefined : host,
    port: port + index,
  }));
}

export class Offload {
  private keeper: RuleKeeper | undefined;
  private plane: DataPlane | undefined;
  private scheduled = false;
  private readonly warned = new Set<number>();

  constructor(private readonly tell: (text: string) => void) {}

  /** Follows this data plane from now on. Must be asked while the process still has its rights. */
  serve(plane: DataPlane): void {
    this.plane = plane;
    const before = plane.onServerChange;
    plane.onServerChange = (server) => {
      before?.(server);
      this.schedule();
    };
    this.refresh();
  }

  /** Many servers may change in one moment: their rules change once. */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.refresh();
    });
  }

  private refresh(): void {
    const frontends = this.plane?.frontends.filter(({ proxy }) => proxy.dataPath === "nft") ?? [];
    if (frontends.length === 0 && this.keeper === undefined) return;
    this.keeper ??= new RuleKeeper(this.tell);
    this.keeper.apply(rulesOf(frontends.flatMap(servicesOf).filter(({ family }) => this.mayForward(family))));
  }

  private mayForward(family: 4 | 6): boolean {
    if (forwards(family)) return true;
    if (!this.warned.has(family)) {
      const name = family === 4 ? "net.ipv4.ip_forward" : "net.ipv6.conf.all.forwarding";
      this.tell(
        `'dataplane nft' needs ${name}=1; until a change of a server finds it so, connections go through this process`,
      );
    }
    this.warned.add(family);
    return false;
  }

  /** New connections come to our own sockets again. */
  close(): void {
    this.keeper?.close();
    this.keeper = undefined;
    this.plane = undefined;
  }
}
