/** `medlake upload`: studies go in. @module */
import { resolve } from "node:path"
import type { Command } from "commander"
import { utf8 } from "../base/bytes.ts"
import { InvalidInputError, NotFoundError, PartlyFailedError } from "../base/errors.ts"
import { fileSource } from "../host/file-source.ts"
import { writeFileDurably } from "../host/files.ts"
import { OutboxFiles } from "../host/outbox-files.ts"
import { filesAt } from "../host/upload-files.ts"
import { checkVaultCard } from "../lake/admit.ts"
import type { Anchored } from "../lake/anchor.ts"
import { XYM } from "../lake/fund.ts"
import { HttpAgent } from "../lake/http-agent.ts"
import { type Receipt, receiptOf } from "../lake/receipt.ts"
import { resume } from "../lake/resume.ts"
import { type FileOutcome, type UploadJob, upload } from "../lake/upload.ts"
import { openWriterVault } from "../lake/writer-vault.ts"
import { printRecordName } from "../vault/announcement.ts"
import { parseVaultCard } from "../vault/card.ts"
import { parsedInput, readInput } from "./input-file.ts"
import { formatBytes, formatCount } from "./output.ts"
import { Party, vaultPin } from "./party.ts"

interface Options {
  readonly to?: string
  readonly severalPatients?: boolean
  readonly receipt?: string
}

/** Makes a command this verb. */
export function define(verb: Command): void {
  verb
    .argument(
      "[paths...]",
      "DICOM files, or folders of them; none finishes what an earlier upload left",
    )
    .option("--to <card>", "the patient's vault card; the pinned one when there is only one")
    .option("--several-patients", "take files of several patients into this one vault")
    .option(
      "--receipt <file>",
      "where the receipt is written too; the home keeps one for each record",
    )
    .addHelpText(
      "after",
      "\nExample:\n  medlake --home hospital upload ./study --to imaging.card --receipt receipt.json",
    )
    .action(async (paths: string[], options: Options, command: Command) => {
      await Party.run(command, ["institution"], async (party) => {
        const job = await openJob(party, options)
        const context = party.context()
        const finished = await resume(context, job)
        // A later process may work in another folder.
        const files = await filesAt(paths.map((path) => resolve(path)))
        if (paths.length > 0 && files.length === 0)
          throw new NotFoundError("there is no file at the given paths")
        const bar = party.output.progress()
        const uploaded = await upload(context, { ...job, progress: bar.report }, files).finally(
          bar.stop,
        )
        const result = { files: [...finished.files, ...uploaded.files] }
        const records = [...finished.records, ...uploaded.records]
        const receipt = receiptOf(job.vault.id, records)
        if (options.receipt && records.length > 0) {
          await writeFileDurably(options.receipt, receiptBytes(receipt))
        }
        party.output.result({ files: result.files, ...receipt }, () =>
          print(party, result.files, records),
        )
        if (options.receipt && records.length > 0) party.output.line(`Receipt: ${options.receipt}`)
        const refused = result.files.filter(({ outcome }) => outcome === "refused").length
        if (refused > 0 && refused === result.files.length) {
          throw new InvalidInputError(
            "none of the files is a DICOM instance that can be stored; nothing was sent",
          )
        }
        const waiting = result.files.filter(({ outcome }) => outcome === "waiting").length
        if (waiting > 0)
          throw new PartlyFailedError(
            `${waiting} files of an earlier upload can't be read now: it goes on with "medlake upload" when they are there again`,
          )
        if (refused > 0)
          throw new PartlyFailedError(
            `${refused} of ${result.files.length} files were refused; the others are stored`,
          )
      })
    })
}

async function openJob(party: Party, { to, severalPatients }: Options): Promise<UploadJob> {
  const context = party.context()
  const card = to
    ? parsedInput(to, "a vault's card", await readInput(to), parseVaultCard)
    : await party.vaultCard()
  const { id } = await checkVaultCard(context, card)
  if (to) await party.home.pin(vaultPin(id.register), card.bytes)
  const writer = await party.member(id.register)
  const stores = await party.stores(card.body, { register: card.body.register, signer: writer })
  const vault = await openWriterVault(context, stores.control, writer, card)
  const root = (await party.keyring()).get("root")
  return {
    vault,
    reopenVault: () => openWriterVault(context, stores.control, writer, card),
    writer,
    agent: new HttpAgent(card.body.agent.url),
    stores,
    keepReceipt: async (receipt) => {
      const [name = ""] = receipt.records.map(({ record }) => record.replace(":", "-"))
      await writeFileDurably(party.home.path("receipts", `${name}.json`), receiptBytes(receipt))
    },
    outbox: new OutboxFiles(party.home.path("outbox"), root, context.random, context.clock),
    reopen: fileSource,
    zone: party.config.zone,
    ...(severalPatients && { severalPatients }),
  }
}

function receiptBytes(receipt: Receipt): Uint8Array {
  return utf8(`${JSON.stringify(receipt, null, 2)}\n`)
}

/** What became of every file: the many that went well alike are counted, the others named. */
function print(party: Party, files: readonly FileOutcome[], records: readonly Anchored[]): void {
  const { output } = party
  const counts = new Map<FileOutcome["outcome"], number>()
  for (const { outcome } of files) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
  const usual = (counts.get("stored") ?? 0) >= (counts.get("exists") ?? 0) ? "stored" : "exists"
  for (const { name, outcome, reason } of files) {
    if (outcome !== usual)
      output.line(`  ${outcome.padEnd(12)} ${name}${reason ? `: ${reason}` : ""}`)
  }
  output.line([...counts].map(([outcome, count]) => `${count} ${outcome}`).join(", ") || "no files")
  for (const { upload: one, hash, index, height, fee } of records) {
    const bytes = one.blobs.reduce((sum, { size }) => sum + size, 0)
    output.line(`Record ${printRecordName({ hash, index })}`)
    output.line(
      `  ${formatCount(one.instances.length, "instance")} in ${formatCount(one.blobs.length, "blob")}, ${formatBytes(bytes)}; confirmed at height ${height}, fee at most ${Number(fee) / Number(XYM)} XYM`,
    )
  }
  const isKnown = ({ outcome }: FileOutcome) => outcome === "exists" || outcome === "copy"
  if (files.length > 0 && files.every((one) => isKnown(one)))
    output.line("Nothing new: the vault holds all of it already.")
}
