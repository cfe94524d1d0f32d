/**
 * How a writer names an instance to the agent: by UID and by the digest of its data set (docs/FORMAT.md §10).
 *
 * @module
 */
import { z } from "zod"
import { bytes, text } from "../vault/shape.ts"

/** An instance, and which version of it. */
export interface InstanceName {
  readonly uid: string
  /** SHA-256 of the data set without group 2, 32 bytes. */
  readonly digest: Uint8Array
}

/** `[UID, digest]`, as it is written. */
export const instanceShape = z.tuple([
  text(256)
    .min(1)
    .refine((uid) => !uid.includes("\0")),
  bytes(32),
])

/** `[UID, digest]` of an instance. */
export function writeInstance({ uid, digest }: InstanceName): [string, Uint8Array] {
  return [uid, digest]
}

/** The instance that `[UID, digest]` writes. */
export function readInstance([uid, digest]: z.output<typeof instanceShape>): InstanceName {
  return { uid, digest }
}
