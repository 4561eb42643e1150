/** Milliseconds that long work may block the event loop. */
const sliceMs = 2

/** Yields the event loop during long work. */
export interface Pacer {
  /** Whether the work must yield. It reads the clock, so call it once for some dozens of steps. */
  isDue(): boolean
  /** Yields, and resolves when the work may continue. */
  rest(): Promise<void>
}

/** Work that has yielded. One continues in each turn of the event loop, so that their slices do not add up. */
const waiting: (() => void)[] = []

/** Makes the pacer of one long task. */
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

/** Calls back for each item, and yields where that is due. */
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

/** Items that `sort()` orders in much less than a slice. */
const runLength = 512

/** A sorted copy, by merging short sorted runs; stable, as `sort()` is. */
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
