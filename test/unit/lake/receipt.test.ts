import { createHash } from "node:crypto"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { hex } from "../../../src/base/bytes.ts"
import { StorageFullError } from "../../../src/base/errors.ts"
import { bytesSource } from "../../../src/dicom/source.ts"
import type { Outbox } from "../../../src/lake/ports.ts"
import type { Receipt } from "../../../src/lake/receipt.ts"
import { upload } from "../../../src/lake/upload.ts"
import { dicomFile, identity } from "../../support/dicom-file.ts"
import { type Imaging, openImaging } from "../../support/imaging.ts"

let imaging: Imaging
beforeAll(async () => {
  imaging = await openImaging()
})
afterAll(async () => {
  await imaging?.world.close()
})

/** An upload of one instance, and what was kept and forgotten in which order. */
async function send(number: number, keepReceipt: (receipt: Receipt) => Promise<void>) {
  const { job, world } = imaging
  const uids = {
    study: `2.25.${number}0`,
    series: `2.25.${number}1`,
    instance: `2.25.${number}2`,
  }
  const bytes = dicomFile(identity(uids))
  const events: string[] = []
  const outbox: Outbox = {
    ...job.outbox,
    discard: async () => {
      events.push("forgotten")
    },
  }
  const keep = async (receipt: Receipt) => {
    await keepReceipt(receipt)
    events.push("kept")
  }
  const files = [{ name: "a.dcm", source: bytesSource(bytes) }]
  const uploading = upload(world.context, { ...job, outbox, keepReceipt: keep }, files)
  return { uids, bytes, events, result: await uploading.catch((error: unknown) => error) }
}

describe("the receipt of an upload", () => {
  it("names record, transaction, blobs and the digest of every instance, before the outbox forgets", async () => {
    const kept: Receipt[] = []
    const { uids, bytes, events } = await send(1, async (receipt) => {
      kept.push(receipt)
    })
    expect(events).toEqual(["kept", "forgotten"])
    const [receipt] = kept
    const { id } = imaging.job.vault
    expect(receipt).toMatchObject({
      medlakeReceipt: 1,
      network: hex(id.network),
      register: hex(id.register),
      vault: hex(id.vault),
    })
    const [record, ...more] = receipt?.records ?? []
    expect(more).toEqual([])
    const sha256 = createHash("sha256").update(bytes).digest("hex")
    expect(record?.instances).toEqual([{ sopInstanceUid: uids.instance, sha256 }])
    expect(record?.study).toBe(uids.study)
    const { hash, index, height } = record?.transaction ?? { hash: "", index: -1, height: 0 }
    expect(record?.record).toBe(`${hash}:${index}`)
    const { ledger } = imaging.world.context
    const found = await ledger.proveTransaction(Buffer.from(hash, "hex"))
    expect(found.block.height).toBe(height)
    for (const { cid, size } of record?.blobs ?? []) {
      expect(await imaging.world.stores.lake.stat(cid)).toEqual({ size })
    }
    expect(record?.blobs).toHaveLength(2)
    expect(await imaging.world.stores.control.stat(record?.manifest ?? "")).toBeDefined()
  })

  it("that cannot be kept leaves the upload in the outbox", async () => {
    const { events, result } = await send(2, async () => {
      throw new StorageFullError("no room left")
    })
    expect(result).toMatchObject({ code: "storage_full" })
    expect(events).toEqual([])
  })
})
