import { closeSync, readSync, type BigIntStats } from 'node:fs'
import { basename } from 'node:path'
import { FileSlice } from '../../http/body/file.ts'
import type { ContentCoding } from '../../http/semantics/negotiate.ts'
import type { OpenFiles } from '../../http/body/open-files.ts'
import type { Reply, Validators } from '../../http/message/reply.ts'
import { createLru } from '../../core/util/lru.ts'
import type { AccessPolicy } from '../access/access-policy.ts'
import { contentType } from './content-type.ts'
import { startsWith } from './first-bytes.ts'
import { isSameState, openFile, type OpenFile } from './open-file.ts'
import { readStable, type StableContent } from './stable-read.ts'
import { missingOrThrow } from '../fs-errors.ts'
import {
  contentTag,
  isSettled,
  representationHeaders,
  stateTag,
  wholeSecond,
  type CodedForm,
  type Form,
} from './validators.ts'
/** Largest file that is answered from memory, in bytes. Larger ones are streamed from their descriptor. */
const smallBytes = 512 * 1024

/** Bytes of a large file that decide its type. */
const sampleBytes = 64 * 1024

/** What an entry weighs beside its content: header fields, stat, keys. */
const entryBytes = 1024

/** A file ready to be sent. */
export interface FileEntry {
  /** State in which it was read or opened. */
  readonly stat: BigIntStats
  /** Type and coding of the content. */
  readonly form: Form
  /** The whole representation; a large file's body owns a descriptor and is new each time. */
  readonly reply: Reply
  /** Whether its content has changed while we watched. */
  readonly edited: boolean
  /** What other parts of the site remember about this state of the file. */
  readonly memory: { siblings?: unknown }
}

interface History {
  /** Whether the content has changed while we watched. */
  readonly edited: boolean
  /** The latest whole second (ms since 1970) that another content bore before. */
  readonly ambiguousUntil: number
}

interface Kept extends FileEntry, History {
  /** Content of a small file. */
  readonly bytes: Buffer | undefined
  /** Tells one content from another, also while it is not fit to be sent as a validator. */
  readonly tag: string
  /** Whether the state vouches for the content, so that the reply may be used again. */
  readonly settled: boolean
}

/** Options of {@link createFileCache}. */
export interface FileCacheOptions {
  readonly access: AccessPolicy
  /** Value of `Cache-Control`; the empty string for none. */
  readonly cacheControl: string
  /** Bytes that the cache may hold. */
  readonly cacheBytes: number
  /** The files that are being sent. */
  readonly openFiles: OpenFiles
}

/** Finished replies of files. */
export interface FileCache {
  /**
   * The entry of a file, from memory when its state is still the one that was read.
   *
   * @param stat Taken for this request: it is what makes an edit seen at once.
   * @param coded What the bytes are in the coding that they are in; undefined for a file as such, whose name and bytes
   *   tell its type. Bytes that are not in that coding are a file as such.
   * @returns undefined when the file may not be served or is gone.
   */
  fetch(path: string, stat: BigIntStats, coded?: CodedForm): FileEntry | undefined
  clear(): void
}

/** Makes the cache of a site. */
export function createFileCache({ access, cacheControl, cacheBytes, openFiles }: FileCacheOptions): FileCache {
  const entries = createLru<string, Kept>(
    cacheBytes,
    ({ bytes }, key) => entryBytes + 2 * key.length + (bytes?.length ?? 0),
  )
  const limit = Math.min(smallBytes, cacheBytes)

  function load(
    key: string,
    path: string,
    coded: CodedForm | undefined,
    known: Kept | undefined,
  ): FileEntry | undefined {
    const readAt = Date.now()
    // Within a tick of the clock another file may be in the same state, and its content has a say.
    const file = openFile(path, access, known?.settled === true ? known.stat : undefined)
    if (file === undefined) {
      entries.delete(key)
      return undefined
    }
    if (file.stat.size > limit) return keepLarge(key, coded, { path, ...file }, readAt, known)
    const content = readAndClose(file, limit)
    if (content !== undefined) return keepSmall(key, coded, content, readAt, known)
    // It outgrew the limit while it was read: rare enough to open it once more.
    const grown = openFile(path, access)
    return grown === undefined ? undefined : keepLarge(key, coded, { path, ...grown }, readAt, known)
  }

  function keepSmall(
    key: string,
    coded: CodedForm | undefined,
    content: StableContent,
    readAt: number,
    known: Kept | undefined,
  ): FileEntry {
    const { stat, whole } = content
    // Re-reading a fresh file is common, hashing it again is not: keep the first copy.
    const same = known?.bytes?.equals(content.bytes) === true ? known : undefined
    const tag = same?.tag ?? contentTag(content.bytes)
    const bytes = same?.bytes ?? content.bytes
    const form = same?.form ?? formOf(basename(key), coded, bytes, true)
    const past = history(tag, known)
    // A file that changes while we read it has no version that a validator could name.
    const validators = whole ? validatorsOf(stat, tag, readAt, past) : {}
    const reply = represent(form, bytes, validators)
    const kept = { ...past, stat, form, reply, tag, bytes, settled: whole && isSettled(stat, readAt), memory: {} }
    entries.set(key, kept)
    return kept
  }

  function keepLarge(
    key: string,
    coded: CodedForm | undefined,
    file: OpenFile & { readonly path: string },
    readAt: number,
    known: Kept | undefined,
  ): FileEntry {
    const { path, fd, stat } = file
    const handle = openFiles.take(fd, () => reopen(path, stat))
    const body = new FileSlice(handle, 0, Number(stat.size))
    if (known?.settled === true && known.bytes === undefined && isSameState(known.stat, stat)) {
      return { ...known, reply: { ...known.reply, body } }
    }
    const form = formOf(basename(key), coded, readSample(file), false)
    const settled = isSettled(stat, readAt)
    const tag = stateTag(stat)
    const past = history(tag, known)
    // Its content is not hashed, and its state does not vouch for it yet: such a version has no name.
    const reply = represent(form, null, settled ? validatorsOf(stat, tag, readAt, past) : {})
    const kept = { ...past, stat, form, reply, tag, bytes: undefined, settled, memory: {} }
    entries.set(key, kept)
    return { ...kept, reply: { ...reply, body } }
  }

  /** The descriptor of a file that is still in the same state. */
  function reopen(path: string, stat: BigIntStats): number | undefined {
    const file = openFile(path, access, stat)
    if (file === undefined || isSameState(file.stat, stat)) return file?.fd
    closeSync(file.fd)
    return undefined
  }

  function represent(form: Form, body: Buffer | null, validators: Validators): Reply {
    const headers = representationHeaders(form, cacheControl, validators)
    return Object.freeze({ status: 200, headers, body, validators: Object.freeze(validators) })
  }

  return {
    fetch(path, stat, coded) {
      const key = coded === undefined ? path : `${coded.coding} ${coded.type} ${path}`
      const known = entries.get(key)
      if (known?.settled === true && known.bytes !== undefined && isSameState(known.stat, stat)) return known
      return load(key, path, coded, known)
    },
    clear: () => entries.clear(),
  }
}

/** What a file is sent as: bytes that are not in the coding that their name promises are a file as such. */
function formOf(fileName: string, coded: CodedForm | undefined, content: Uint8Array, isWhole: boolean): Form {
  const start = coded === undefined ? undefined : codingStart[coded.coding]
  if (coded !== undefined && (start === undefined || startsWith(content, start))) return coded
  return { type: contentType(fileName, content, isWhole), coding: undefined }
}

/** First bytes of each coding that has any (RFC 1952 section 2.3.1, RFC 8878 section 3.1.1). */
const codingStart: Partial<Record<ContentCoding, string>> = { gzip: '\x1f\x8b', zstd: '\x28\xb5\x2f\xfd' }

function readSample({ fd }: OpenFile): Uint8Array {
  const head = Buffer.allocUnsafe(sampleBytes)
  try {
    return head.subarray(0, readSync(fd, head, 0, sampleBytes, 0))
  } catch {
    // The error is reported when the file is sent.
    return head.subarray(0, 0)
  }
}

function readAndClose({ fd, stat }: OpenFile, limit: number): StableContent | undefined {
  try {
    return readStable(fd, stat, limit)
  } catch (error) {
    return missingOrThrow(error)
  } finally {
    closeSync(fd)
  }
}

/** What an entry takes over from the one before it. */
function history(tag: string, known: Kept | undefined): History {
  if (known === undefined) return { edited: false, ambiguousUntil: -Infinity }
  if (known.tag === tag) return { edited: known.edited, ambiguousUntil: known.ambiguousUntil }
  return { edited: true, ambiguousUntil: Math.max(known.ambiguousUntil, wholeSecond(known.stat)) }
}

/**
 * A date names whole seconds only: where an earlier version bore the same or a later one, it cannot
 * tell them apart, and only the entity tag is stated. Nor may a date lie after the reply's own
 * (RFC 9110 section 8.8.2.1).
 */
function validatorsOf(stat: BigIntStats, etag: string, readAt: number, { ambiguousUntil }: History): Validators {
  const modified = wholeSecond(stat)
  return modified > readAt || modified <= ambiguousUntil ? { etag } : { etag, modified }
}
