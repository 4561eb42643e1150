import * as v from 'valibot'
import { redactFields } from '../../core/util/secret.ts'
import { getField } from '../../http/message/headers.ts'
import type { Reply } from '../../http/message/reply.ts'
import { plainText, recordOf } from '../options/shapes.ts'
import { addField, flatten, type Fields } from '../values/headers.ts'
import type { RouteKind } from './kind.ts'
import { addressed, hasPlaceholder, nearMisses } from './placeholders.ts'

/** The key of a route that sends a fixed reply. */
export interface ReplyKeys {
  /**
   * A fixed reply. In `headers`, `body` and `json`, `{origin}`, `{host}` and `{port}` are those by which the client addressed this
   * server: `https://docs.localhost:8443`, `docs.localhost` and `8443`. `{base}` is the option `base` without its last slash.
   * `{{host}}` is sent as `{host}`.
   */
  readonly reply?:
    | {
        /** From 200 to 599. Default 200. */
        readonly status?: number | undefined
        readonly headers?: Readonly<Record<string, string | undefined>> | undefined
        /** Text, of the type `text/plain` unless `headers` has another. Default none. */
        readonly body?: string | undefined
        /** A value to send as JSON, instead of `body`. */
        readonly json?: unknown
      }
    | undefined
}

/** A fixed reply. */
export interface ReplyAction {
  readonly kind: 'reply'
  readonly status: number
  readonly headers: readonly string[]
  readonly body: string
}

const status = v.pipe(
  v.number('a status'),
  v.integer('a status'),
  v.minValue(200, 'a status from 200 to 599'),
  v.maxValue(599, 'a status from 200 to 599'),
)

/** @internal */
export const replyKind: RouteKind<ReplyKeys, ReplyAction> = {
  keys: {
    reply: v.strictObject(
      {
        status: v.optional(status),
        headers: v.optional(recordOf(plainText, 'an object of fields')),
        body: v.optional(plainText),
        json: v.optional(v.unknown()),
      },
      'an object',
    ),
  },
  resolve({ reply = {} }, path, { base, problems }) {
    const { status: code = 200, headers = {}, body = '', json } = reply
    const fields: Fields = new Map()
    for (const [name, value] of Object.entries(headers)) {
      addField(fields, name, value && withBase(value, base), [...path, 'reply', 'headers'], problems)
    }
    if (json === undefined) return { kind: 'reply', status: code, headers: flatten(fields), body: withBase(body, base) }
    const at = [...path, 'reply', 'json']
    const text = jsonText(json)
    if (text === undefined)
      problems.push({ path: at, message: 'the value is not JSON', hint: 'use what JSON can hold' })
    if (body !== '') problems.push({ path: at, message: 'cannot be combined with body', hint: 'remove one of them' })
    const typed = fields.has('content-type') ? [] : jsonFields
    return { kind: 'reply', status: code, headers: [...typed, ...flatten(fields)], body: withBase(text ?? '', base) }
  },
  handle({ status: code, headers, body }, { isSecure }) {
    const texts = [body, ...headers]
    const typed = ['Content-Type', 'text/plain; charset=utf-8', 'X-Content-Type-Options', 'nosniff']
    const own = getField(headers, 'content-type') === undefined && body !== '' ? typed : []
    // A shared cache that ignores the port would give one client the port of another.
    if (hasPlaceholder(texts) && getField(headers, 'cache-control') === undefined) own.push('Cache-Control', 'no-store')
    const make = ([text = '', ...fields]: readonly string[]): Reply => ({
      status: code,
      headers: [...own, ...fields],
      body: text === '' ? null : Buffer.from(text),
    })
    if (hasPlaceholder(texts)) return addressed(texts, isSecure, make)
    const reply = Object.freeze(make(texts))
    return () => reply
  },
  redact: (action) => ({ ...action, headers: redactFields(action.headers) }),
  describe: ({ status: code }) => `reply ${code}`,
  // Words in braces that are nearly placeholders. Other braces belong to the text.
  warnings: ({ body, headers }, id) =>
    nearMisses([body, ...headers].join('\n'), placeholders).map(({ written, meant }) => ({
      code: 'W8008_PLACEHOLDER',
      message: `The reply of the route ${id} sends ${written} ${written === `$\{${meant}}` ? 'with its $' : 'as it is'}.`,
      hint: `did you mean {${meant}}? The placeholders are {origin}, {host}, {port} and {base}`,
    })),
  phrase: ({ status: code }) => ['answers', 'answered', String(code)],
  settings: ({ headers, body }) => ({ headers, body }),
}

const placeholders = ['origin', 'host', 'port', 'base']

const jsonFields = ['Content-Type', 'application/json', 'X-Content-Type-Options', 'nosniff']

/** Text with the base, which has nothing that fields or JSON would have to escape, for `{base}`. */
function withBase(text: string, base: string): string {
  return text.replace(/\{(\{base\})\}|\{base\}/g, (_, escaped?: string) => escaped ?? base.slice(0, -1))
}

/** A value as JSON; undefined where a part of it has no form there, and would be left out or become null. */
function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value, (_key, part: unknown) => {
      if (
        typeof part === 'function' ||
        typeof part === 'symbol' ||
        (typeof part === 'number' && !Number.isFinite(part))
      )
        throw new TypeError('It has no JSON form.')
      return part
    })
  } catch {
    return undefined
  }
}
