/**
 * `link`: records shared by a SMART Health Link, with a passcode and a keeper, or `--offline` without both (FORMAT §11).
 *
 *     record keys ─▶ envelope (link key ‖ h) ─▶ control store      h, H(proof) ─▶ keeper      FHIR Bundle (link key) ─▶ keeper, for plain readers
 *
 * @module
 */
import type { BlobStore } from "../../storage/blob-store.ts"
import { utf8 } from "../base/bytes.ts"
import { InvalidInputError } from "../base/errors.ts"
import { sha256 } from "../crypto/sha256.ts"
import { parseStudySummary } from "../dicom/summary.ts"
import { imagingStudyBundle } from "../fhir/imaging-study-bundle.ts"
import type { RecordStanding } from "../record/standing.ts"
import { encodeLink, linkUrl } from "../vault/link.ts"
import { sealLinkEnvelope } from "../vault/link-body.ts"
import { sealLinkFile } from "../vault/link-file.ts"
import { passcodeProof, proofHash } from "../vault/link-keeper.ts"
import { sealDropLink, sealKeepLink } from "../vault/link-keeping.ts"
import { putObject } from "./control-object.ts"
import type { PatientVault } from "./patient-vault.ts"
import type { AgentPort, Identity, LakeContext } from "./ports.ts"
import { isFound, type OpenedRecord } from "./records.ts"

/** Tells a link server where a link's envelope and keeper are. */
export interface LinkRegistry {
  register(link: RegisteredLink, signal?: AbortSignal): Promise<void>
  /** Takes a link off the server; one that is not there is fine. */
  remove(id: Uint8Array, envelope: string, signal?: AbortSignal): Promise<void>
}

/** What a link server knows: nothing that opens anything. */
export interface RegisteredLink {
  /** 32 bytes. */
  readonly id: Uint8Array
  /** Name of the envelope in the control store. */
  readonly envelope: string
  readonly control: readonly string[]
  /** The keeper's address and X-Wing key; absent when offline. */
  readonly keeper?: { readonly url: string; readonly key: Uint8Array }
  /** The JWE of an offline link. */
  readonly jwe?: string
  /** Milliseconds since 1970; 0 is an open end. */
  readonly until: number
}

/** What is shared, with whom. */
export interface LinkRequest {
  readonly records: readonly RecordStanding<OpenedRecord>[]
  /** Base URL of the link server. */
  readonly server: string
  readonly label: string
  /** Milliseconds since 1970; 0 is an open end. */
  readonly until: number
  /** Undefined makes an offline link: whoever has it opens it, and only deleting the envelope ends it. */
  readonly passcode: string | undefined
}

/** A link. */
export interface MadeLink {
  /** `shlink:/…` */
  readonly link: string
  readonly url: string
  readonly id: Uint8Array
  /** Name of the envelope in the control store. */
  readonly envelope: string
}

/**
 * Makes a link.
 * @throws {InvalidInputError} when a record can't be read, or the passcode is empty
 */
export async function link(
  context: LakeContext,
  control: BlobStore,
  vault: PatientVault,
  phone: Identity,
  agent: AgentPort,
  registry: LinkRegistry,
  request: LinkRequest,
  signal?: AbortSignal,
): Promise<MadeLink> {
  const { random } = context
  if (request.passcode === "") throw new InvalidInputError("a passcode is not empty")
  const [id, key] = [random(32), random(32)]
  const h = request.passcode === undefined ? undefined : random(32)
  const { lake, control: controls, agent: contact } = vault.file
  const { label, until } = request
  const records = request.records.map(linkedRecord)
  const body = { label, until, lake, control: controls, records }
  const keys = h ? { key, h } : { key }
  const sealed = await sealLinkEnvelope(vault.id, id, keys, body, random)
  const envelope = await putObject(control, sealed, signal)
  const url = linkUrl(request.server, id)
  const bundle = utf8(JSON.stringify(bundleOf(request, url)))
  const jwe = await sealLinkFile(key, { type: "application/fhir+json", bytes: bundle }, random)
  const common = { id, envelope: envelope.toString(), control: controls, until }
  if (h && request.passcode !== undefined) {
    const proof = proofHash(await passcodeProof(request.passcode, id))
    const kept = { link: id, proofHash: proof, h, until, envelope, jwe }
    await agent.keepLink(await sealKeepLink(kept, contact.agreement, phone), signal)
    const keeper = { url: contact.url, key: contact.agreement }
    await registry.register({ ...common, keeper }, signal)
  } else {
    await registry.register({ ...common, jwe }, signal)
  }
  const made = encodeLink({
    url,
    key,
    ...(until === 0 ? {} : { until }),
    flag: h ? "P" : "U",
    ...(label === "" ? {} : { label }),
    ...(h ? { keeper: sha256(contact.agreement) } : {}),
  })
  return { link: made, url, id, envelope: common.envelope }
}

/** A link that was made, as far as ending it goes. */
export interface EndingLink {
  readonly id: Uint8Array
  /** Name of the envelope in the control store. */
  readonly envelope: string
  readonly offline: boolean
}

/**
 * Ends a link: the keeper forgets its half, the envelope goes, the server forgets the address. Doing it again finishes what was left undone.
 * @throws {AgentUnavailableError} when the keeper can't be told: the link still opens
 */
export async function endLink(
  control: BlobStore,
  vault: Pick<PatientVault, "file">,
  phone: Identity,
  agent: AgentPort,
  registry: LinkRegistry,
  { id, envelope, offline }: EndingLink,
  signal?: AbortSignal,
): Promise<void> {
  if (!offline) {
    await agent.dropLink(await sealDropLink(id, vault.file.agent.agreement, phone), signal)
  }
  await control.delete(envelope, signal ? { signal } : {})
  await registry.remove(id, envelope, signal)
}

function linkedRecord({ facts, name }: RecordStanding<OpenedRecord>) {
  const { transfer, manifestCid, recordKey, epoch } = facts
  if (!isFound(manifestCid) || !isFound(recordKey)) {
    throw new InvalidInputError(`record ${name} can't be read, so it can't be shared`)
  }
  return {
    hash: transfer.hash,
    index: transfer.index,
    epoch,
    manifest: manifestCid,
    key: recordKey,
  }
}

function bundleOf({ records }: LinkRequest, url: string) {
  const listings = records.flatMap(({ facts }) => (isFound(facts.listing) ? [facts.listing] : []))
  const studies = listings.flatMap(({ entry, time, undated, before1970 }) => {
    const study = parseStudySummary(entry)
    return study ? [{ study, ...(undated || before1970 ? {} : { started: time }) }] : []
  })
  return imagingStudyBundle(studies, url)
}
