/**
 * Sealing the studies of one upload, with one progress over all of them.
 *
 * The first study is sealed while the agent is still asked what it holds already: most uploads are new. Nothing of it leaves before the
 * answer is there.
 *
 * @module
 */
import type { Instance } from "../dicom/instance.ts"
import type { Study } from "../dicom/study.ts"
import type { Identity, LakeContext, Progress } from "./ports.ts"
import { type SealedStudy, sealStudy } from "./seal-study.ts"
import type { WriterVault } from "./writer-vault.ts"

/** Finds the name under which an instance's file can be opened again. */
type NameOf = (instance: Instance) => string

/** What sealing works with. */
export interface SealJob {
  readonly vault: WriterVault
  readonly writer: Identity
  /** Offset of studies that name none, such as `+02:00`. */
  readonly zone: string
  readonly progress?: Progress
  readonly signal?: AbortSignal
}

/** Seals one study after the other. */
export function sealing(
  context: LakeContext,
  { vault, writer, zone, progress, signal }: SealJob,
  studies: readonly Study[],
  nameOf: NameOf,
): (study: Study) => Promise<SealedStudy> {
  const total = studies.reduce((sum, study) => sum + bytesOf(study), 0)
  let done = 0
  const onBytes = (count: number) => {
    done = Math.min(total, done + count)
    progress?.({ phase: "seal", done, total })
  }
  const options = { zone, onBytes, ...(signal && { signal }) }
  return (study) => sealStudy(context, vault.id, writer, study, nameOf, options)
}

/** As {@link sealing}, with the first study under way at once; `drop` ends it and resolves when it no longer runs. */
export function sealEarly(
  context: LakeContext,
  job: SealJob,
  studies: readonly Study[],
  nameOf: NameOf,
): { readonly sealed: (study: Study) => Promise<SealedStudy>; readonly drop: () => Promise<void> } {
  const dropped = new AbortController()
  const signal = job.signal ? AbortSignal.any([job.signal, dropped.signal]) : dropped.signal
  const sealed = sealing(context, { ...job, signal }, studies, nameOf)
  const [first] = studies
  const early = first && sealed(first)
  early?.catch(() => undefined)
  return {
    sealed: (study) => (study === first && early ? early : sealed(study)),
    drop: async () => {
      dropped.abort()
      await Promise.allSettled([early])
    },
  }
}

function bytesOf({ series }: Study): number {
  return series
    .flatMap(({ instances }) => instances)
    .reduce((sum, { source }) => sum + source.size, 0)
}
