/**
 * What is derived from a series at upload, so that a viewer starts at once (docs/FORMAT.md §3, roles).
 *
 *     series-metadata  gzipped array of DICOM JSON, an instance each        frame-index  cbor of byte ranges
 *
 * @module
 */
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
  const metadata = instances.map((one) => metadataOf(one))
  return { metadata: await gzip(JSON.stringify(metadata)), frameIndex: frameIndexOf(instances) }
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

async function gzip(text: string): Promise<Uint8Array> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}
