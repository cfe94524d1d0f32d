/**
 * One record with all that belongs to it, the same in every run. Its vault and parties are those of `test/unit/vault/samples.ts`.
 *
 * @module
 */
import { utf8 } from "../../../src/base/bytes.ts"
import { sha256 } from "../../../src/crypto/sha256.ts"
import type { Pins } from "../../../src/record/catalogue.ts"
import { slotKey } from "../../../src/vault/calendar.ts"
import { contextOf } from "../../../src/vault/context.ts"
import { slotOf } from "../../../src/vault/slot.ts"
import { agent, cidOf, EPOCH, epochKeys, hospital, secretOf, vaultId } from "../vault/samples.ts"

export const TIME = Date.UTC(2026, 6, 3, 12, 34)
export const dataTime = { time: TIME, undated: false, before1970: false }
export const { slot } = slotOf(TIME)
export const recordKey = secretOf("record key")
const context = contextOf(vaultId, EPOCH)
export const readSlotKey = slotKey(epochKeys.readRoot, slot, "read", context)
export const listSlotKey = slotKey(epochKeys.listRoot, slot, "list", context)

/** X-Wing seed of the intake key, which in the samples is the agent's own. */
export const intake = agent

export const files = [utf8("the first instance"), utf8("the second instance, a little longer")]
export const uids = ["1.2.840.99999.1", "1.2.840.99999.2"]

export const pins: Pins = {
  manifest: { cid: cidOf("manifest"), size: 1234 },
  blobs: [{ cid: cidOf("blob"), size: 123_456 }],
}

/** What may be listed. */
export const entry = { description: "CT Schädel", instances: 2, modalities: ["CT"], odd: false }

export const listing = {
  kind: "dicom-study",
  writer: hospital.key,
  ...dataTime,
  entry,
  tags: [{ uid: secretOf("uid tag").slice(0, 16), content: secretOf("content tag") }],
}

export const deposit = {
  recordKey,
  kind: "dicom-study",
  ...pins,
  ...dataTime,
  entry,
  instances: uids.map((uid, i) => ({ uid, digest: sha256(files[i] as Uint8Array) })),
}
