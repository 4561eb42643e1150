/** Options of {@link inTurns}. */
export interface InTurnsOptions {
  /** Its reason rejects the result before the next call. */
  readonly signal?: AbortSignal | undefined
  /** Milliseconds after which a call that still waits lets the next one begin. Default: it does not. */
  readonly patienceMs?: number
}

/**
 * Calls a function for each item, a bounded number at a time: some servers hang until their time is over, and some let
 * only a few connections wait.
 *
 * @param atOnce Calls at the same time, at least 1.
 * @returns the results, in the order of the items.
 */
export async function inTurns<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  call: (item: Item) => Promise<Result>,
  { signal, patienceMs }: InTurnsOptions = {},
): Promise<Result[]> {
  const results: Result[] = []
  const calls: Promise<void>[] = []
  const queue = items.entries()
  const work = async (): Promise<void> => {
    for (const [at, item] of queue) {
      signal?.throwIfAborted()
      const called = call(item).then((result) => void (results[at] = result))
      calls.push(called)
      await (patienceMs === undefined ? called : atMost(called, patienceMs))
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work))
  await Promise.all(calls)
  return results
}

/** Waits for a call, and no longer than so many milliseconds. */
function atMost(called: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    called.finally(() => clearTimeout(timer)).then(resolve, reject)
  })
}
