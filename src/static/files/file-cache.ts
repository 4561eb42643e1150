import { closeSync, readSync, type BigIntStats } from 'node:fs'
import { basename } from 'node:path'
import { FileSlice } from '../../http/body/file.ts'
import type { ContentCoding } from '../../http/semantics/negotiate.ts'
import type { OpenFiles } from '../../http/body/open-files.ts'
import type { Reply, Validators } from '../../http/message/reply.ts'
import { createLru } from '../../core/util/lru.ts'
import { isSameState, isSettled } from '../../core/util/stat-state.ts'
import type { AccessPolicy } from '../access/access-policy.ts'
import { contentType } from './content-type.ts'
import { startsWith } from './first-bytes.ts'
import { openFile, type OpenFile } from './open-file.ts'
import { readStable, type StableContent } from './stable-read.ts'
import { missingOrThrow } from '../fs-errors.ts'
import { contentTag, representationHeaders, stateTag, wholeSecond, type CodedForm, type Form } from './validators.ts'
/** Largest file that is sent from memory, in bytes. Larger ones are streamed from their descriptor. */
const smallBytes = 512 * 1024

/** Bytes of a large file that decide its media type. */
const sampleBytes = 64 * 1024

/** Bytes of an entry without its content: header fields, stat, keys. */
const entryBytes = 1024

/** A file with its reply. */
export interface FileEntry {
  /** State in which it was read or opened. */
  readonly stat: BigIntStats
  /** Type and coding of the content. */
  readonly form: Form
  /** The whole representation; a large file's body owns a descriptor and is new each time. */
  readonly reply: Reply
  /** Whether a request has seen other content of the file. */
  readonly edited: boolean
  /** Facts that other modules keep about this state of the file. */
  readonly memory: { siblings?: unknown }
}

interface History {
  /** Whether a request has seen other content of the file. */
  readonly edited: boolean
  /** Last change of earlier content, in whole seconds (ms since 1970); the latest one. */
  readonly ambiguousUntil: number
}

interface Kept extends FileEntry, History {
  /** Content of a small file; undefined for a large one. */
  readonly bytes: Buffer | undefined
  /** Identifies the content, also when it cannot be sent as a validator yet. */
  readonly tag: string
  /** Whether an equal state means equal content, so that the reply can be sent again. */
  readonly settled: boolean
}

/** Options of {@link createFileCache}. */
export interface FileCacheOptions {
  readonly access: AccessPolicy
  /** Value of `Cache-Control`; the empty string sends none. */
  readonly cacheControl: string
  /** Most bytes in the cache. */
  readonly cacheBytes: number
  /** The files that the server is sending. */
  readonly openFiles: OpenFiles
}

/** Cached replies for files. */
export interface FileCache {
  /**
   * The entry of a file, from memory if the file has not changed.
   *
   * @param stat State for this request. It makes every edit visible at once.
   * @param coded Coding that the name promises, and the type of the decoded content; undefined for a file without
   *   coding, whose name and bytes decide its type. Bytes that are not in that coding count as a file without coding.
   * @returns undefined if the file is missing or not served.
   */
  fetch(path: string, stat: BigIntStats, coded?: CodedForm): FileEntry | undefined
  /** Changes how many bytes are kept. */
  resize(cacheBytes: number): void
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
    // Within a tick of the clock another file may have the same state, so an unsettled state proves nothing.
    const file = openFile(path, access, known?.settled === true ? known.stat : undefined)
    if (file === undefined) {
      entries.delete(key)
      return undefined
    }
    if (file.stat.size > limit) return keepLarge(key, coded, { path, ...file }, readAt, known)
    const content = readAndClose(file, limit)
    if (content !== undefined) return keepSmall(key, coded, content, readAt, known)
    // The file grew beyond the limit while it was read, which is rare: it is opened again.
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
    // A recent file is read for each request. Equal content keeps the first copy and its hash.
    const same = known?.bytes?.equals(content.bytes) === true ? known : undefined
    const tag = same?.tag ?? contentTag(content.bytes)
    const bytes = same?.bytes ?? content.bytes
    const form = same?.form ?? formOf(basename(key), coded, bytes, true)
    const past = history(tag, known)
    // A file that changes while it is read has no version that a validator could name.
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
    // The content is not hashed, and an unsettled state does not identify it: the reply has no validator.
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
    resize: entries.resize,
    clear: () => entries.clear(),
  }
}

/** The form of a file. Bytes that are not in the promised coding count as a file without coding. */
function formOf(fileName: string, coded: CodedForm | undefined, content: Uint8Array, isWhole: boolean): Form {
  const start = coded === undefined ? undefined : codingStart[coded.coding]
  if (coded !== undefined && (start === undefined || startsWith(content, start))) return coded
  return { type: contentType(fileName, content, isWhole), coding: undefined }
}

/** First bytes of gzip and zstd (RFC 1952 section 2.3.1, RFC 8878 section 3.1.1). Brotli has no fixed ones. */
const codingStart: Partial<Record<ContentCoding, string>> = { gzip: '\x1f\x8b', zstd: '\x28\xb5\x2f\xfd' }

function readSample({ fd }: OpenFile): Uint8Array {
  const head = Buffer.allocUnsafe(sampleBytes)
  try {
    return head.subarray(0, readSync(fd, head, 0, sampleBytes, 0))
  } catch {
    // Sending the file reports the error.
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

/** Facts that an entry keeps from the previous one. */
function history(tag: string, known: Kept | undefined): History {
  if (known === undefined) return { edited: false, ambiguousUntil: -Infinity }
  if (known.tag === tag) return { edited: known.edited, ambiguousUntil: known.ambiguousUntil }
  return { edited: true, ambiguousUntil: Math.max(known.ambiguousUntil, wholeSecond(known.stat)) }
}

/**
 * A date has whole seconds only. If an earlier version has the same or a later date, it cannot tell the two apart, and
 * only the entity tag is sent. Nor may the date be later than that of the reply (RFC 9110 section 8.8.2.1).
 */
function validatorsOf(stat: BigIntStats, etag: string, readAt: number, { ambiguousUntil }: History): Validators {
  const modified = wholeSecond(stat)
  return modified > readAt || modified <= ambiguousUntil ? { etag } : { etag, modified }
}
