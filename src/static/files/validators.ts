import type { BigIntStats } from 'node:fs'
import type { HeaderList } from '../../http/message/headers.ts'
import type { ContentCoding } from '../../http/semantics/negotiate.ts'
import type { Validators } from '../../http/message/reply.ts'
import { hash128 } from '../../core/util/hash128.ts'
import { stateText } from '../../core/util/stat-state.ts'

/** The media type and coding of a representation. */
export interface Form {
  /** Value of `Content-Type`. */
  readonly type: string
  /** Coding of the bytes (RFC 9110 section 8.4.1); undefined for none. */
  readonly coding: ContentCoding | undefined
}

/** A form with a coding. */
export interface CodedForm extends Form {
  readonly coding: ContentCoding
}

/** The header fields of a representation. Fields of absent validators are left out. */
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

/** A strong entity tag of the content: equal bytes have the same tag across copies, builds and restarts. */
export function contentTag(bytes: Uint8Array): string {
  return entityTag(bytes)
}

/** A strong entity tag of the state, for a file too large to hash. Valid only for a settled state. */
export function stateTag(stat: BigIntStats): string {
  return entityTag(Buffer.from(stateText(stat)))
}

/** The time of the last change in milliseconds, rounded down to whole seconds as in `Last-Modified`. */
export function wholeSecond({ mtimeNs }: BigIntStats): number {
  const seconds = mtimeNs / 1_000_000_000n
  return Number(mtimeNs < 0n && seconds * 1_000_000_000n !== mtimeNs ? seconds - 1n : seconds) * 1000
}

function entityTag(bytes: Uint8Array): string {
  return `"${hash128(bytes).toString('base64url')}"`
}
