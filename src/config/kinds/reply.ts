import * as v from 'valibot'
import { redactFields } from '../../core/util/secret.ts'
import { plainText, recordOf } from '../options/shapes.ts'
import { addField, flatten, type Fields } from '../values/headers.ts'
import type { RouteKind } from './kind.ts'

/** The key of a route that sends a fixed reply. */
export interface ReplyKeys {
  /** A fixed reply. */
  readonly reply?:
    | {
        readonly status?: number | undefined
        readonly headers?: Readonly<Record<string, string | undefined>> | undefined
        readonly body?: string | undefined
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
      },
      'an object',
    ),
  },
  resolve({ reply }, path, { problems }) {
    const fields: Fields = new Map()
    for (const [name, value] of Object.entries(reply?.headers ?? {})) {
      addField(fields, name, value, [...path, 'reply', 'headers'], problems)
    }
    return { kind: 'reply', status: reply?.status ?? 200, headers: flatten(fields), body: reply?.body ?? '' }
  },
  redact: (action) => ({ ...action, headers: redactFields(action.headers) }),
  text: ({ status: code }) => `reply ${code}`,
  phrase: ({ status: code }) => ['answers', 'answered', String(code)],
  settings: ({ headers, body }) => ({ headers, body }),
}
