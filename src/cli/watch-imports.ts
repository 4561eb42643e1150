import { statSync, unwatchFile, watchFile, type Stats } from 'node:fs'
import { importedFiles } from './imported-files.ts'

/** Milliseconds between looks: few files, and editors that replace them confuse what systems report. */
const lookMs = 250

/** The files of a module and of what it imports from the project, which are looked at until `close`. */
export interface ImportWatch {
  /** Finds the files again: an edit may import others. */
  update(): void
  close(): void
}

/**
 * Calls back after each edit of a module or of what it imports from the project. Keeps no process alive.
 *
 * @param loadedAt Wall-clock time before it was loaded, in milliseconds since 1970: edits count from then on.
 */
export function watchImports(entry: string, loadedAt: number, onEdit: (stats: Stats) => void): ImportWatch {
  /** The state of each file when the watch began, until the watcher of Node has surely seen it too. */
  const firstStates = new Map<string, string>()
  const files = new Set<string>()
  let isOver = false

  function update(): void {
    const now = isOver ? [] : importedFiles(entry)
    for (const file of files) {
      if (now.includes(file)) continue
      files.delete(file)
      unwatchFile(file, report)
    }
    for (const file of now) {
      if (files.has(file)) continue
      files.add(file)
      firstStates.set(file, stateOf(statsOf(file)))
      watchFile(file, { interval: lookMs, persistent: false }, report)
    }
    setTimeout(catchUp, 2 * lookMs).unref()
  }

  function report(stats: Stats): void {
    firstStates.clear()
    onEdit(stats)
  }

  /** The watcher of Node takes its first look some time after the call, and does not report an edit before it. */
  function catchUp(): void {
    const edited = [...firstStates].find(([file, state]) => files.has(file) && stateOf(statsOf(file)) !== state)
    firstStates.clear()
    if (edited !== undefined) onEdit(statsOf(edited[0]) ?? gone)
  }

  update()
  // File times are coarse.
  const edited = [...files].map(statsOf).find((stats) => stats !== undefined && stats.mtimeMs > loadedAt - 20)
  if (edited !== undefined) onEdit(edited)
  return {
    update,
    close() {
      isOver = true
      update()
    },
  }
}

/** What the watcher of Node reports of a file that is not there. */
const gone = { mtimeMs: 0 } as Stats

function statsOf(file: string): Stats | undefined {
  return statSync(file, { throwIfNoEntry: false })
}

function stateOf(stats: Stats | undefined): string {
  return stats === undefined ? '' : [stats.mtimeMs, stats.ctimeMs, stats.size, stats.ino].join(' ')
}
