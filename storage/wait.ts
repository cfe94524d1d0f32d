/**
 * Waiting that ends: promises and streams raced against a signal.
 *
 * @module
 */

/** Settles with the promise or with the signal's reason, whichever is first. */
export function wait<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error)
    if (signal.aborted) onAbort()
    else signal.addEventListener("abort", onAbort, { once: true })
    const settled = () => signal.removeEventListener("abort", onAbort)
    work.then(resolve, reject).finally(settled).catch(reject)
  })
}

/** Yields what the source yields; ends with the signal's reason as {@link wait} does, and then lets the source go. */
export async function* patiently<T>(
  source: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]()
  let state: "idle" | "waiting" | "ended" = "idle"
  try {
    for (;;) {
      signal?.throwIfAborted()
      state = "waiting"
      const step = await wait(iterator.next(), signal)
      if (step.done === true) {
        state = "ended"
        return
      }
      state = "idle"
      yield step.value
    }
  } finally {
    // A source that hangs in `next` would hang in `return` too, so that one is not awaited.
    const released = state === "ended" ? undefined : iterator.return?.()
    if (state === "idle") await released
    else released?.catch(() => undefined)
  }
}
