/** What looks after the servers of a data plane: health checks and the search for addresses. */
import { Checker } from "../../drive/checks/checker.ts";
import { giveInitialAddresses } from "../../drive/dns/initial-addresses.ts";
import { NameKeeper } from "../../drive/dns/name-keeper.ts";
import type { DataPlane } from "../../drive/plane.ts";
import type { Control } from "./control.ts";
import { tellName } from "./name-log.ts";

export class Supervision {
  private readonly checker: Checker;
  private readonly names: NameKeeper;

  constructor(
    private readonly plane: DataPlane,
    control: Control,
  ) {
    this.checker = new Checker(plane);
    plane.onServerEvent = (server, change, empty) => control.tell(server, change, empty);
    this.names = new NameKeeper(plane, (event) => {
      tellName(plane, event);
    });
    plane.names = this.names;
  }

  /** Addresses that servers begin with. Before the first client comes. */
  async prepare(): Promise<void> {
    for (const server of await giveInitialAddresses(this.plane)) {
      const { address } = server.settings;
      const name = address.kind === "name" ? address.host : "";
      process.stderr.write(
        `[WARNING]  (${process.pid}) : could not resolve address '${name}' of server ${server.backend.name}/${server.name}, it has none until its name resolves\n`,
      );
    }
  }

  start(): void {
    this.checker.start();
    this.names.start();
  }

  stop(): void {
    this.checker.stop();
    this.names.stop();
  }
}
