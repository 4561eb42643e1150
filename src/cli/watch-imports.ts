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
  const files = new Set<string>()
  let isOver = false

  function update(): void {
    const now = isOver ? [] : importedFiles(entry)
    for (const file of files) {
      if (now.includes(file)) continue
      files.delete(file)
      unwatchFile(file, onEdit)
    }
    for (const file of now) {
      if (files.has(file)) continue
      files.add(file)
      watchFile(file, { interval: lookMs, persistent: false }, onEdit)
    }
  }

  update()
  // The watcher compares with the files as they are now. File times are coarse.
  const stats = [...files].map((each) => statSync(each, { throwIfNoEntry: false }))
  const edited = stats.find((stat) => stat !== undefined && stat.mtimeMs > loadedAt - 20)
  if (edited !== undefined) onEdit(edited)
  return {
    update,
    close() {
      isOver = true
      update()
    },
  }
}
