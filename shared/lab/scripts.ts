/**
 * The shell scripts that build namespaces from inside. They only use `sh`, `mount`, `ip` and util-linux, so that
 * the lab needs nothing of its own installed.
 *
 * Both end in a process that does nothing, as PID 1 of its namespace. SIGCHLD is ignored across the `exec`, which makes
 * the kernel reap orphans by itself.
 */

/**
 * PID 1 of the whole lab, in a fresh network, mount and PID namespace. Its network namespace is the switch.
 * Standard input comes from the owner: when the owner dies, however it dies, `cat` reads the end of file and exits,
 * and the kernel kills everything in the PID namespace with it.
 *
 * `/proc` is still the owner's, so `/proc/self/stat` holds the PID as the owner sees it.
 */
export const OUTER_SCRIPT = `
set -e
read -r pid rest </proc/self/stat
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lab/share /run/lab/disk /run/lab/run
number=0
for path in "$@"; do
  number=$((number + 1))
  mkdir "/run/lab/share/$number"
  mount --rbind "$path" "/run/lab/share/$number"
done
ip link set lo up
ring=0
while [ "$ring" -lt "$LAB_RINGS" ]; do
  ip link add "br$ring" address "02:77:$ring:ff:ff:ff" type bridge stp_state 0 forward_delay 0 mcast_snooping 0
  ip link set "br$ring" addrgenmode none
  ip link set "br$ring" up
  ring=$((ring + 1))
done
echo "ready $pid"
trap '' CHLD
exec cat >/dev/null 2>&1
`;

/**
 * PID 1 of one host, in its own network, mount, PID, UTS and IPC namespace, below the lab's.
 * Arguments: the shared paths, in the order that the outer script got them.
 *
 * The directories in LAB_DISK are overlays: what the host writes there goes to a "disk" of its own that lives as long
 * as the lab, so it survives a power loss. `/run`, `/tmp` and `/dev/shm` are empty after each boot. `/run` is a directory
 * of the lab's own, so that a monitor outside finds a host's control sockets at one path for the lab's whole life.
 * In a user namespace the machine's directories belong to nobody and can't be written to, even through an overlay;
 * directories of the same names in the upper layer are the lab's own and can.
 */
export const HOST_SCRIPT = `
set -e
read -r pid rest </proc/self/stat
hostname "$LAB_NAME"
ring=0
while [ "$ring" -lt "$LAB_RINGS" ]; do
  ip link add "eth$ring" address "02:77:$ring:00:00:$LAB_MAC" type veth \\
    peer name "$LAB_NAME-$ring" netns "/proc/$LAB_OUTER/ns/net"
  ring=$((ring + 1))
done
nsenter --net="/proc/$LAB_OUTER/ns/net" ip -batch - <<END
$LAB_PORTS
END
mount -t proc proc /proc
mount -t sysfs sysfs /sys
for name in all default eth0 eth1; do
  [ -e "/proc/sys/net/ipv6/conf/$name" ] || continue
  echo 0 >"/proc/sys/net/ipv6/conf/$name/accept_dad"
  [ "$LAB_IPV6" = yes ] || echo 1 >"/proc/sys/net/ipv6/conf/$name/disable_ipv6"
done
ip -batch - <<END
$LAB_ADDRESSES
END
disk="/run/lab/disk/$LAB_NAME"
for path in $LAB_DISK; do
  [ -d "$path" ] && [ ! -L "$path" ] || continue
  mkdir -p "$disk$path/upper" "$disk$path/work"
  if [ ! -r "$path" ]; then mount --bind "$disk$path/upper" "$path"; continue; fi
  [ "$LAB_MODE" = root ] || (cd "$path" && find . -xdev -maxdepth 3 -type d -readable -print0 2>/dev/null) |
    (cd "$disk$path/upper" && xargs -0 mkdir -p)
  mount -t overlay -o "lowerdir=$path,upperdir=$disk$path/upper,workdir=$disk$path/work" overlay "$path" ||
    echo "lab: no overlay on $path: $LAB_NAME shares it with this machine" >&2
done
mkdir -p "$disk"
printf '%s\\n' "$LAB_NAME" >"$disk/hostname"
printf '%s' "$LAB_HOSTS" >"$disk/hosts"
[ ! -e /etc/hostname ] || mount --bind "$disk/hostname" /etc/hostname
[ ! -e /etc/hosts ] || mount --bind "$disk/hosts" /etc/hosts
mount -t tmpfs -o mode=1777 tmpfs /tmp
[ ! -d /dev/shm ] || mount -t tmpfs -o mode=1777 tmpfs /dev/shm
number=0
for path in "$@"; do
  number=$((number + 1))
  mkdir -p "$path"
  mount --rbind "/run/lab/share/$number" "$path"
done
rm -rf "/run/lab/run/$LAB_NAME"
mkdir -p "/run/lab/run/$LAB_NAME/lock"
mount --rbind "/run/lab/run/$LAB_NAME" /run
echo "ready $pid"
trap '' CHLD
exec sleep infinity </dev/null >/dev/null 2>&1
`;

/**
 * Runs a command in the namespaces that `nsenter --no-fork` has just joined. The shell itself stays in the owner's
 * PID namespace and forks the command into the host's. A plain `nsenter` would stop itself together with a paused
 * command, and a stopped process outlives its owner.
 */
export const RUN_SCRIPT = 'cd "$0" || exit 126; "$@"; exit "$?"';
