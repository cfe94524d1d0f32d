/**
 * medlake as a library: the verbs of the command line for programs, by the same names.
 *
 *     const ledger = openLedger("http://127.0.0.1:3000")
 *     const context = openContext(ledger)                       // ledger, clock, randomness, cipher threads
 *     const stores = await openStores({ lake: ["./lake"], control: ["./control-a", "./control-b"] })
 *     const accounts = accountsOf(card.body, (await ledger.network()).identifier)
 *     const register = await readRegister(ledger, accounts)     // announcements, proven
 *
 * Verbs take ports (`ports`), so that a keyring may be an HSM, a store a database, an agent a function. Formats are those of docs/FORMAT.md.
 *
 * @module
 */

// Opening: who stores, which node, which cipher.
export type { BlobSource, BlobStore, ByteRange, CallOptions } from "../storage/blob-store.ts"
export type { Clock } from "./base/clock.ts"
export { systemClock } from "./base/clock.ts"
export type { ErrorCode } from "./base/errors.ts"
export * from "./base/errors.ts"
export type { RandomBytes } from "./base/random.ts"
export { systemRandom } from "./base/random.ts"
export {
  authorizeAs,
  openContext,
  openDevnet,
  openLedger,
  openStore,
  openStores,
} from "./compose.ts"
export type { DicomSource } from "./dicom/source.ts"

// Verbs.
export * from "./lake/admit.ts"
export * from "./lake/create.ts"
export type { FetchedInstance } from "./lake/fetch.ts"
export { fetchRecord } from "./lake/fetch.ts"
export { type GrantRequest, grant, type RevokeRequest, revoke } from "./lake/grant.ts"
export { type HeldGrant, readGrants } from "./lake/grants.ts"
export { HttpAgent } from "./lake/http-agent.ts"
export { HttpLinks } from "./lake/http-links.ts"
export { identityOf } from "./lake/identity.ts"
export * from "./lake/link.ts"
export { type ListedRecord, listRecords } from "./lake/list.ts"
export { type OpenedLink, openLink } from "./lake/open-link.ts"
export { accountsOf, openPatientVault, type PatientVault } from "./lake/patient-vault.ts"
export type * from "./lake/ports.ts"
export { type Reader, readerOfGrants, readerOfOwner } from "./lake/reader.ts"
export { type FoundVault, findVaults } from "./lake/rebuild.ts"
export { readRecords, type VaultRecords } from "./lake/records.ts"
export { type RegisterState, readRegister } from "./lake/register.ts"
export { resume } from "./lake/resume.ts"
export {
  type FileOutcome,
  type UploadFile,
  type UploadJob,
  type UploadResult,
  upload,
} from "./lake/upload.ts"
export { isWhole, type Verified, verifyRecords } from "./lake/verify.ts"
export { openWriterVault, type WriterVault } from "./lake/writer-vault.ts"
export type { SymbolLedger } from "./ledger/index.ts"
export { parseContactCard, parseVaultCard } from "./vault/card.ts"
