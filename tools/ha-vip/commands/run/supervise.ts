/** The supervisor of the daemon: starts it, tells how it fares, and lets go of its addresses the moment it is dead. */
import type { Logger } from "../../../../shared/drive/log/logger.ts";
import { selfCommand } from "../../../../shared/drive/supervise/self-command.ts";
import { sayDetachedReady } from "../../../../shared/drive/supervise/detach.ts";
import { Supervisor, type SupervisorEvent } from "../../../../shared/drive/supervise/supervisor.ts";
import { supervisionFact } from "../../../../shared/drive/supervise/tell.ts";
import { EXIT, type ExitCode, isExitCode } from "../../../../shared/model/exit-codes.ts";
import { superviseReasons } from "../../../../shared/model/supervise-reasons.ts";
import { reason } from "../../../../shared/reason/catalogue.ts";
import type { VipConfiguration } from "../../model/configuration.ts";
import { vipReasons } from "../../model/reasons.ts";
import type { Reread } from "./daemon.ts";
import { releaseAddresses } from "./release.ts";

export interface SuperviseOptions {
  readonly configuration: VipConfiguration;
  /** Reads the configuration as it is now: a reload may have changed what there is to release. */
  readonly reread: () => Reread;
  readonly log: Logger;
  /** The daemon's command line without the program. */
  readonly words: readonly string[];
  /** Log lines go to standard error, also in the background. */
  readonly keepStderr: boolean;
  /** Whether a daemon that died is started again. */
  readonly respawn: boolean;
}

/** Runs until the daemon has ended for good. */
export async function superviseDaemon(options: SuperviseOptions): Promise<ExitCode> {
  const { configuration, log, respawn } = options;
  let gaveUp = false;
  const onEvent = (event: SupervisorEvent): void => {
    const fact = supervisionFact("ha-vip", event);
    if (fact !== undefined) log.fact(superviseReasons, fact);
    if (event.kind === "ready") sayDetachedReady(options.keepStderr);
    if (event.kind !== "died" || respawn || event.restartInMs === undefined) return;
    gaveUp = true;
    log.fact(vipReasons, reason(vipReasons, "VIP_NOT_RESPAWNED", {}));
    supervisor.stop();
  };
  const supervisor = new Supervisor({
    command: selfCommand(options.words),
    onEvent,
    onChildDeath: (death) => {
      releaseAddresses(configuration, death.testament);
      const now = options.reread();
      if (now.ok && JSON.stringify(now.configuration) !== JSON.stringify(configuration)) {
        releaseAddresses(now.configuration, death.testament);
      }
    },
  });
  const code = await supervisor.run();
  if (gaveUp) return EXIT.error;
  return isExitCode(code) ? code : EXIT.error;
}
