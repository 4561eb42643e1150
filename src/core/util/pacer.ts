/** Milliseconds for which long work holds the event loop before others get a turn. */
const sliceMs = 2

/** Gives others a turn while long work is done. */
export interface Pacer {
  /** Whether the work has held the loop long enough. Cheap, but not free: ask once for some dozens of steps. */
  isDue(): boolean
  /** Resolves when it is this work's turn again. */
  rest(): Promise<void>
}

/** Works that wait for their turn. One goes on in each turn of the loop, so that several do not add up. */
const waiting: (() => void)[] = []

/** Makes the pacer of one work. */
export function createPacer(): Pacer {
  let startedAt = performance.now()
  return {
    isDue: () => performance.now() - startedAt >= sliceMs,
    async rest() {
      await new Promise<void>((resolve) => {
        if (waiting.push(resolve) === 1) setImmediate(nextTurn)
      })
      startedAt = performance.now()
    },
  }
}

function nextTurn(): void {
  const resolve = waiting.shift()
  if (waiting.length > 0) setImmediate(nextTurn)
  resolve?.()
}

/** Calls for each item, with a rest where it is due. */
export async function forEachInSlices<Item>(
  items: readonly Item[],
  pacer: Pacer,
  act: (item: Item) => void,
): Promise<void> {
  for (const [i, item] of items.entries()) {
    act(item)
    if (i % 64 === 63 && pacer.isDue()) await pacer.rest()
  }
}

/** Items that `sort` orders in well under a slice. */
const runLength = 512

/** A sorted copy, made by merging short sorted runs; stable, as `sort` is. */
export async function sortInSlices<Item>(
  items: readonly Item[],
  compare: (a: Item, b: Item) => number,
  pacer: Pacer,
): Promise<Item[]> {
  let from: Item[] = []
  for (let start = 0; start < items.length; start += runLength) {
    for (const item of items.slice(start, start + runLength).sort(compare)) from.push(item)
    if (pacer.isDue()) await pacer.rest()
  }
  for (let width = runLength; width < from.length; width *= 2) {
    const merged: Item[] = []
    for (let left = 0; left < from.length; left += 2 * width) {
      const middle = Math.min(left + width, from.length)
      const end = Math.min(left + 2 * width, from.length)
      for (let a = left, b = middle; a < middle || b < end;) {
        const isLeft = b === end || (a < middle && compare(from[a] as Item, from[b] as Item) <= 0)
        merged.push(from[isLeft ? a++ : b++] as Item)
        if (merged.length % 64 === 0 && pacer.isDue()) await pacer.rest()
      }
    }
    from = merged
  }
  return from
}
