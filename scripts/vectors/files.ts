/**
 * All vector files, in the order of docs/FORMAT.md.
 *
 * @module
 */
import type { VectorFile } from "./case.ts"
import { blobFiles } from "./formats/blobs.ts"
import { calendarFiles } from "./formats/calendar.ts"
import { cardFiles } from "./formats/cards.ts"
import { catalogueFiles } from "./formats/catalogues.ts"
import { envelopeFiles } from "./formats/envelopes.ts"
import { grantFiles } from "./formats/grants.ts"
import { keyFiles } from "./formats/keys.ts"
import { linkFiles } from "./formats/links.ts"
import { manifestFiles } from "./formats/manifests.ts"
import { phoneFiles } from "./formats/phone.ts"
import { primitiveFiles } from "./formats/primitives.ts"
import { recordMessageFiles } from "./formats/record-messages.ts"
import { registerFiles } from "./formats/register.ts"
import { storeFiles } from "./formats/stores.ts"
import { writerFiles } from "./formats/writers.ts"

/** The files' content: the same in every run. */
export async function vectorFiles(): Promise<VectorFile[]> {
  return [
    ...(await primitiveFiles()),
    ...keyFiles(),
    ...calendarFiles(),
    ...(await blobFiles()),
    ...(await manifestFiles()),
    ...(await catalogueFiles()),
    ...(await recordMessageFiles()),
    ...(await registerFiles()),
    ...(await envelopeFiles()),
    ...(await grantFiles()),
    ...(await cardFiles()),
    ...(await writerFiles()),
    ...(await phoneFiles()),
    ...(await linkFiles()),
    ...(await storeFiles()),
  ]
}
