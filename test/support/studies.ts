/**
 * Small synthetic studies in memory: byte-exact files that the whole road takes, a few hundred bytes each.
 *
 * @module
 */
import { hex, utf8 } from "../../src/base/bytes.ts"
import { sha256 } from "../../src/crypto/sha256.ts"
import type { UploadFile } from "../../src/lake/upload.ts"
import { dicomFile, identity, imageOf } from "./dicom-file.ts"
import { countingSource } from "./dicom-source.ts"

/** What a study is of. */
export interface StudyShape {
  /** Other names give other UIDs and other pixels. */
  readonly name: string
  /** `YYYYMMDD`. */
  readonly date: string
  readonly patientId?: string
  readonly instances?: number
}

/** A file with its bytes at hand. */
export interface StudyFile extends UploadFile {
  readonly bytes: Uint8Array
  readonly sopInstanceUid: string
}

/** The files of one study of one series: 8 × 4 pixels of 8 bit. */
export function studyFiles({ name, date, patientId = "P1", instances = 3 }: StudyShape) {
  return Array.from({ length: instances }, (_, i): StudyFile => {
    const uids = { study: uidOf(name), series: uidOf(`${name} 1`) }
    const sopInstanceUid = uidOf(`${name} 1 ${i}`)
    const bytes = dicomFile([
      ...identity({ ...uids, instance: sopInstanceUid }),
      ...imageOf(8, 4),
      ["00080020", "DA", date],
      ["00080030", "TM", "103000"],
      ["00080060", "CS", "CT"],
      ["00081030", "LO", `Study ${name}`],
      ["00100010", "PN", `Phantom^${patientId}`],
      ["00100020", "LO", patientId],
      ["00200013", "IS", String(i + 1)],
      ["7FE00010", "OB", sha256(utf8(`${name} ${i}`))],
    ])
    return { name: `${name}-${i}.dcm`, bytes, source: countingSource(bytes), sopInstanceUid }
  })
}

/** A UID under 2.25 that stays the same for a name (PS3.5 §B.2). */
function uidOf(name: string): string {
  return `2.25.${BigInt(`0x${hex(sha256(utf8(name)).slice(0, 16))}`)}`
}
