/**
 * Small sealed objects in the control store: named by the CID of their bytes, checked on the way in and out.
 *
 * @module
 */
import type { CID } from "multiformats/cid"
import type { BlobStore } from "../../storage/blob-store.ts"
import { collect, equal, once } from "../base/bytes.ts"
import { AccessDeniedError, IntegrityError, InvalidInputError } from "../base/errors.ts"
import { cidOfBytes } from "../cid/cid.ts"

/** Largest object (bytes) that is read: one leaf, so that the name is the hash of the bytes. */
export const OBJECT_LIMIT = 1 << 20

/** The store refuses to hand an object out; not to be taken for an object that does not open. */
export class StoreRefusedError extends AccessDeniedError {}

/** Makes an object durable and returns its name. Doing it twice is doing it once. */
export async function putObject(
  control: BlobStore,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<CID> {
  const name = cidOfBytes(bytes)
  const source = { size: bytes.length, open: () => once(bytes) }
  await control.put(name.toString(), source, signal ? { signal } : {})
  return name
}

/**
 * The bytes of an object.
 * @throws {NotFoundError} when no copy of the control store has it: it was erased, or never written
 * @throws {IntegrityError} when the bytes are not those of the name
 * @throws {StoreRefusedError} when the store may not be read
 */
export async function getObject(
  control: BlobStore,
  name: CID,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const stream = control.get(name.toString(), undefined, signal ? { signal } : {})
  const bytes = await collect(stream, OBJECT_LIMIT).catch((error: unknown) => {
    if (error instanceof InvalidInputError) {
      throw new IntegrityError("the control store returned more bytes than an object may have", {
        cause: error,
      })
    }
    if (!(error instanceof AccessDeniedError)) throw error
    throw new StoreRefusedError(`the control store refuses to be read: ${error.message}`, {
      cause: error,
    })
  })
  if (!equal(cidOfBytes(bytes).bytes, name.bytes)) {
    throw new IntegrityError("the control store returned other bytes than those asked for")
  }
  return bytes
}
