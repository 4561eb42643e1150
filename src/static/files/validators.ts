import type { BigIntStats } from 'node:fs'
import type { HeaderList } from '../../http/message/headers.ts'
import type { ContentCoding } from '../../http/semantics/negotiate.ts'
import type { Validators } from '../../http/message/reply.ts'
import { hash128 } from '../../core/util/hash128.ts'

/** In which form a file is represented. */
export interface Form {
  /** Value of `Content-Type`. */
  readonly type: string
  /** Coding that the bytes are in (RFC 9110 section 8.4.1); undefined for a file as such. */
  readonly coding: ContentCoding | undefined
}

/** The form of bytes that are in a coding. */
export interface CodedForm extends Form {
  readonly coding: ContentCoding
}

/** The header fields of a file's representation. What its validators leave out is not sent. */
export function representationHeaders(form: Form, cacheControl: string, validators: Validators): HeaderList {
  const { etag, modified } = validators
  return Object.freeze([
    'Content-Type',
    form.type,
    'X-Content-Type-Options',
    'nosniff',
    ...(cacheControl === '' ? [] : ['Cache-Control', cacheControl]),
    ...(form.coding === undefined ? [] : ['Content-Encoding', form.coding, 'Vary', 'Accept-Encoding']),
    ...(etag === undefined ? [] : ['ETag', etag]),
    ...(modified === undefined ? [] : ['Last-Modified', new Date(modified).toUTCString()]),
    'Accept-Ranges',
    'bytes',
  ])
}

/** A strong entity tag from the content itself: the same bytes keep it across copies, builds and restarts. */
export function contentTag(bytes: Uint8Array): string {
  return entityTag(bytes)
}

/** A strong entity tag from the state of a file too large to hash; only for one that has settled. */
export function stateTag({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return entityTag(Buffer.from(`${dev} ${ino} ${size} ${mtimeNs} ${ctimeNs}`))
}

/** Milliseconds that a file must have rested before its state vouches for its content. */
const restMs = 2000

/**
 * Whether a file's state vouches for its content.
 *
 * File systems stamp times from a coarse clock: a timer tick on Linux, up to 2 s on FAT. A second edit
 * within the tick leaves size and times as they were, so a file that changed just before it was read
 * may have changed again since, invisibly. Once it was read 2 s after its last change, any later edit
 * must show. Times in the future (a clock that was set back, a foreign disk) never settle.
 *
 * @param readAt Milliseconds since 1970, before the reading began.
 */
export function isSettled({ mtimeNs, ctimeNs }: BigIntStats, readAt: number): boolean {
  const changedNs = mtimeNs > ctimeNs ? mtimeNs : ctimeNs
  return BigInt(readAt - restMs) * 1_000_000n >= changedNs
}

/** The time of last change as `Last-Modified` can state it: milliseconds of a whole second. */
export function wholeSecond({ mtimeNs }: BigIntStats): number {
  const seconds = mtimeNs / 1_000_000_000n
  return Number(mtimeNs < 0n && seconds * 1_000_000_000n !== mtimeNs ? seconds - 1n : seconds) * 1000
}

function entityTag(bytes: Uint8Array): string {
  return `"${hash128(bytes).toString('base64url')}"`
}
