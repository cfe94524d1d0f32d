/** `medlake fetch`: studies come out. @module */
import { join } from "node:path"
import type { Command } from "commander"
import type { BlobStore } from "../../storage/blob-store.ts"
import { hex } from "../base/bytes.ts"
import { InvalidInputError, NotFoundError } from "../base/errors.ts"
import { systemRandom } from "../base/random.ts"
import { openStore } from "../compose.ts"
import { downloadRecord } from "../host/download-record.ts"
import { SegmentCipherPool } from "../host/segment-cipher-pool.ts"
import { getObject } from "../lake/control-object.ts"
import { instanceParts } from "../lake/fetch.ts"
import { openLink } from "../lake/open-link.ts"
import type { LakeContext } from "../lake/ports.ts"
import { chooseRecords, isReadable, requireReadable } from "../lake/record-choice.ts"
import { type Manifest, openManifest } from "../record/manifest.ts"
import { printRecordName } from "../vault/announcement.ts"
import { formatBytes, formatCount, type Output, processOutput } from "./output.ts"
import { globalsOf, Party } from "./party.ts"
import { openReading } from "./reading.ts"
import { readSecret } from "./secrets.ts"

interface Options {
  readonly out: string
  readonly link?: boolean
  readonly linkFile?: string
  readonly passcodeFile?: string
  readonly category?: string
}

/** A record with its opened manifest. */
interface Openable {
  readonly name: string
  readonly manifest: Manifest
}

/** Makes a command this verb. */
export function define(verb: Command): void {
  verb
    .argument("[records...]", "names of records, or their beginnings; all that can be read if none")
    .requiredOption(
      "--out <folder>",
      "where the files go: RECORD/SOP-INSTANCE-UID.dcm; further versions of one in a record: UID~2.dcm, …",
    )
    .option("--category <category>", "which vault, when several are pinned here")
    .option("--link", "open a SMART Health Link instead of an account; it is typed, unseen")
    .option("--link-file <file>", "file with the link, instead of typing it")
    .option("--passcode-file <file>", "file with the link's passcode; typed when left out")
    .addHelpText(
      "after",
      `
Examples:
  medlake --home clinician fetch --out ./images
  medlake fetch --link-file link.txt --passcode-file passcode.txt --out ./images`,
    )
    .action(async (names: string[], options: Options, command: Command) => {
      if (options.link === true || options.linkFile !== undefined) {
        await fetchByLink(names, options, processOutput(globalsOf(command).json === true))
        return
      }
      await Party.run(command, ["patient", "institution", "reader"], async (party) => {
        const { stores, records } = await openReading(party, options.category)
        const found = await records()
        const chosen = chooseRecords(found, names)
        const readable =
          names.length > 0 ? chosen.map(requireReadable) : chosen.filter((one) => isReadable(one))
        if (readable.length === 0) throw new NotFoundError("no record can be read with these keys")
        const openable = readable.map(({ name, facts }) => ({ name, manifest: facts.opened }))
        await save(party.context(), stores.lake, openable, options.out, party.output)
      })
    })
}

/** Needs no home: the link is all. */
async function fetchByLink(
  names: readonly string[],
  { linkFile, passcodeFile, out }: Options,
  output: Output,
): Promise<void> {
  const text = await readSecret("Link", linkFile, "--link-file")
  const passcode = () => readSecret("Passcode", passcodeFile, "--passcode-file")
  const control = new Map<string, BlobStore>()
  const cipher = new SegmentCipherPool()
  const opened: BlobStore[] = []
  const storeAt = async (location: string) => {
    const store = control.get(location) ?? (await openStore(location))
    if (!control.has(location)) opened.push(store)
    control.set(location, store)
    return store
  }
  try {
    const shared = await openLink(
      text,
      passcode,
      async (location, name) => await getObject(await storeAt(location), name),
      systemRandom,
    )
    const [lake] = shared.lake
    if (lake === undefined) throw new InvalidInputError("the link names no lake")
    const openable: Openable[] = []
    for (const { hash, index, manifest, key } of shared.records) {
      const name = printRecordName({ hash, index })
      if (names.length > 0 && !names.some((one) => name.startsWith(one.toUpperCase()))) continue
      const object = await firstCopy(shared.control, async (location) =>
        getObject(await storeAt(location), manifest),
      )
      openable.push({ name, manifest: openManifest(shared.vault, key, object) })
    }
    if (openable.length === 0) throw new NotFoundError("the link shares no such record")
    await save({ cipher }, await storeAt(lake), openable, out, output)
  } finally {
    await cipher.close()
    for (const store of opened) await store.close()
  }
}

async function firstCopy<T>(
  locations: readonly string[],
  get: (location: string) => Promise<T>,
): Promise<T> {
  let failure: unknown = new NotFoundError("the link names no control store")
  for (const location of locations) {
    try {
      return await get(location)
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

async function save(
  context: Pick<LakeContext, "cipher">,
  lake: BlobStore,
  records: readonly Openable[],
  out: string,
  output: Output,
): Promise<void> {
  const total = records.flatMap(({ manifest }) => instanceParts(manifest))
  const bytes = total.reduce((sum, { length }) => sum + length, 0)
  const bar = output.progress()
  const saved: { record: string; sopInstanceUid: string; path: string; sha256: string }[] = []
  let written = 0
  let done = 0
  const report = (count: number) => {
    done += count
    bar.report({ phase: "fetch", done, total: bytes })
  }
  try {
    for (const { name, manifest } of records) {
      const folder = join(out, name.replace(":", "-"))
      const download = await downloadRecord(context, lake, manifest, folder, report)
      written += download.written
      for (const { sha256, ...one } of download.instances) {
        saved.push({ record: name, ...one, sha256: hex(sha256) })
      }
    }
  } finally {
    bar.stop()
  }
  output.result({ instances: saved, written, bytes }, () => {
    const there = saved.length - written
    output.line(
      `${formatCount(written, "instance")} fetched and verified${there > 0 ? `, ${there} were there already` : ""}: ${formatBytes(bytes)} of ${formatCount(records.length, "record")} in ${out}`,
    )
  })
}
