import type { BigIntStats } from 'node:fs'
import { basename } from 'node:path'
import type { Exchange } from '../../http/message/exchange.ts'
import { memoizeReply, type Reply } from '../../http/message/reply.ts'
import type { OpenFiles } from '../../http/body/open-files.ts'
import { variantOf } from '../../http/semantics/variant.ts'
import { withVary } from '../../http/message/headers.ts'
import { realPathWithin, noteDenial, type AccessPolicy } from '../access/access-policy.ts'
import { accepts, codedName } from './coded-name.ts'
import { createFileCache } from './file-cache.ts'
import { createCopies } from './decoded-copy.ts'
import { asModule } from './module-type.ts'
import { choosePrecompressed } from './precompressed.ts'

/** The files of a site as replies. */
export interface FileReplies {
  /** The representation of a regular file for this request; undefined if it is not served. */
  send(path: string, stat: BigIntStats, x: Exchange): Reply | undefined
  /** Whether a file or folder would be served: a redirect must not reveal a hidden one. */
  has(path: string, stat: BigIntStats, x: Exchange): boolean
  /** Changes how many bytes are kept in memory. */
  resize(cacheBytes: number): void
  clear(): void
}

/** Options of {@link createFileReplies}. */
export interface FileRepliesOptions {
  readonly access: AccessPolicy
  readonly cacheControl: string
  readonly cacheBytes: number
  readonly openFiles: OpenFiles
  readonly sidecars: boolean
}

const asDownload = memoizeReply((reply) => variantOf(reply, withVary(reply.headers, 'Accept-Encoding'), 'download'))

/** Makes the replies for files of a site. */
export function createFileReplies({
  access,
  cacheControl,
  cacheBytes,
  openFiles,
  sidecars,
}: FileRepliesOptions): FileReplies {
  const cache = createFileCache({ access, cacheControl, cacheBytes, openFiles })
  const copies = createCopies()
  return {
    send(path, stat, x) {
      const name = basename(path)
      const coded = codedName(name)
      const isTaken = coded === undefined || accepts(x, coded.coding)
      const entry = cache.fetch(path, stat, isTaken ? coded : undefined)
      if (entry === undefined) return noteDenial(access, path, stat, x)
      if (coded !== undefined) {
        if (isTaken) return entry.reply
        // The bytes are sent as a download. Browsers accept br and zstd only over HTTPS and from localhost.
        const needsTls = !x.peer.encrypted && coded.coding !== 'gzip'
        if (needsTls) x.notes.remark ??= `${coded.coding} not accepted here (--tls)`
        return asDownload(entry.reply)
      }
      const reply = sidecars ? choosePrecompressed(cache, copies, path, entry, x) : entry.reply
      return asModule(reply, name, x)
    },
    has(path, stat, x) {
      if (realPathWithin(path, stat, access) !== undefined) return true
      noteDenial(access, path, stat, x)
      return false
    },
    resize: cache.resize,
    clear: () => cache.clear(),
  }
}
