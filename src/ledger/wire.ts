/**
 * Little-endian integers as bytes, for what Symbol hashes.
 *
 * @module
 */

/** 8 bytes. */
export function u64(value: bigint | number): Uint8Array {
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value), true)
  return bytes
}

/** 4 bytes. */
export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value, true)
  return bytes
}

/** 2 bytes. */
export function u16(value: number): Uint8Array {
  return Uint8Array.of(value & 255, value >> 8)
}
