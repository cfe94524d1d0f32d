/**
 * One instance as the uploader sees it: its identity, its header, where its frames are. Pixel data are never held in memory.
 *
 * @module
 */
import type { DataSet } from "dicom-parser"
import { sha256Stream } from "../crypto/sha256.ts"
import { readDataSet } from "./data-set.ts"
import { type Frame, framesOf } from "./pixel-data.ts"
import { refuse } from "./refusal.ts"
import { type DicomSource, piecesOf, withPieceRead } from "./source.ts"
import { textAt } from "./text.ts"
import { isUid } from "./uid.ts"

/** A readable instance. */
export interface Instance {
  readonly source: DicomSource
  readonly studyInstanceUid: string
  readonly seriesInstanceUid: string
  readonly sopInstanceUid: string
  readonly sopClassUid: string
  readonly transferSyntaxUid: string
  /** Tells patients apart; compared, never shown, logged or stored in clear. */
  readonly patientKey: string
  readonly header: DataSet
  readonly frames: readonly Frame[]
  /** SHA-256 of the file from behind group 2 to its end. */
  readonly dataSetDigest: Uint8Array
}

/** Directory Record Sequence: every DICOMDIR has it, and nothing else (PS3.3 §F.3). */
const DIRECTORY_RECORDS = "x00041220"

/**
 * Reads one file.
 * @throws a refusal (see refusal.ts)
 */
export async function readInstance(source: DicomSource, signal?: AbortSignal): Promise<Instance> {
  return { ...(await withPieceRead(source, (bytes) => readAll(bytes, signal))), source }
}

async function readAll(
  source: DicomSource,
  signal: AbortSignal | undefined,
): Promise<Omit<Instance, "source">> {
  const parsed = await readDataSet(source)
  const { dataSet, transferSyntaxUid, start } = parsed
  if (DIRECTORY_RECORDS in dataSet.elements) throw refuse("media-directory")
  const identity = {
    studyInstanceUid: uidAt(dataSet, "x0020000d"),
    seriesInstanceUid: uidAt(dataSet, "x0020000e"),
    sopInstanceUid: uidAt(dataSet, "x00080018"),
    sopClassUid: uidAt(dataSet, "x00080016"),
  }
  return {
    ...identity,
    transferSyntaxUid,
    patientKey: patientKeyOf(dataSet),
    header: dataSet,
    frames: await framesOf(source, parsed),
    dataSetDigest: await digestFrom(source, start, signal),
  }
}

function uidAt(dataSet: DataSet, tag: string): string {
  const uid = textAt(dataSet, tag, "UI")
  if (uid === undefined) throw refuse("missing-uid")
  if (!isUid(uid)) throw refuse("invalid-uid")
  return uid
}

/** Patient ID with its issuer; where there is none, name and birth date. */
function patientKeyOf(dataSet: DataSet): string {
  const id = textAt(dataSet, "x00100020", "LO")
  if (id !== undefined) return JSON.stringify(["id", id, textAt(dataSet, "x00100021", "LO") ?? ""])
  const name = textAt(dataSet, "x00100010", "PN") ?? ""
  return JSON.stringify(["name", name, textAt(dataSet, "x00100030", "DA") ?? ""])
}

async function digestFrom(
  source: DicomSource,
  start: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const hash = sha256Stream()
  for await (const piece of piecesOf(source, start)) {
    signal?.throwIfAborted()
    hash.update(piece)
  }
  return hash.digest()
}
