import { FileSlice } from '../../http/body/file.ts'
import { withVary } from '../../http/message/headers.ts'
import { chooseEncoding, type ContentCoding } from '../../http/semantics/negotiate.ts'
import type { Exchange } from '../../http/message/exchange.ts'
import type { Reply } from '../../http/message/reply.ts'
import type { Copies } from './decoded-copy.ts'
import type { FileCache, FileEntry } from './file-cache.ts'
import { tryStat } from '../../core/util/disk-name.ts'

/** Codings and file extensions, in the order of preference among equal weights. */
const extensions: readonly (readonly [ContentCoding, string])[] = [
  ['br', '.br'],
  ['zstd', '.zst'],
  ['gzip', '.gz'],
]

/** Milliseconds for which the list of precompressed files next to a file is kept. */
const keptMs = 1000

/**
 * Nanoseconds. Copying a folder (`fs.cpSync`) writes a file and its precompressed file in any order. One that is older
 * by at most this much is used if it decodes to the content of the file. The comparison is needed: a file that is
 * edited just after a build has the same times.
 */
const copyNs = 2_000_000_000n

interface Siblings {
  readonly codings: readonly ContentCoding[]
  /** Clock of `Exchange.startedAt`, in milliseconds. */
  readonly seenAt: number
}

/**
 * Chooses between a file and its precompressed files (`app.js.br`, `app.js.zst`, `app.js.gz`).
 *
 * The list of those that exist is kept for a second. No reply becomes stale by that: one that is not listed yet has the
 * same content as the file, and one that is sent gets a stat for each request, like the file.
 *
 * A request with `Range` gets the file without coding, since players and download managers count its bytes, unless it
 * refuses that (`identity;q=0`).
 */
export function choosePrecompressed(
  cache: FileCache,
  copies: Copies,
  path: string,
  entry: FileEntry,
  x: Exchange,
): Reply {
  let available = siblingsOf(path, entry, x).codings
  if (available.length === 0) return entry.reply
  const accept = x.headers.get('accept-encoding')
  if (x.headers.has('range') && chooseEncoding(accept, []) === 'identity') return varied(entry.reply)
  for (;;) {
    const coding = chooseEncoding(accept, available)
    // No listed coding is acceptable: the file is sent, and the compression filter may compress it.
    if (coding === undefined || coding === 'identity') return varied(entry.reply)
    const sidecar = fetchPrecompressed(cache, copies, path, entry, coding)
    if (sidecar !== undefined) {
      if (entry.reply.body instanceof FileSlice) entry.reply.body.dispose()
      return sidecar.reply
    }
    available = available.filter((other) => other !== coding)
  }
}

function siblingsOf(path: string, { memory }: FileEntry, x: Exchange): Siblings {
  const known = memory.siblings as Siblings | undefined
  if (known !== undefined && x.startedAt - known.seenAt < keptMs) return known
  const present = extensions.filter(([, extension]) => tryStat(path + extension)?.isFile() === true)
  return (memory.siblings = { codings: present.map(([coding]) => coding), seenAt: x.startedAt })
}

/** The precompressed file in a coding, if it has the content of the file. */
function fetchPrecompressed(
  cache: FileCache,
  copies: Copies,
  path: string,
  entry: FileEntry,
  coding: ContentCoding,
): FileEntry | undefined {
  const extension = extensions.find(([name]) => name === coding)?.[1] ?? ''
  const stat = tryStat(path + extension)
  // Coded content is never empty: an interrupted build leaves empty files.
  if (stat === undefined || !stat.isFile() || stat.size === 0n) return undefined
  const isOlder = stat.mtimeNs < entry.stat.mtimeNs
  if (isOlder && stat.mtimeNs < entry.stat.mtimeNs - copyNs) return undefined
  // After an edit ctime counts too, since a program may have reset mtime. Otherwise it says nothing: unpacking an
  // archive writes the two files in any order.
  if (entry.edited && stat.ctimeNs < entry.stat.ctimeNs) return undefined
  try {
    const sidecar = cache.fetch(path + extension, stat, { type: entry.form.type, coding })
    if (sidecar?.form.coding === coding) {
      if (!isOlder || copies.holds({ path: path + extension, entry: sidecar }, coding, { path, entry })) return sidecar
    }
    if (sidecar?.reply.body instanceof FileSlice) sidecar.reply.body.dispose()
    return undefined
  } catch {
    // If the precompressed file cannot be read, the file itself is sent.
    return undefined
  }
}

const variedReplies = new WeakMap<Reply, Reply>()

/** Gives the same object for the same cached (frozen) reply, since filters cache their results by object. */
function varied(reply: Reply): Reply {
  const known = variedReplies.get(reply)
  if (known !== undefined) return known
  const made = { ...reply, headers: withVary(reply.headers, 'Accept-Encoding') }
  if (Object.isFrozen(reply)) variedReplies.set(reply, Object.freeze(made))
  return made
}
