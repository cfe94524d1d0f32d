/**
 * How long a CT takes until it is stored, beside copying and fsyncing the same files in the same run. See `uploadUntilStored`
 * for what is measured.
 *
 * @module
 */
import { rm } from "node:fs/promises"
import { join } from "node:path"
import {
  copyDurably,
  folderStores,
  type Imaging,
  inFolder,
  median,
  openImaging,
  phantomFiles,
  ROUNDS,
  SLICES,
  uploadUntilStored,
} from "./bench-world.ts"
import type { Figure } from "./figure.ts"

export const name = "upload"

const GOAL = 1.5

export async function run(): Promise<Figure[]> {
  const imaging = await openImaging()
  try {
    await inFolder((folder) => measure(imaging, folder, SLICES[0], 2))
    const figures: Figure[] = []
    for (const slices of SLICES) {
      const rounds = await inFolder((folder) => measure(imaging, folder, slices, ROUNDS))
      figures.push(figureOf(`upload: ${slices} slices until stored`, rounds))
    }
    return figures
  } finally {
    await imaging.close()
  }
}

/** Milliseconds of the measured work and of the bare one. */
export interface Round {
  readonly ms: number
  readonly bare: number
}

/** The figure of rounds whose work may take {@link GOAL} times the bare one. */
export function figureOf(title: string, rounds: readonly Round[]): Figure {
  const ratio = median(rounds.map(({ ms, bare }) => ms / bare))
  return {
    name: title,
    value: median(rounds.map(({ ms }) => ms)),
    unit: "ms",
    baseline: median(rounds.map(({ bare }) => bare)),
    ratio,
    goal: `≤ ${GOAL} × copy + fsync of the files`,
    ok: ratio <= GOAL,
  }
}

async function measure(imaging: Imaging, folder: string, slices: number, count: number) {
  const { paths } = await phantomFiles(join(folder, "study"), slices)
  const rounds: Round[] = []
  for (let i = 0; i < count; i++) {
    const place = join(folder, "round")
    const bare = await copyDurably(paths, join(folder, "copy"))
    const { ms } = await uploadUntilStored(imaging, await folderStores(place), place, paths)
    await rm(join(folder, "copy"), { recursive: true })
    await rm(place, { recursive: true })
    rounds.push({ ms, bare })
  }
  return rounds
}
