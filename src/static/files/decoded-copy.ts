import { createReadStream, type BigIntStats } from 'node:fs'
import { open } from 'node:fs/promises'
import type { ContentCoding } from '../../http/semantics/negotiate.ts'
import { nodeZlib } from '../../core/util/builtin.ts'
import { createLru } from '../../core/util/lru.ts'
import { toDisk } from '../../core/util/disk-name.ts'
import { isSettled } from '../../core/util/stat-state.ts'
import type { FileEntry } from './file-cache.ts'
import { stateTag } from './validators.ts'

/** Most pairs of files whose comparison is cached. */
const knownPairs = 1000

/** A file and its cache entry. */
export interface Copy {
  readonly path: string
  readonly entry: FileEntry
}

/** Compares coded files with the files next to them. */
export interface Copies {
  /**
   * Whether a coded file decodes to exactly the content of another. Files that are not in memory are compared in the
   * background: the answer is false until the comparison ends.
   */
  holds(coded: Copy, coding: ContentCoding, plain: Copy): boolean
}

/** Makes the comparison, with a cache. */
export function createCopies(): Copies {
  /** Coded content, and the equal decoded content. */
  const inMemory = new WeakMap<Uint8Array, Uint8Array>()
  /** Results by the states of both files. */
  const onDisk = createLru<string, boolean>(knownPairs, () => 1)
  let isBusy = false

  function holdsInMemory(coded: Uint8Array, coding: ContentCoding, plain: Uint8Array): boolean {
    if (inMemory.get(coded) === plain) return true
    if (decoded(coded, coding, plain.length)?.equals(plain) !== true) return false
    inMemory.set(coded, plain)
    return true
  }

  function holdsOnDisk(coded: Copy, coding: ContentCoding, plain: Copy): boolean {
    const states = [coded.entry.stat, plain.entry.stat]
    const pair = states.map(stateTag).join()
    const known = onDisk.get(pair)
    // One comparison at a time, and only of files whose state identifies their content.
    if (known !== undefined || isBusy || !states.every(isAtRest)) return known ?? false
    isBusy = true
    void isDecoded(coded.path, coding, plain.path).then((verdict) => {
      isBusy = false
      onDisk.set(pair, verdict)
    })
    return false
  }

  return {
    holds(coded, coding, plain) {
      const [small, content] = [coded.entry.reply.body, plain.entry.reply.body]
      const isSmall = small instanceof Uint8Array && content instanceof Uint8Array
      return isSmall ? holdsInMemory(small, coding, content) : holdsOnDisk(coded, coding, plain)
    },
  }
}

function isAtRest(stat: BigIntStats): boolean {
  return isSettled(stat, Date.now())
}

/** Node before 22.15, and its types, lack zstd. */
interface Zstd {
  readonly zstdDecompressSync?: typeof import('node:zlib').gunzipSync
  readonly createZstdDecompress?: typeof import('node:zlib').createGunzip
}

/** The decoded content; undefined if it is broken or longer than expected. */
function decoded(coded: Uint8Array, coding: ContentCoding, length: number): Buffer | undefined {
  const { brotliDecompressSync, gunzipSync, zstdDecompressSync } = nodeZlib() as typeof import('node:zlib') & Zstd
  const decode = { br: brotliDecompressSync, gzip: gunzipSync, zstd: zstdDecompressSync }[coding]
  try {
    return decode?.(coded, { maxOutputLength: Math.max(length, 1) })
  } catch {
    return undefined
  }
}

/** Whether a coded file decodes to another, compared piece by piece; false if one cannot be read or decoded. */
async function isDecoded(codedPath: string, coding: ContentCoding, path: string): Promise<boolean> {
  const { createBrotliDecompress, createGunzip, createZstdDecompress } = nodeZlib() as typeof import('node:zlib') & Zstd
  const decoder = { br: createBrotliDecompress, gzip: createGunzip, zstd: createZstdDecompress }[coding]?.()
  if (decoder === undefined) return false
  const file = await open(toDisk(path)).catch(() => undefined)
  if (file === undefined) return false
  try {
    let position = 0
    const source = createReadStream(toDisk(codedPath)).on('error', (error) => decoder.destroy(error))
    for await (const piece of source.pipe(decoder) as AsyncIterable<Buffer>) {
      const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(piece.length), 0, piece.length, position)
      if (bytesRead !== piece.length || !buffer.equals(piece)) return false
      position += bytesRead
    }
    return position === (await file.stat()).size
  } catch {
    return false
  } finally {
    await file.close()
  }
}
