/**
 * A stranger with a link, in a process of its own: `tsx guess.ts plain|wrong LINK-FILE PASSCODE-FILE|COUNT`. Prints one JSON value.
 *
 *     plain   asks as any SMART Health Link viewer does, and says what kinds of resources it was given
 *     wrong   guesses that many wrong passcodes at once; asks again where the keeper was away; each answer is told on stderr
 *
 * @module
 */
import { readFile } from "node:fs/promises"
import { compactDecrypt } from "jose"
import { parseLink } from "../../src/vault/link.ts"

const AWAY_MS = 200
const [mode, linkFile, argument] = process.argv.slice(2)
const link = parseLink((await readFile(linkFile ?? "", "utf8")).trim())

process.stdout.write(JSON.stringify(mode === "plain" ? await plain() : await wrong()))

async function plain() {
  const passcode = (await readFile(argument ?? "", "utf8")).trim()
  const answer = await ask(passcode)
  if (!answer.ok) return { status: answer.status, resources: [] }
  const { files } = (await answer.json()) as { files: { contentType: string; embedded: string }[] }
  const [file] = files
  if (!file) throw new Error("the manifest holds no file")
  const { plaintext } = await compactDecrypt(file.embedded, link.key)
  const bundle = JSON.parse(new TextDecoder().decode(plaintext)) as {
    entry: { resource: { resourceType: string } }[]
  }
  const resources = bundle.entry.map(({ resource }) => resource.resourceType)
  return { status: answer.status, resources }
}

async function wrong() {
  const guesses = Array.from({ length: Number(argument) }, (_, i) => guess(`guess ${i}`))
  const statuses = await Promise.all(guesses)
  const count = (status: number) => statuses.filter((one) => one === status).length
  return { wrong: count(401), gone: count(404), granted: count(200), of: statuses.length }
}

/** The status that ends it: a keeper that is away, or lost the answer, is asked again. */
async function guess(passcode: string): Promise<number> {
  for (;;) {
    const { status } = await ask(passcode).catch(() => ({ status: 503 }))
    if (status < 500) {
      process.stderr.write(`${status}\n`)
      return status
    }
    await new Promise((resolve) => {
      setTimeout(resolve, AWAY_MS)
    })
  }
}

async function ask(passcode: string): Promise<Response> {
  return await fetch(link.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ recipient: "Dr. Stranger", passcode }),
  })
}
