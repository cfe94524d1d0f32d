/**
 * What is derived from a series at upload, so that a viewer starts at once (docs/FORMAT.md §3, roles).
 *
 *     series-metadata  gzipped array of DICOM JSON, an instance each        frame-index  cbor of byte ranges
 *
 * @module
 */
import { utf8 } from "../base/bytes.ts"
import { encodeDagCbor } from "../base/dag-cbor.ts"
import { toDicomJson } from "./dicom-json.ts"
import type { Instance } from "./instance.ts"
import type { Series } from "./study.ts"

const BIG_ENDIAN = "1.2.840.10008.1.2.2"

/** The derived parts of one series. */
export interface SeriesParts {
  readonly metadata: Uint8Array
  /** cbor {v 1, instances: [{uid, syntax, frames: [[[offset, length], …], …]}]}, offsets within the instance's file. */
  readonly frameIndex: Uint8Array
}

/** Makes the derived parts of a series. */
export async function seriesParts({ instances }: Series): Promise<SeriesParts> {
  return { metadata: await gzip(metadataTexts(instances)), frameIndex: frameIndexOf(instances) }
}

/** The array of all metadata as text, an instance at a time: a study's worth in one go would hold up what runs beside it. */
function* metadataTexts(instances: readonly Instance[]): Generator<string, undefined> {
  for (const [i, one] of instances.entries()) {
    yield (i === 0 ? "[" : ",") + JSON.stringify(metadataOf(one))
  }
  yield instances.length === 0 ? "[]" : "]"
}

function metadataOf({ header, transferSyntaxUid }: Instance): object {
  const json = toDicomJson(header, transferSyntaxUid === BIG_ENDIAN)
  return { ...json, "00083002": { vr: "UI", Value: [transferSyntaxUid] } }
}

function frameIndexOf(instances: readonly Instance[]): Uint8Array {
  return encodeDagCbor({
    v: 1,
    instances: instances.map(({ sopInstanceUid, transferSyntaxUid, frames }) => ({
      uid: sopInstanceUid,
      syntax: transferSyntaxUid,
      frames: frames.map((frame) => frame.map(({ offset, length }) => [offset, length])),
    })),
  })
}

/** Each text is made when the compressor is ready for it. */
async function gzip(texts: Generator<string, undefined>): Promise<Uint8Array> {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull: (controller) => {
      const { value } = texts.next()
      if (value === undefined) controller.close()
      else controller.enqueue(Uint8Array.from(utf8(value)))
    },
  })
  const compressed = stream.pipeThrough(new CompressionStream("gzip"))
  return new Uint8Array(await new Response(compressed).arrayBuffer())
}
