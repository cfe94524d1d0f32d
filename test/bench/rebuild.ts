/**
 * How many records a second one core decodes and unwraps, as an index is rebuilt from them: record message parsed, locate and index box
 * opened, list and read slot keys derived, catalogue parsed and its list box opened, record key opened. Beside the bare work of the same
 * boxes: node:crypto's HKDF and AES-256-GCM, their keys, salts and infos at hand.
 *
 * @module
 */
import { createDecipheriv, hkdfSync } from "node:crypto"
import { equal } from "../../src/base/bytes.ts"
import { systemRandom } from "../../src/base/random.ts"
import { cidOfBytes } from "../../src/cid/cid.ts"
import { labelInfo } from "../../src/crypto/hkdf.ts"
import { openList, parseCatalogue, sealCatalogue } from "../../src/record/catalogue.ts"
import {
  encodeRecordMessage,
  openIndex,
  openLocate,
  openRecordKey,
  parseRecordMessage,
} from "../../src/record/record-message.ts"
import { slotKey } from "../../src/vault/calendar.ts"
import { contextOf, type VaultId } from "../../src/vault/context.ts"
import { deriveEpoch, type EpochKeys } from "../../src/vault/epoch.ts"
import { slotOf } from "../../src/vault/slot.ts"
import { median } from "./bench-world.ts"
import type { Figure } from "./figure.ts"

export const name = "rebuild"

const GOAL = 0.5
const RECORDS = 5000
const ROUNDS = 7
/** Records are spread over ten years, five on each day that has any, as a long illness spreads them. */
const FIRST = Date.UTC(2016, 0, 1)
const DAYS = 3650
const RECORDS_A_DAY = 5
const DAY_MS = 86_400_000
const KEY = 32
const OPENER = 76
const TAG = 16
const COMMIT = 32

const id: VaultId = {
  network: systemRandom(32),
  register: systemRandom(24),
  vault: systemRandom(24),
}
const secret = systemRandom(32)

/** A record as chain and control store hold it. */
interface Stored {
  readonly message: Uint8Array
  readonly catalogue: Uint8Array
  readonly recordKey: Uint8Array
}

/** A box with all that opens it. */
interface Box {
  readonly key: Uint8Array
  readonly info: Uint8Array
  readonly salt: Uint8Array
  readonly box: Uint8Array
}

export async function run(): Promise<Figure[]> {
  const keys = deriveEpoch(id, 1, secret)
  const stored = Array.from({ length: RECORDS }, (_, i) => recordOf(i, keys))
  const boxes = stored.flatMap((one) => boxesOf(one, keys))
  const rounds: { readonly opened: number; readonly bare: number }[] = []
  for (let i = 0; i < ROUNDS; i++) {
    const bare = rate(() => boxes.forEach(openBare))
    const fresh = deriveEpoch(id, 1, secret)
    const opened = rate(() => stored.forEach((one) => unwrap(one, fresh)))
    rounds.push({ opened, bare })
  }
  const ratio = median(rounds.map(({ opened, bare }) => opened / bare))
  return [
    {
      name: `rebuild: ${RECORDS} records decoded and unwrapped`,
      value: median(rounds.map(({ opened }) => opened)),
      unit: "records/s",
      baseline: median(rounds.map(({ bare }) => bare)),
      ratio,
      goal: `≥ ${GOAL} × bare HKDF + AES-GCM of the same boxes`,
      ok: ratio >= GOAL,
    },
  ]
}

/** Records a second. */
function rate(work: () => void): number {
  const begun = performance.now()
  work()
  return (1000 * RECORDS) / (performance.now() - begun)
}

function recordOf(i: number, { epoch, locate, index, listRoot, readRoot }: EpochKeys): Stored {
  const visits = RECORDS / RECORDS_A_DAY
  const day = Math.floor((Math.floor(i / RECORDS_A_DAY) * DAYS) / visits)
  const time = FIRST + day * DAY_MS + ((i * 7_919_000) % DAY_MS)
  const { slot } = slotOf(time)
  const manifest = cidOfBytes(systemRandom(32))
  const pinned = { cid: manifest, size: 4096 }
  const list = {
    kind: "dicom-study",
    writer: systemRandom(32),
    time,
    undated: false,
    before1970: false,
    entry: {
      studyInstanceUid: `2.25.${i}`,
      description: "CT head without contrast",
      studyDate: "20250114",
      modalities: ["CT"],
      bodyParts: ["HEAD"],
      institution: "Klinikum",
      instances: 60,
      series: [{ seriesInstanceUid: `2.25.${i}.1`, modality: "CT", instances: 60 }],
    },
    tags: [{ uid: systemRandom(16), content: systemRandom(32) }],
  }
  const content = { pins: { manifest: pinned, blobs: [pinned] }, list }
  const catalogue = sealCatalogue(id, { epoch, locate, listRoot }, slot, content, systemRandom)
  const recordKey = systemRandom(KEY)
  const named = { manifest, catalogue: catalogue.cid, slot, recordKey }
  const message = encodeRecordMessage(id, { epoch, locate, index, readRoot }, named, systemRandom)
  return { message, catalogue: catalogue.bytes, recordKey }
}

/** What `readRecords` does with a record, its store and its standing left out. */
function unwrap(one: Stored, { locate, index, listRoot, readRoot }: EpochKeys): void {
  const message = parseRecordMessage(one.message)
  if (!message) throw new Error("a record message lost its marker")
  openLocate(id, message, locate)
  const indexed = openIndex(id, message, index)
  const context = contextOf(id, message.epoch)
  const catalogue = parseCatalogue(one.catalogue, message.epoch)
  openList(id, catalogue, slotKey(listRoot, indexed.slot, "list", context))
  const readKey = slotKey(readRoot, indexed.slot, "read", context)
  const recordKey = openRecordKey(id, message, indexed, readKey)
  if (!equal(recordKey, one.recordKey)) throw new Error("another record key came out")
}

function boxesOf(one: Stored, { locate, index, listRoot, readRoot }: EpochKeys): Box[] {
  const message = parseRecordMessage(one.message)
  if (!message) throw new Error("a record message lost its marker")
  const context = contextOf(id, message.epoch)
  const { slot, sealedKey } = openIndex(id, message, index)
  const catalogue = parseCatalogue(one.catalogue, message.epoch)
  const info = (label: string) => labelInfo(label, context)
  const { salt } = message
  return [
    { key: locate, info: info("locate-box"), salt, box: message.locateBox },
    { key: index, info: info("index-box"), salt, box: message.indexBox },
    {
      key: slotKey(listRoot, slot, "list", context),
      info: info("list-box"),
      salt: catalogue.salt,
      box: catalogue.list,
    },
    {
      key: slotKey(readRoot, slot, "read", context),
      info: info("record-key"),
      salt,
      box: sealedKey,
    },
  ]
}

function openBare({ key, info, salt, box }: Box): void {
  const okm = new Uint8Array(hkdfSync("sha256", key, salt, info, OPENER))
  const decipher = createDecipheriv("aes-256-gcm", okm.subarray(0, KEY), okm.subarray(KEY, 44))
  decipher.setAuthTag(box.subarray(box.length - TAG))
  decipher.update(box.subarray(COMMIT, box.length - TAG))
  decipher.final()
}
