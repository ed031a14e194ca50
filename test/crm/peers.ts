import { requirePrograms } from "../../shared/lab/requirements.ts";
import { labEnvironment } from "../../shared/lab/support.ts";

/** Recorded answers, and known differences, are those of Debian 12's programs: others may answer otherwise. */
const PACEMAKER_VERSION = "2.1.5";
const PCS_VERSION = "0.11.5";

function lacks(program: string, version: string): string | undefined {
  const missing = requirePrograms(program);
  if (missing !== undefined) return missing;
  const asked = Bun.spawnSync([program, "--version"], { env: labEnvironment(), stdin: "ignore", stderr: "ignore" });
  const found = /\d+(\.\d+)+/.exec(asked.stdout.toString())?.[0] ?? "none";
  return found === version ? undefined : `needs ${program} ${version}, found version ${found}`;
}

/** Why a program of Pacemaker can't be asked; undefined when it can. */
export const lacksPacemaker = (program: "crm_simulate" | "crm_verify") => lacks(program, PACEMAKER_VERSION);

/** Why pcs can't be asked; undefined when it can. */
export const lacksPcs = () => requirePrograms("cibadmin") ?? lacks("pcs", PCS_VERSION);
