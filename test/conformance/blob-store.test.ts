import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import type { BlobStore } from "../../storage/blob-store.ts"
import { FilesystemBlobStore } from "../../storage/filesystem.ts"
import { HttpBlobStore } from "../../storage/http.ts"
import { IpfsBlobStore } from "../../storage/ipfs.ts"
import { MemoryBlobStore } from "../../storage/memory.ts"
import { S3BlobStore } from "../../storage/s3.ts"
import { withCopies } from "../../storage/with/copies.ts"
import { withRetry } from "../../storage/with/retry.ts"
import { withVerify } from "../../storage/with/verify.ts"
import { startBlobServer } from "../support/blob-server.ts"
import { startKuboServer } from "../support/kubo-server.ts"
import { S3_CREDENTIALS, startS3Server } from "../support/s3-server.ts"
import { serveStores } from "../support/served-stores.ts"
import { describeBlobStore } from "./blob-store.suite.ts"

const cleanups: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const cleanup of cleanups) await cleanup()
})

async function openFolder(): Promise<BlobStore> {
  const folder = await mkdtemp(join(tmpdir(), "medlake-store-"))
  cleanups.push(() => rm(folder, { recursive: true }))
  return FilesystemBlobStore.open(join(folder, "store"))
}

async function openHttp(): Promise<BlobStore> {
  const server = await startBlobServer()
  cleanups.push(() => server.stop())
  return new HttpBlobStore({ url: `${server.url}/blobs` })
}

/** The server that we ship, over stores that take any bytes; who may write is tested elsewhere. */
async function openOwnServer(): Promise<BlobStore> {
  const served = await serveStores({ lake: await openFolder(), control: new MemoryBlobStore() })
  cleanups.push(() => served.close())
  return new HttpBlobStore({ url: served.lake })
}

async function openS3(prefix: string): Promise<BlobStore> {
  const server = await startS3Server()
  cleanups.push(() => server.stop())
  const credentials = S3_CREDENTIALS
  return new S3BlobStore({ bucket: "lake", prefix, endpoint: server.url, credentials })
}

async function openIpfs(): Promise<BlobStore> {
  const server = await startKuboServer()
  cleanups.push(() => server.stop())
  return new IpfsBlobStore({ api: server.url })
}

describeBlobStore({ name: "memory", names: "any", open: async () => new MemoryBlobStore() })
describeBlobStore({ name: "filesystem", names: "any", open: openFolder })
describeBlobStore({ name: "http", names: "any", open: openHttp })
describeBlobStore({ name: "s3", names: "any", open: () => openS3("") })
describeBlobStore({ name: "s3 under a prefix", names: "any", open: () => openS3("a/b") })
describeBlobStore({
  name: "retry(memory)",
  names: "any",
  open: async () => withRetry(new MemoryBlobStore()),
})
describeBlobStore({
  name: "retry(http)",
  names: "any",
  open: async () => withRetry(await openHttp()),
})
describeBlobStore({
  name: "copies(memory, filesystem)",
  names: "any",
  open: async () => withCopies([new MemoryBlobStore(), await openFolder()]),
})
describeBlobStore({ name: "http (medlake serve)", names: "cid", open: openOwnServer })
describeBlobStore({
  name: "verify(retry(http (medlake serve)))",
  names: "cid",
  open: async () => withVerify(withRetry(await openOwnServer())),
})
describeBlobStore({ name: "ipfs", names: "cid", open: openIpfs })
describeBlobStore({
  name: "verify(memory)",
  names: "cid",
  open: async () => withVerify(new MemoryBlobStore()),
})
describeBlobStore({
  name: "copies(verify(retry(s3)), verify(retry(ipfs)))",
  names: "cid",
  open: async () =>
    withCopies([withVerify(withRetry(await openS3("c"))), withVerify(withRetry(await openIpfs()))]),
})
