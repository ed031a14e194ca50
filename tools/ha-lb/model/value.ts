import type { IpAddress } from "./ip.ts";

/**
 * Arbitrary bytes, as opposed to text. All texts and bytes in samples are "byte strings": one UTF-16 unit per
 * byte, 0–255, as headers arrive on the wire.
 */
export class Binary {
  readonly bytes: string;
  constructor(bytes: string) {
    this.bytes = bytes;
  }
}

/**
 * What a sample can be at run time. The JavaScript type tells the sample type: `number` is sint (exact up to
 * 2^53), `string` is str and meth. `undefined` means there is no sample.
 */
export type SampleValue = string | number | boolean | IpAddress | Binary;
