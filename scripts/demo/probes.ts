/**
 * What each party tries in vain, as its own process, and what the same try opens where it may: a probe whose control fails is a defect.
 *
 * @module
 */

import { open } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { hex, utf8 } from "../../src/base/bytes.ts"
import { readInstance } from "../../src/dicom/instance.ts"
import type { DicomSource } from "../../src/dicom/source.ts"
import { textAt } from "../../src/dicom/text.ts"
import { filesBelow } from "./files.ts"
import type { DemoParty } from "./processes.ts"
import type { Story } from "./story.ts"
import type { World } from "./world.ts"

const PROBE = fileURLToPath(new URL("probe.ts", import.meta.url))

/** Shorter words are found in any ciphertext, by chance. */
const SHORTEST_NEEDLE = 8

interface Loot {
  readonly objectsOpened: number
  readonly objectsTried: number
  readonly messagesTried: number
  readonly epochs: number
}

interface Attack {
  readonly records: readonly { readonly record: string; readonly opened: boolean }[]
  readonly objectsTried: number
  readonly messagesTried: number
}

interface Alone {
  readonly control: number
  readonly refused?: string
}

interface Hits {
  readonly needles: number
  readonly files: number
}

/** See the module. */
export class Probes {
  readonly #world: World
  readonly #story: Story

  constructor(world: World, story: Story) {
    this.#world = world
    this.#story = story
  }

  /** While a grant holds: everything that the party's keys open is kept, as somebody would who fears to be revoked. */
  async keepLoot(party: DemoParty): Promise<void> {
    const loot = await this.#probe<Loot>(party, "loot", this.#account(party))
    if (loot.epochs === 0) throw new Error("the probe of the clinician opened nothing of its own")
    this.#story.say(
      `The ${party.name} keeps what its own keys open: ${loot.objectsOpened} of ${loot.objectsTried} control objects.`,
    )
  }

  /** After the revocation: old loot, own keys, raw chain, raw lake. */
  async revoked(): Promise<void> {
    const { clinician } = this.#world
    const attack = await this.#probe<Attack>(clinician, "attack", this.#account(clinician))
    const [earlier, ...later] = attack.records
    if (!earlier?.opened) throw new Error("the probe does not open the record that it may open")
    if (later.length === 0 || later.some(({ opened }) => opened)) {
      throw new Error("a record of after the revocation was opened")
    }
    this.#story.probe({
      who: "revoked clinician",
      holds: "own keyring, all keys it was ever granted, raw chain, raw lake",
      opened: `an image of the earlier record ${earlier.record.slice(0, 12)}…`,
      shut: `${later.length} later records, with every key on every message (${attack.messagesTried}) and control object (${attack.objectsTried})`,
    })
  }

  /** Each party that has a say in the vault, signing a record alone. */
  async alone(): Promise<void> {
    for (const party of [this.#world.hospital, this.#world.agent]) {
      const { control, refused } = await this.#probe<Alone>(party, "alone", this.#account(party))
      if (refused === undefined) throw new Error(`the ${party.name} moved a record alone`)
      this.#story.probe({
        who: `${party.name} alone`,
        holds: "its own signature",
        opened: `a transfer of its own, confirmed at height ${control}`,
        shut: `a record into the register: ${refused}`,
      })
    }
  }

  /** Everything that the operator stores, searched for what the study says in the clear. */
  async operator(study: string): Promise<void> {
    const { stored, operator } = this.#world
    const needles = await needlesOf(study)
    const asked = { needles: needles.map((one) => hex(one)), folders: stored, controls: [study] }
    const { found, control } = await this.#probe<{ found: Hits; control: Hits }>(
      operator,
      "scan",
      asked,
    )
    if (control.needles !== needles.length) {
      throw new Error("the scan does not find in the study itself what it looks for")
    }
    if (found.needles > 0) throw new Error(`${found.needles} of the study's own words are stored`)
    this.#story.probe({
      who: "operator",
      holds: "lake, control store, links, chain: every byte",
      opened: `${control.needles} of ${needles.length} searched names and UIDs, in the study itself`,
      shut: `none of them in ${found.files} stored files`,
    })
  }

  #account(party: DemoParty) {
    const entry = party === this.#world.agent ? "agent" : "root"
    return { home: join(this.#world.folder, party.name), card: "imaging.card", entry }
  }

  async #probe<T>(party: DemoParty, name: string, asked: object): Promise<T> {
    const { code, stdout, stderr } = await party.script(PROBE, [name, JSON.stringify(asked)])
    if (code !== 0) throw new Error(`the probe ${name} of the ${party.name} failed: ${stderr}`)
    return JSON.parse(stdout) as T
  }
}

/** Patient name and UIDs of the study's first instance that can be read. */
async function needlesOf(study: string): Promise<Uint8Array[]> {
  for (const path of (await filesBelow(study)).toSorted()) {
    const file = await open(path, "r")
    try {
      const { size } = await file.stat()
      const source: DicomSource = {
        size,
        read: async (start, end) => {
          const bytes = new Uint8Array(Math.max(0, end - start))
          const { bytesRead } = await file.read(bytes, 0, bytes.length, start)
          return bytes.subarray(0, bytesRead)
        },
      }
      const { header, ...uids } = await readInstance(source)
      const { sopInstanceUid, studyInstanceUid, seriesInstanceUid } = uids
      const name = textAt(header, "x00100010", "PN")
      const needles = [sopInstanceUid, studyInstanceUid, seriesInstanceUid, ...(name ? [name] : [])]
      return needles.filter(({ length }) => length >= SHORTEST_NEEDLE).map(utf8)
    } catch {
      continue
    } finally {
      await file.close()
    }
  }
  throw new Error("the study holds no instance that can be read")
}
