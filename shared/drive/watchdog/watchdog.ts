/**
 * The kernel's watchdog device: when it isn't fed for its timeout, the machine is reset, whatever became of this program.
 * See Documentation/watchdog/watchdog-api.rst of Linux. Blocking calls that return at once: for the deadline thread.
 */
import { EINVAL } from "../ffi/errno.ts";
import { close, ioctl, open, OPEN, write } from "../ffi/fd.ts";
import { errnoName, SystemError } from "../ffi/libc.ts";
import { Memory } from "../ffi/memory.ts";

/** include/uapi/linux/watchdog.h; the numbers are the same on x86-64 and arm64. */
const WDIOC_GETSUPPORT = 0x80285700;
const WDIOC_KEEPALIVE = 0x80045705;
const WDIOC_SETTIMEOUT = 0xc0045706;
const WDIOF_MAGICCLOSE = 0x0100;
const ENOTTY = 25;
const IDENTITY_OFFSET = 8;
const IDENTITY_BYTES = 32;
/** A driver that takes this before the close is stopped by it; all others bite. */
const MAGIC = "V";

export interface WatchdogOptions {
  readonly path: string;
  /** Whole seconds; the driver may take another, see `timeoutMs`. */
  readonly timeoutSeconds: number;
  /** A plain file or a terminal in the device's place, which takes writes and knows no requests: for tests. */
  readonly allowStandIn?: boolean;
}

export class Watchdog {
  private closed = false;
  private readonly byte = Memory.copyOf(new Uint8Array([0]));

  private constructor(
    private readonly fd: number,
    /** What the device calls itself. */
    readonly identity: string,
    /** After so long without food it bites. */
    readonly timeoutMs: number,
    /** Whether `disarm` can stop it. */
    readonly canDisarm: boolean,
    private readonly standIn: boolean,
  ) {}

  /** Opens the device, which starts it. Throws `SystemError`: no device (ENOENT), in use (EBUSY), no watchdog (ENOTTY). */
  static open(options: WatchdogOptions): Watchdog {
    const { path, timeoutSeconds } = options;
    if (!Number.isInteger(timeoutSeconds) || timeoutSeconds < 1) throw new Error("a watchdog counts whole seconds");
    const fd = open(path, OPEN.WRITE_ONLY);
    const support = new Memory(IDENTITY_OFFSET + IDENTITY_BYTES);
    const asked = ioctl(fd, WDIOC_GETSUPPORT, support);
    if (asked === -ENOTTY && options.allowStandIn === true) {
      return new Watchdog(fd, "stand-in", timeoutSeconds * 1000, true, true);
    }
    const timeout = new Memory(8);
    timeout.u32[0] = timeoutSeconds;
    const set = asked < 0 ? asked : ioctl(fd, WDIOC_SETTIMEOUT, timeout);
    if (set < 0) {
      // It has been started by being opened; let it go in the way that stops it, if it can be stopped.
      write(fd, Memory.cString(MAGIC), 0, 1);
      close(fd);
      throw new SystemError("ioctl watchdog", set, path);
    }
    const text = support.u8.subarray(IDENTITY_OFFSET, IDENTITY_OFFSET + IDENTITY_BYTES);
    const end = text.indexOf(0);
    const identity = new TextDecoder().decode(text.slice(0, end < 0 ? IDENTITY_BYTES : end));
    const canDisarm = ((support.u32[0] ?? 0) & WDIOF_MAGICCLOSE) !== 0;
    return new Watchdog(fd, identity, (timeout.u32[0] ?? timeoutSeconds) * 1000, canDisarm, false);
  }

  /** Feeds it; 0 or -errno. After an error it may bite. */
  feed(): number {
    if (this.closed) return -EINVAL;
    if (!this.standIn) {
      const fed = ioctl(this.fd, WDIOC_KEEPALIVE, this.byte);
      if (fed !== -EINVAL && fed !== -ENOTTY) return Math.min(0, fed);
    }
    // Drivers without the request take any byte for food.
    return Math.min(0, write(this.fd, this.byte, 0, 1));
  }

  /** An orderly end: nothing runs here that must die. A driver that knows no magic close goes on and bites. */
  disarm(): void {
    if (this.closed) return;
    this.closed = true;
    const written = write(this.fd, Memory.cString(MAGIC), 0, 1);
    close(this.fd);
    if (written < 0) throw new Error(`the watchdog can't be stopped: ${errnoName(written)}`);
  }
}
