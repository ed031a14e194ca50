/** What the real keepalived has understood of a configuration: it is started in a namespace of its own and asked for its data. */
import { z } from "zod";

/** Starting keepalived and asking it takes two seconds; on a busy machine many times that. */
const DUMP_LIMIT_MS = 150_000;

/**
 * $1: the folder with asked.conf and the files it includes, $2: the configuration's id. Prints the data as JSON.
 * Its own /tmp, because keepalived always writes to /tmp/keepalived.json; asked only when its handlers are there. Read
 * when it has ended: until then it may be writing. The processes have a namespace, so that all end with the script.
 */
const SCRIPT = `
mount --bind "$1" /mnt && mount -t tmpfs tmpfs /tmp && mount -t tmpfs tmpfs /run || exit 1
for name in eth0 eth1 eth2; do
  ip link add $name type veth peer name p$name && ip link set p$name up && ip link set $name up
done
ip link set lo up
ip address add 10.0.0.1/24 dev eth0
keepalived -n -i "$2" -p /run/parent -r /run/vrrp -c /run/checker -b /run/bfd -f /mnt/asked.conf >/tmp/log 2>&1 &
process=$!
for turn in $(seq 1000); do [ -s /run/vrrp ] && break; sleep 0.05; done
kill -s "$(keepalived --signum=JSON)" $process
for turn in $(seq 1000); do [ -s /tmp/keepalived.json ] && break; sleep 0.05; done
kill $process
wait $process
cat /tmp/keepalived.json
`;

/** The part of the data that ha-vip has words for, too. */
export const dumpSchema = z.array(
  z.object({
    data: z.object({
      iname: z.string(),
      ifp_ifname: z.string(),
      vmac_ifname: z.string(),
      vrid: z.number(),
      version: z.number(),
      base_priority: z.number(),
      adver_int: z.number(),
      nopreempt: z.boolean(),
      preempt_delay: z.number(),
      dont_track_primary: z.number(),
      garp_delay: z.number(),
      garp_rep: z.number(),
      garp_refresh: z.number(),
      garp_refresh_rep: z.number(),
      lower_prio_no_advert: z.number(),
      vips: z.array(z.string()).default([]),
      evips: z.array(z.string()).default([]),
      vroutes: z.array(z.string()).default([]),
      vrules: z.array(z.string()).default([]),
      auth_data: z.string().optional(),
    }),
  }),
);
export type Dump = z.infer<typeof dumpSchema>[number]["data"];

/** Whether this build of keepalived can tell its data as JSON. */
export function tellsData(): boolean {
  const done = Bun.spawnSync(["keepalived", "--version"], { stderr: "pipe" });
  return /\bJSON\b/i.test(done.stderr.toString());
}

export async function dumpOf(folder: string, id: string): Promise<readonly Dump[]> {
  const command = [
    "unshare",
    "--net",
    "--mount",
    "--pid",
    "--kill-child",
    "--mount-proc",
    "sh",
    "-c",
    SCRIPT,
    "sh",
    folder,
    id,
  ];
  const child = Bun.spawn(command, { stdin: "ignore", stdout: "pipe", stderr: "pipe", timeout: DUMP_LIMIT_MS });
  const [text, errors] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  await child.exited;
  try {
    return dumpSchema.parse(JSON.parse(text)).map((one) => one.data);
  } catch (error) {
    throw new Error(`keepalived tells nothing of ${folder}: ${errors} ${text.slice(0, 300)}`, { cause: error });
  }
}
