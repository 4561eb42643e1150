/**
 * Calls a function for each item, a bounded number at a time: some servers hang until their time is over, and some let
 * only a few connections wait.
 *
 * @param atOnce Calls at the same time, at least 1.
 * @param signal Its reason rejects the result before the next call.
 * @returns the results, in the order of the items.
 */
export async function inTurns<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  call: (item: Item) => Promise<Result>,
  signal?: AbortSignal,
): Promise<Result[]> {
  const results: Result[] = []
  const queue = items.entries()
  const work = async (): Promise<void> => {
    for (const [at, item] of queue) {
      signal?.throwIfAborted()
      results[at] = await call(item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, work))
  return results
}
