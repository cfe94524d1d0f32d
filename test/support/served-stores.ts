/**
 * Stores over loopback HTTP for tests in which who may write is not the question: `medlake serve`'s own routes, open to anybody.
 *
 * @module
 */
import { once } from "node:events"
import type { AddressInfo } from "node:net"
import express from "express"
import { StoreOwnerTable } from "../../src/db/store-owners.ts"
import { blobRoutes } from "../../src/gateway/blob-routes.ts"
import { problems } from "../../src/gateway/problem.ts"
import type { Stores } from "../../src/lake/ports.ts"

/** Addresses of served stores. */
export interface ServedStores {
  readonly lake: string
  readonly control: string
  close(): Promise<void>
}

/** Serves stores to anybody. */
export async function serveStores({ lake, control }: Stores): Promise<ServedStores> {
  const anybody = { require: async () => "anybody", requireOwner: () => undefined }
  const owners = new StoreOwnerTable(":memory:")
  const routes = { rights: anybody, owners, listing: true }
  const app = express()
  app.use("/blobs", blobRoutes(lake, "blobs", routes))
  app.use("/objects", blobRoutes(control, "objects", routes))
  app.use(problems(undefined))
  const server = app.listen(0, "127.0.0.1")
  await once(server, "listening")
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  return {
    lake: `${url}/blobs`,
    control: `${url}/objects`,
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, "close")
      await owners.close()
    },
  }
}
