/**
 * Instances grouped as study › series › instance (PS3.3 §A.1.2), each once.
 *
 * @module
 */
import { equal } from "../base/bytes.ts"
import type { Instance } from "./instance.ts"
import { numberAt } from "./text.ts"

/** Instances of one series, by instance number, then UID. */
export interface Series {
  readonly seriesInstanceUid: string
  readonly instances: readonly Instance[]
}

/** Series of one study, by series number, then UID. */
export interface Study {
  readonly studyInstanceUid: string
  readonly series: readonly Series[]
}

/** Studies, and what was set aside. */
export interface Grouping {
  readonly studies: readonly Study[]
  /** Same UID and same data set as one that is kept. */
  readonly copies: readonly Instance[]
  /** Same UID as one that is kept, another data set: each is a version of its own. */
  readonly versions: readonly Instance[]
  /** How many patients the instances speak of. */
  readonly patients: number
}

/** Groups instances. Of copies the first is kept; versions are all kept, and named. */
export function groupStudies(instances: readonly Instance[]): Grouping {
  const byUid = new Map<string, Instance[]>()
  const copies: Instance[] = []
  const versions: Instance[] = []
  for (const instance of instances) {
    const known = byUid.get(instance.sopInstanceUid) ?? []
    if (known.some((one) => equal(one.dataSetDigest, instance.dataSetDigest))) {
      copies.push(instance)
      continue
    }
    if (known.length > 0) versions.push(instance)
    byUid.set(instance.sopInstanceUid, [...known, instance])
  }
  const kept = [...byUid.values()].flat()
  const studies = groupBy(kept, (one) => one.studyInstanceUid).map(([uid, ofStudy]) => ({
    studyInstanceUid: uid,
    series: groupBy(ofStudy, (one) => one.seriesInstanceUid)
      .map(([series, members]) => ({
        seriesInstanceUid: series,
        instances: members.toSorted(byNumber("x00200013", (one) => one.sopInstanceUid)),
      }))
      .toSorted((a, b) => compareSeries(a, b)),
  }))
  const patients = new Set(kept.map((one) => one.patientKey)).size
  return { studies, copies, versions, patients }
}

function groupBy(
  instances: readonly Instance[],
  keyOf: (instance: Instance) => string,
): [string, Instance[]][] {
  const groups = new Map<string, Instance[]>()
  for (const instance of instances) {
    const key = keyOf(instance)
    const group = groups.get(key)
    if (group) group.push(instance)
    else groups.set(key, [instance])
  }
  return [...groups.entries()]
}

function compareSeries(a: Series, b: Series): number {
  const compare = byNumber("x00200011", (one) => one.seriesInstanceUid)
  return compare(a.instances[0] as Instance, b.instances[0] as Instance)
}

function byNumber(tag: string, uidOf: (instance: Instance) => string) {
  return (a: Instance, b: Instance): number => {
    const difference = (numberAt(a.header, tag) ?? 0) - (numberAt(b.header, tag) ?? 0)
    return difference || (uidOf(a) < uidOf(b) ? -1 : 1)
  }
}
