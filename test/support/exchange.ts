/**
 * What the parties of a {@link World} do with each other, by the library's own verbs.
 *
 * @module
 */
import { collect } from "../../src/base/bytes.ts"
import { NotFoundError } from "../../src/base/errors.ts"
import { systemRandom } from "../../src/base/random.ts"
import { WebSegmentCipher } from "../../src/crypto/segment-cipher-web.ts"
import { getObject } from "../../src/lake/control-object.ts"
import { fetchRecord } from "../../src/lake/fetch.ts"
import { type GrantRequest, grant } from "../../src/lake/grant.ts"
import { readGrants } from "../../src/lake/grants.ts"
import { HttpLinks } from "../../src/lake/http-links.ts"
import { endLink, link, type MadeLink } from "../../src/lake/link.ts"
import { openLink } from "../../src/lake/open-link.ts"
import type { PendingUpload } from "../../src/lake/pending-upload.ts"
import type { Outbox, Stores } from "../../src/lake/ports.ts"
import { readerOfGrants, readerOfOwner } from "../../src/lake/reader.ts"
import { isReadable, type ReadableRecord } from "../../src/lake/record-choice.ts"
import { readRecords, type VaultRecords } from "../../src/lake/records.ts"
import { type UploadFile, type UploadJob, upload } from "../../src/lake/upload.ts"
import { openWriterVault } from "../../src/lake/writer-vault.ts"
import { openManifest } from "../../src/record/manifest.ts"
import { rangeOf } from "../../src/vault/calendar.ts"
import { authorizeStoreCall } from "../../src/vault/store-authorization.ts"
import { HttpBlobStore } from "../../storage/http.ts"
import type { Hospital, Member, Patient, World } from "./world.ts"

/** An outbox that forgets with the process. */
export class MemoryOutbox implements Outbox {
  readonly #uploads = new Map<string, PendingUpload>()

  async save(pending: PendingUpload): Promise<void> {
    this.#uploads.set(pending.id, pending)
  }

  async uploads(): Promise<readonly PendingUpload[]> {
    return [...this.#uploads.values()]
  }

  async discard(id: string): Promise<void> {
    this.#uploads.delete(id)
  }
}

/** What a hospital uploads with; the vault is read anew, so that its epoch is the newest. */
export async function uploadJob(
  { context, agent }: World,
  patient: Patient,
  { identity, stores }: Hospital,
  files: readonly UploadFile[],
): Promise<UploadJob> {
  return {
    vault: await openWriterVault(context, stores.control, identity, patient.card),
    writer: identity,
    agent,
    stores,
    outbox: new MemoryOutbox(),
    reopen: async (name) => {
      const file = files.find((one) => one.name === name)
      if (!file) throw new NotFoundError(`there is no ${name}`)
      return file.source
    },
    zone: "+00:00",
  }
}

/** Uploads files as the hospital. */
export async function uploadFiles(
  world: World,
  patient: Patient,
  hospital: Hospital,
  files: readonly UploadFile[],
) {
  return await upload(world.context, await uploadJob(world, patient, hospital, files), files)
}

/** Grants a member a time range, such as "2026-07". */
export async function grantRange(
  { context }: World,
  patient: Patient,
  { card }: Member,
  range: string,
  request: Partial<GrantRequest> = {},
) {
  return await grant(context, patient.tools, await patient.open(), {
    card: card.bytes,
    capability: "read",
    range: rangeOf(range),
    until: 0,
    purpose: "care",
    ...request,
  })
}

/** All records as the patient sees them. */
export async function ownRecords({ context }: World, patient: Patient): Promise<VaultRecords> {
  const vault = await patient.open()
  return await readRecords(context, patient.stores.control, readerOfOwner(vault, vault.file))
}

/** All records as a member sees them by the grants that are open to it. */
export async function memberRecords(
  { context }: World,
  { accounts }: Patient,
  { identity, stores }: Member,
): Promise<VaultRecords> {
  const grants = await readGrants(context, stores.control, accounts, identity)
  const open = grants.flatMap(({ body }) => (body ? [body] : []))
  return await readRecords(context, stores.control, readerOfGrants(accounts, open))
}

/** Everything in the records that can be read: bytes by SOP Instance UID. */
export async function fetchAll(
  { context }: World,
  { lake }: Stores,
  { records }: Pick<VaultRecords, "records">,
): Promise<Map<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>()
  for (const record of records.filter(isReadable)) {
    for await (const one of fetchRecord(context, lake, record.facts.opened)) {
      found.set(one.sopInstanceUid, await collect(one.bytes, one.length))
    }
  }
  return found
}

/** The link server as the patient's phone uses it. */
export function linkServer({ ledger, clock, server }: World, { accounts, phone }: Patient) {
  return new HttpLinks(server.url, async (method, envelope) => {
    const { generationHash, identifier } = await ledger.network()
    const network = { generationHash, networkByte: identifier }
    const call = { method, folder: "objects" as const, cid: envelope, size: 0 }
    return await authorizeStoreCall(call, network, accounts.register, phone, clock.now())
  })
}

/** Shares all readable records of these by a link; without a passcode it is one without keeper. */
export async function makeLink(
  world: World,
  patient: Patient,
  { passcode, until = 0 }: { readonly passcode?: string; readonly until?: number },
  choose: (all: readonly ReadableRecord[]) => readonly ReadableRecord[] = (all) => all,
): Promise<MadeLink> {
  const records = choose((await ownRecords(world, patient)).records.filter(isReadable))
  const { phone, stores } = patient
  return await link(
    world.context,
    stores.control,
    await patient.open(),
    phone,
    world.agent,
    linkServer(world, patient),
    { records, server: world.server.url, label: "Head CT", until, passcode },
  )
}

/** Ends a link. */
export async function dropLink(
  world: World,
  patient: Patient,
  { id, envelope }: MadeLink,
  offline = false,
): Promise<void> {
  const { stores, phone } = patient
  const ending = { id, envelope, offline }
  const registry = linkServer(world, patient)
  await endLink(stores.control, await patient.open(), phone, world.agent, registry, ending)
}

/** Opens a link as somebody without any account: its records' bytes by SOP Instance UID. */
export async function fetchByLink(
  text: string,
  passcode: string,
): Promise<Map<string, Uint8Array>> {
  const at = (url: string) => new HttpBlobStore({ url })
  const shared = await openLink(
    text,
    async () => passcode,
    (store, name) => getObject(at(store), name),
    systemRandom,
  )
  const lake = at(shared.lake[0] ?? "")
  const control = at(shared.control[0] ?? "")
  const found = new Map<string, Uint8Array>()
  for (const { manifest, key } of shared.records) {
    const opened = openManifest(shared.vault, key, await getObject(control, manifest))
    for await (const one of fetchRecord({ cipher: new WebSegmentCipher() }, lake, opened)) {
      found.set(one.sopInstanceUid, await collect(one.bytes, one.length))
    }
  }
  return found
}
