/** `ha-vip witness`: the third place that hosts ask before they take over. */
import { defineCommand } from "../../../shared/cli/command.ts";
import { LOG_OPTIONS, readLogTargets } from "../../../shared/cli/log-options.ts";
import { openLog } from "../../../shared/drive/log/open-log.ts";
import { forbidDumps, forbidNewPrivileges } from "../../../shared/drive/ffi/process.ts";
import { EXIT } from "../../../shared/model/exit-codes.ts";
import { reason } from "../../../shared/reason/catalogue.ts";
import { parseEndpoint } from "../../../shared/text/endpoint.ts";
import { WitnessBook } from "../decide/witness.ts";
import { askSchema, seal, unseal } from "../drive/witness-codec.ts";
import { readWitnessKey } from "../drive/witness-key.ts";
import { vipReasons } from "../model/reasons.ts";
import { WITNESS_PORT } from "../model/witness.ts";
import { inWords } from "./load.ts";

export const witnessCommand = defineCommand({
  name: "witness",
  summary: "Remember which host holds an address, so that hosts that can't hear each other don't both take it",
  description:
    "Runs on a third machine that both hosts reach by another way than each other. Hosts with --witness ask it before " +
    "they take over from a silent master; while the master speaks to the witness, they wait. Without an answer they go " +
    "on as VRRP says. Make the secret once and copy it to all: head -c 32 /dev/urandom > witness.key; chmod 600 witness.key",
  options: {
    listen: {
      type: "string",
      placeholder: "ADDRESS[:PORT]",
      summary: "where to listen for datagrams",
      default: `0.0.0.0:${WITNESS_PORT}`,
    },
    key: { type: "string", placeholder: "FILE", summary: "the secret that witness and hosts share", required: true },
    ...LOG_OPTIONS,
  },
  examples: [{ run: "ha-vip witness --key /etc/ha-vip/witness.key", does: "answers on UDP port 52113" }],
  async run({ options, out }) {
    forbidDumps();
    forbidNewPrivileges();
    const key = readWitnessKey(options.key);
    if (!Buffer.isBuffer(key)) return out.problems(inWords([key]), EXIT.configuration);
    const endpoint = parseEndpoint(options.listen, { defaultPort: WITNESS_PORT });
    if (!endpoint.ok) return out.problems(inWords([endpoint.problem]), EXIT.usage);
    const targets = readLogTargets(options.log ?? []);
    if (!targets.ok) return out.problems(targets.problems, EXIT.usage);
    const log = openLog({ tool: "ha-vip", targets: targets.targets, least: options["log-level"] });
    const book = new WitnessBook(performance.now());
    const socket = await Bun.udpSocket({
      hostname: endpoint.value.host,
      port: endpoint.value.port ?? WITNESS_PORT,
      socket: {
        data(self, bytes, port, address) {
          const ask = askSchema.safeParse(unseal(bytes, key));
          if (!ask.success) return;
          const { host, nonce, subject } = ask.data;
          const grant = book.ask(ask.data, performance.now(), Date.now());
          if (grant === undefined) return;
          const { granted, holder, movedFrom } = grant;
          self.send(seal({ kind: "answer", subject, granted, holder, nonce }, key), port, address);
          if (movedFrom === undefined) return;
          log.fact(vipReasons, reason(vipReasons, "VIP_GRANT_MOVED", { subject, from: movedFrom, to: host }));
        },
      },
    });
    log.notice(`listens on ${socket.hostname} port ${socket.port}`);
    await new Promise<void>((resolve) => {
      for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => resolve());
    });
    socket.close();
    log.flush();
    return EXIT.ok;
  },
});
