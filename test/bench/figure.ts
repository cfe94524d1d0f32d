/**
 * What a benchmark measured.
 *
 * @module
 */

/** One measured number beside the baseline it is judged by; both are from the same run on the same machine. */
export interface Figure {
  /** What was measured, such as `seal 1 GiB`. */
  name: string
  value: number
  /** Unit of `value` and `baseline`, such as `MiB/s`. */
  unit: string
  /** What the bare work comes to without medlake; `null` when the goal is a number of its own. */
  baseline: number | null
  /** `value / baseline`, or `null` without one. */
  ratio: number | null
  /** The goal in words, such as `≥ 0.9 × baseline`. */
  goal: string
  ok: boolean
}
