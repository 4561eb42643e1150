import { opendirSync } from 'node:fs'
import type { DenyList } from './apply-deny-list.ts'

/** Most entries of the folder that are read: a huge folder must not delay the start. */
const mostEntries = 2000

/**
 * Files that are served and that users rarely mean to publish: dumps of databases, sources that other servers run
 * instead of sending, descriptions of containers, archives of the whole project.
 */
const sensitivePatterns: readonly RegExp[] = [
  /\.(?:sql|dump|pgdump)(?:\.(?:gz|br|zst|xz|bz2|zip|7z))?$/,
  /\.(?:php\d?|phtml|aspx?|jspx?|cgi)$/,
  /^(?:docker-)?compose(?:[._-].*)?\.ya?ml$/,
  /(?:^|[._-])(?:backup|bak|dump|www|htdocs|public_html|site|website|db|database)s?(?:[._-].*)?\.(?:zip|rar|7z|tar|tgz|tbz2?|txz|tar\.(?:gz|br|zst|xz|bz2))$/,
]

/** Sorted names of such files at the top of a served folder; empty if it cannot be read. */
export function sensitiveFiles(root: string, denied: DenyList): string[] {
  const names: string[] = []
  try {
    const folder = opendirSync(root)
    try {
      for (let i = 0; i < mostEntries; i++) {
        const entry = folder.readSync()
        if (entry === null) break
        if (!entry.isFile() || !sensitivePatterns.some((pattern) => pattern.test(entry.name.toLowerCase()))) continue
        const found = { isFolder: false, size: 0, head: () => undefined }
        if (denied.denialOf([entry.name], found) === undefined) names.push(entry.name)
      }
    } finally {
      folder.closeSync()
    }
  } catch {
    // A folder that cannot be read is not served either.
  }
  return names.toSorted()
}
