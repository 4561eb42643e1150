import { FileSlice } from '../../http/body/file.ts'
import { withVary } from '../../http/message/headers.ts'
import { chooseEncoding, type ContentCoding } from '../../http/semantics/negotiate.ts'
import type { Exchange } from '../../http/message/exchange.ts'
import type { Reply } from '../../http/message/reply.ts'
import type { Copies } from './decoded-copy.ts'
import type { FileCache, FileEntry } from './file-cache.ts'
import { tryStat } from '../stat.ts'

/** Extension of each coding's sidecar, in the order of preference among equals. */
const extensions: readonly (readonly [ContentCoding, string])[] = [
  ['br', '.br'],
  ['zstd', '.zst'],
  ['gzip', '.gz'],
]

/** Milliseconds for which it is remembered which sidecars lie beside a file. */
const memoryMs = 1000

/**
 * A copy of a folder (`fs.cpSync`) writes a file and its sidecar in any order. A sidecar that is older by so much may
 * stand for the file, if its content turns out to be that of the file: an edit just after a build looks the same.
 */
const copyNs = 2_000_000_000n

interface Siblings {
  readonly codings: readonly ContentCoding[]
  /** On the scale of `Exchange.startedAt`. */
  readonly seenAt: number
}

/**
 * Chooses between a file and its compressed sidecars (`app.js.br`, `app.js.zst`, `app.js.gz`).
 *
 * Which ones exist is remembered for a second. That cannot show anything stale: a sidecar that is
 * overlooked holds the same content as the file, and one that is used is looked at for each request,
 * as the file itself is.
 *
 * A request for a range gets the file as such, since a player or a download manager counts its bytes,
 * unless it refuses that (`identity;q=0`).
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
    // Nothing acceptable: the file goes on as it is, and may yet be compressed on the way out.
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
  if (known !== undefined && x.startedAt - known.seenAt < memoryMs) return known
  const present = extensions.filter(([, extension]) => tryStat(path + extension)?.isFile() === true)
  return (memory.siblings = { codings: present.map(([coding]) => coding), seenAt: x.startedAt })
}

/** A sidecar that stands for the file as it is now. */
function fetchPrecompressed(
  cache: FileCache,
  copies: Copies,
  path: string,
  entry: FileEntry,
  coding: ContentCoding,
): FileEntry | undefined {
  const extension = extensions.find(([name]) => name === coding)?.[1] ?? ''
  const stat = tryStat(path + extension)
  // Coded content is never empty: an empty sidecar is what a build leaves behind that broke off.
  if (stat === undefined || !stat.isFile() || stat.size === 0n) return undefined
  const isOlder = stat.mtimeNs < entry.stat.mtimeNs
  if (isOlder && stat.mtimeNs < entry.stat.mtimeNs - copyNs) return undefined
  // Whoever edits a file and sets its date back cannot deceive us while we watch. Otherwise ctime is
  // no measure: unpacking an archive writes the two in any order.
  if (entry.edited && stat.ctimeNs < entry.stat.ctimeNs) return undefined
  try {
    const sidecar = cache.fetch(path + extension, stat, { type: entry.form.type, coding })
    if (sidecar?.form.coding === coding) {
      if (!isOlder || copies.holds({ path: path + extension, entry: sidecar }, coding, { path, entry })) return sidecar
    }
    if (sidecar?.reply.body instanceof FileSlice) sidecar.reply.body.dispose()
    return undefined
  } catch {
    // A sidecar that cannot be read is no reason to fail: the file itself is at hand.
    return undefined
  }
}

const variedReplies = new WeakMap<Reply, Reply>()

/** A reply that is kept (it is frozen) stays the same object, so that what others make of it is kept too. */
function varied(reply: Reply): Reply {
  const known = variedReplies.get(reply)
  if (known !== undefined) return known
  const made = { ...reply, headers: withVary(reply.headers, 'Accept-Encoding') }
  if (Object.isFrozen(reply)) variedReplies.set(reply, Object.freeze(made))
  return made
}
