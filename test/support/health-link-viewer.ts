/**
 * A SMART Health Link viewer that knows nothing of medlake: what the standard says, and `jose`.
 *
 * Source: HL7 SMART Health Cards and Links 1.0 ("SMART Health Links Payload", "Manifest Request", "Encrypting and Decrypting Files").
 *
 * @module
 */
import { compactDecrypt } from "jose"

/** The payload of a link, as the standard has it. */
export interface HealthLink {
  readonly url: string
  /** 43 characters of base64url: 32 bytes. */
  readonly key: string
  readonly exp?: number
  readonly flag?: string
  readonly label?: string
  readonly v?: number
}

/** What a link server said. */
export interface Viewed {
  readonly status: number
  /** Opened files, in the order of the manifest. */
  readonly files: readonly { readonly contentType: string; readonly json: FhirBundle }[]
  /** Of a wrong passcode. */
  readonly remainingAttempts?: number
}

/** A FHIR Bundle as far as it is looked at. */
export interface FhirBundle {
  readonly resourceType: string
  readonly type: string
  readonly entry: readonly {
    readonly fullUrl: string
    readonly resource: Readonly<Record<string, unknown>>
  }[]
}

/** Decodes the text of a link, with or without a viewer's address in front. */
export function readHealthLink(text: string): HealthLink {
  const [, payload] = /(?:^|#)shlink:\/([\w-]+)$/.exec(text.trim()) ?? []
  if (payload === undefined) throw new Error("no shlink:/ part")
  return JSON.parse(Buffer.from(payload, "base64url").toString()) as HealthLink
}

/** Opens a link: manifest request, or with flag U the file itself. */
export async function viewHealthLink(
  link: HealthLink,
  { passcode, embeddedLengthMax }: { passcode?: string; embeddedLengthMax?: number } = {},
): Promise<Viewed> {
  const recipient = "Dr. Plain"
  if (link.flag?.includes("U") === true) {
    const answer = await fetch(`${link.url}?recipient=${encodeURIComponent(recipient)}`)
    if (!answer.ok) return { status: answer.status, files: [] }
    return { status: answer.status, files: [await decrypted(link, await answer.text())] }
  }
  const answer = await fetch(link.url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ recipient, passcode, embeddedLengthMax }),
  })
  if (!answer.ok) {
    const { remainingAttempts } = (await answer.json()) as { remainingAttempts?: number }
    const left = remainingAttempts === undefined ? {} : { remainingAttempts }
    return { status: answer.status, files: [], ...left }
  }
  const { files } = (await answer.json()) as {
    files: { contentType: string; embedded?: string; location?: string }[]
  }
  const opened: Viewed["files"][number][] = []
  for (const { contentType, embedded, location } of files) {
    const jwe = embedded ?? (await (await fetch(location ?? "")).text())
    const file = await decrypted(link, jwe)
    if (file.contentType !== contentType) throw new Error("manifest and file name other types")
    opened.push(file)
  }
  return { status: answer.status, files: opened }
}

async function decrypted({ key }: HealthLink, jwe: string) {
  const { plaintext, protectedHeader } = await compactDecrypt(jwe, Buffer.from(key, "base64url"), {
    keyManagementAlgorithms: ["dir"],
    contentEncryptionAlgorithms: ["A256GCM"],
  })
  const json = JSON.parse(new TextDecoder().decode(plaintext)) as FhirBundle
  return { contentType: protectedHeader.cty ?? "", json }
}
