/**
 * The text of a link: a plain SMART Health Link whose payload any reader understands (docs/FORMAT.md §11).
 *
 *     [https://viewer/…#]shlink:/<base64url of {"url", "key", "exp"?, "flag"?, "label"?, "v": 1, "_ml"?}>
 *
 * Source: HL7 SMART Health Cards and Links 1.0, "SMART Health Links Payload".
 *
 * @module
 */
import { z } from "zod"
import { base64url, expectLength, fromBase64url, fromUtf8, utf8 } from "../base/bytes.ts"
import { InvalidInputError, UnsupportedError } from "../base/errors.ts"
import { sha256 } from "../crypto/sha256.ts"

const SCHEME = "shlink:/"
const ID_TEXT = /^[A-Za-z0-9_-]{43}$/
/** Longest text (characters) that is read as a link. */
const LINK_LIMIT = 4096

/** A link as its parts. */
export interface LinkPayload {
  /** Where the envelope is asked for; at most 128 characters. */
  readonly url: string
  /** The link key, 32 bytes. */
  readonly key: Uint8Array
  /** Milliseconds since 1970, whole seconds; a hint, the keeper enforces its own. */
  readonly until?: number
  /** "P": with passcode; "U": a single file without passcode. */
  readonly flag?: string
  /** At most 80 characters. */
  readonly label?: string
  /** H(keeper's X-Wing key), 32 bytes; absent when there is no keeper. */
  readonly keeper?: Uint8Array
}

const key43 = z.string().regex(ID_TEXT)
const payloadShape = z.looseObject({
  url: z
    .string()
    .max(128)
    .refine((value) => /^https?:\/\//.test(value) && URL.canParse(value)),
  key: key43,
  exp: z.int().nonnegative().max(8_640_000_000_000).exactOptional(),
  flag: z.string().max(16).exactOptional(),
  label: z.string().max(80).exactOptional(),
  v: z.int().exactOptional(),
  _ml: z.looseObject({ k: key43.exactOptional() }).exactOptional(),
})

/**
 * Writes a link.
 * @param viewer an https URL that ends in "#", put in front so that a browser opens it; the rest then never reaches its server
 * @throws {InvalidInputError} when a part is malformed or too long
 */
export function encodeLink(link: LinkPayload, viewer = ""): string {
  if (viewer !== "" && !isViewer(viewer)) {
    throw new InvalidInputError("a viewer is an https URL that ends in #")
  }
  const payload = {
    url: link.url,
    key: base64url(expectLength("link key", link.key, 32)),
    ...(link.until === undefined ? {} : { exp: Math.floor(link.until / 1000) }),
    ...(link.flag === undefined ? {} : { flag: link.flag }),
    ...(link.label === undefined ? {} : { label: link.label }),
    v: 1,
    ...(link.keeper ? { _ml: { k: base64url(expectLength("keeper", link.keeper, 32)) } } : {}),
  }
  checkPayload(payload)
  return `${viewer}${SCHEME}${base64url(utf8(JSON.stringify(payload)))}`
}

/**
 * Reads a link, with or without a viewer in front. Unknown fields and flags are ignored, as the standard says.
 * @throws {UnsupportedError} when it has another version
 * @throws {InvalidInputError} when it is no link
 */
export function parseLink(text: string): LinkPayload {
  const trimmed = text.trim()
  const start = trimmed.startsWith(SCHEME) ? 0 : trimmed.indexOf(`#${SCHEME}`) + 1
  const viewer = trimmed.slice(0, start)
  if (
    !trimmed.startsWith(SCHEME, start) ||
    trimmed.length > LINK_LIMIT ||
    (viewer && !isViewer(viewer))
  ) {
    throw new InvalidInputError("this is no SMART Health Link: it has no shlink:/ part")
  }
  const payload = checkPayload(jsonOf(fromBase64url(trimmed.slice(start + SCHEME.length))))
  const { url, key, exp, flag, label, _ml } = payload
  return {
    url,
    key: fromBase64url(key),
    ...(exp === undefined ? {} : { until: exp * 1000 }),
    ...(flag === undefined ? {} : { flag }),
    ...(label === undefined ? {} : { label }),
    ...(_ml?.k === undefined ? {} : { keeper: fromBase64url(_ml.k) }),
  }
}

/**
 * The link's URL at a link server.
 * @param base URL of the server, without a slash at the end
 * @param linkId 32 random bytes
 */
export function linkUrl(base: string, linkId: Uint8Array): string {
  return `${base}/links/${base64url(expectLength("link id", linkId, 32))}`
}

/**
 * The link id (32 bytes) at the end of a link's URL.
 * @throws {InvalidInputError} when the URL does not end in one
 */
export function linkIdOf(url: string): Uint8Array {
  const last = /\/links\/([^/?#]+)$/.exec(url)?.[1] ?? ""
  if (!ID_TEXT.test(last)) throw new InvalidInputError("the URL of the link ends in no link id")
  return expectLength("link id", fromBase64url(last), 32)
}

/** The id (16 bytes) of the envelope that a link opens. */
export function linkEnvelopeId(linkId: Uint8Array): Uint8Array {
  return sha256(expectLength("link id", linkId, 32)).slice(0, 16)
}

function checkPayload(payload: unknown): z.output<typeof payloadShape> {
  const parsed = payloadShape.safeParse(payload)
  if (!parsed.success) {
    throw new InvalidInputError(
      `the link is malformed at "${parsed.error.issues[0]?.path.join(".")}"`,
    )
  }
  if ((parsed.data.v ?? 1) !== 1) {
    throw new UnsupportedError("the link has a version this program does not know: update medlake")
  }
  return parsed.data
}

function isViewer(text: string): boolean {
  return text.startsWith("https://") && text.indexOf("#") === text.length - 1 && URL.canParse(text)
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(bytes))
  } catch (cause) {
    throw new InvalidInputError("the link's payload is not JSON", { cause })
  }
}
