import type { ReplicaMessage } from "../../effect/replica.ts";
import { isReplicaMessage } from "./message-shape.ts";

/** Frames on the stream between members: four bytes of length (big-endian), then a JSON array of messages. */
const HEAD_BYTES = 4;
/** A frame beyond this breaks the connection. It holds a batch of the largest values and a piece of a snapshot. */
export const MAX_FRAME_BYTES = 256 * 1024 * 1024;

export function encodeFrame(messages: readonly ReplicaMessage[]): Buffer {
  const text = JSON.stringify(messages);
  const frame = Buffer.allocUnsafe(HEAD_BYTES + Buffer.byteLength(text));
  frame.writeUInt32BE(frame.length - HEAD_BYTES, 0);
  frame.write(text, HEAD_BYTES);
  return frame;
}

/** Cuts a stream of bytes back into frames. */
export class FrameReader {
  private parts: Buffer[] = [];
  private length = 0;

  /** The frames that are complete now; null: what came is no frame, the connection must go. */
  feed(bytes: Buffer): readonly (readonly ReplicaMessage[])[] | null {
    this.parts.push(bytes);
    this.length += bytes.length;
    const frames: (readonly ReplicaMessage[])[] = [];
    let wanted = this.wantedLength();
    while (wanted !== null) {
      if (wanted - HEAD_BYTES > MAX_FRAME_BYTES) return null;
      if (this.length < wanted) break;
      const whole = this.parts.length === 1 ? this.parts[0] : Buffer.concat(this.parts);
      if (whole === undefined) throw new Error("a reader without bytes");
      const messages = parseMessages(whole.toString("utf8", HEAD_BYTES, wanted));
      if (messages === null) return null;
      frames.push(messages);
      this.parts = whole.length > wanted ? [whole.subarray(wanted)] : [];
      this.length -= wanted;
      wanted = this.wantedLength();
    }
    return frames;
  }

  private wantedLength(): number | null {
    if (this.length < HEAD_BYTES) return null;
    const first = this.parts[0];
    if (first !== undefined && first.length < HEAD_BYTES) this.parts = [Buffer.concat(this.parts)];
    return HEAD_BYTES + (this.parts[0]?.readUInt32BE(0) ?? 0);
  }
}

function parseMessages(text: string): readonly ReplicaMessage[] | null {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every(isReplicaMessage) ? value : null;
  } catch {
    return null;
  }
}
