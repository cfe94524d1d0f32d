/**
 * The only place that picks drivers: who stores, which node, which cipher. A driver is loaded when it is first picked.
 *
 * @module
 */
import type { BlobStore } from "../storage/blob-store.ts"
import type { Authorize } from "../storage/http.ts"
import { parseStoreLocation } from "../storage/location.ts"
import { withCopies } from "../storage/with/copies.ts"
import { withRetry } from "../storage/with/retry.ts"
import { withVerify } from "../storage/with/verify.ts"
import { fromHex } from "./base/bytes.ts"
import { type Clock, systemClock } from "./base/clock.ts"
import { InvalidInputError } from "./base/errors.ts"
import { systemRandom } from "./base/random.ts"
import type { Devnet, DevnetOptions } from "./devnet/index.ts"
import { SegmentCipherPool } from "./host/segment-cipher-pool.ts"
import type { Identity, LakeContext, Stores } from "./lake/ports.ts"
import { HttpSymbolNode } from "./ledger/http-node.ts"
import { SymbolLedger } from "./ledger/index.ts"
import { authorizeStoreCall, type StoreCall } from "./vault/store-authorization.ts"

/** Makes the authorization of one call on a store's folder. */
export type AuthorizeFolder = (folder: StoreCall["folder"]) => Authorize

/** Opens one store; `authorize` signs writes to stores behind `medlake serve`. */
export async function openStore(location: string, authorize?: Authorize): Promise<BlobStore> {
  const parsed = parseStoreLocation(location)
  switch (parsed.kind) {
    case "memory":
      return new (await import("../storage/memory.ts")).MemoryBlobStore()
    case "filesystem":
      return await (await import("../storage/filesystem.ts")).FilesystemBlobStore.open(
        parsed.folder,
      )
    case "s3": {
      const { kind: _kind, ...options } = parsed
      const { S3BlobStore } = await import("../storage/s3.ts")
      return withRetry(new S3BlobStore(options))
    }
    case "ipfs": {
      const { IpfsBlobStore } = await import("../storage/ipfs.ts")
      return withRetry(new IpfsBlobStore({ api: parsed.api }))
    }
    case "http": {
      const { HttpBlobStore } = await import("../storage/http.ts")
      return withRetry(new HttpBlobStore({ url: parsed.url, ...(authorize && { authorize }) }))
    }
  }
}

/** Opens the lake and the copies of the control store. */
export async function openStores(
  { lake, control }: { readonly lake: readonly string[]; readonly control: readonly string[] },
  authorize?: AuthorizeFolder,
): Promise<Stores & { close(): Promise<void> }> {
  const [first, ...others] = control
  if (!lake[0] || !first) {
    throw new InvalidInputError(
      "a lake and a control store are needed: --lake URL --control URL[,URL]",
    )
  }
  const unerasable = control.find((one) => parseStoreLocation(one).kind === "ipfs")
  if (unerasable !== undefined) {
    throw new InvalidInputError(
      `${unerasable} can't be a control store: what IPFS was given it can't be made to erase; name a folder, s3:// or https://`,
    )
  }
  // Each copy is held against the names, so that a damaged object in one is read from the other.
  const openCopy = async (one: string) => withVerify(await openStore(one, authorize?.("objects")))
  const copies: [BlobStore, ...BlobStore[]] = [await openCopy(first)]
  for (const one of others) copies.push(await openCopy(one))
  const stores = {
    lake: await openStore(lake[0], authorize?.("blobs")),
    control: copies.length === 1 ? copies[0] : withCopies(copies),
  }
  return {
    ...stores,
    close: async () => {
      await stores.lake.close()
      await stores.control.close()
    },
  }
}

/** Signs writes for one register by one identity (FORMAT §12). */
export function authorizeAs(
  ledger: SymbolLedger,
  register: Uint8Array,
  signer: Identity,
  clock: Clock = systemClock,
): AuthorizeFolder {
  return (folder) => async (method, cid, size) => {
    const { generationHash, identifier } = await ledger.network()
    const network = { generationHash, networkByte: identifier }
    const call = { method, folder, cid, size }
    return { authorization: await authorizeStoreCall(call, network, register, signer, clock.now()) }
  }
}

/** The ledger behind a node's address. */
export function openLedger(node: string, pin?: string, clock: Clock = systemClock): SymbolLedger {
  const options = { node: new HttpSymbolNode(node), clock }
  return new SymbolLedger(pin === undefined ? options : { ...options, pin: fromHex(pin) })
}

/** Everything that verbs share. The cipher's threads start with the first segment. */
export function openContext(ledger: SymbolLedger): LakeContext & { close(): Promise<void> } {
  const cipher = new SegmentCipherPool()
  const context = { ledger, clock: systemClock, random: systemRandom, cipher }
  return { ...context, close: () => cipher.close() }
}

/** A devnet in this process. */
export async function openDevnet(options: DevnetOptions): Promise<Devnet> {
  const { startDevnet } = await import("./devnet/index.ts")
  return await startDevnet(options)
}
