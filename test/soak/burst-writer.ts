// Changes files as fast as possible in a separate process, which the test cannot slow down.
import { writeFileSync } from 'node:fs'

/** What to write. */
export interface BurstOrder {
  readonly files: readonly string[]
  /** Written before every hundredth of the others, and at last. */
  readonly often: string
  /** Milliseconds between two writes from which on they may be taken for two bursts. */
  readonly pauseMs: number
}

/** What was written. */
export interface BurstResult {
  /** What is in the file that was written last. */
  readonly final: string
  readonly ms: number
  readonly pauses: number
  readonly longestPause: number
}

let writes = 0

process.on('message', ({ files, often, pauseMs }: BurstOrder) => {
  const startedAt = performance.now()
  let writtenAt = startedAt
  let pauses = 0
  let longestPause = 0

  /** Writes other content of the same length than before, in place. */
  function save(file: string): string {
    const content = `/* ${String(++writes).padStart(8, '0')} */`
    writeFileSync(file, content, { flag: 'r+' })
    const now = performance.now()
    longestPause = Math.max(longestPause, now - writtenAt)
    if (now - writtenAt >= pauseMs) pauses++
    writtenAt = now
    return content
  }

  for (const [index, file] of files.entries()) {
    if (index % 100 === 0) save(often)
    save(file)
  }
  const final = save(often)
  process.send?.({ final, ms: writtenAt - startedAt, pauses, longestPause } satisfies BurstResult)
})
process.on('disconnect', () => process.exit())
