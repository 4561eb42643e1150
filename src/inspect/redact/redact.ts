import { redactAuthority } from '../../core/util/secret.ts'
import { withoutStamp } from '../../http/message/request-target.ts'
import type { RecordedExchange, RecordedMessage } from '../types.ts'
import { redactContent, redactUntyped, type RedactedContent } from './content.ts'
import { redactFieldList } from './fields.ts'
import { redactAddress } from './json.ts'
import { KnownSecrets, type Redactor } from './marks.ts'
import { redactShapes } from './shapes.ts'

export { createRedactor, type Redactor } from './marks.ts'

/** A message without secrets. Its content is decoded. */
export interface RedactedMessage extends RecordedMessage {
  /** Why the content is withheld; empty if it is not. */
  readonly withheld: string
  /** Bytes of the header section as it was received, with the empty line; undefined where that is not known. */
  readonly headBytes: number | undefined
}

/** An exchange without secrets, which may leave the server. */
export interface RedactedExchange extends RecordedExchange {
  readonly request: RedactedMessage
  readonly reply: (RedactedMessage & { readonly status: number }) | undefined
}

/**
 * An exchange without secrets: placeholders stand for them, the same for the same secret. What is not read is not
 * redacted, so that heads cost little.
 *
 * @param raw As it was recorded, with its secrets.
 */
export function redactExchange(raw: RecordedExchange, redactor: Redactor): RedactedExchange {
  const known = new KnownSecrets(redactor)
  const { mark } = known
  const text = (found: string): string =>
    found === '' ? found : known.replaceIn(redactShapes(redactAddress(found, mark), mark))
  const fields = (list: readonly string[]): string[] =>
    list.map((each, i) => (i % 2 === 0 ? each : known.replaceIn(each)))
  // All of the head first: one field may repeat the secret of another.
  const requestFields = redactFieldList(raw.request.headers, known)
  const target = isAuthority(raw) ? redactAuthority(raw.target, mark) : text(withoutStamp(raw.target))
  const replyFields = redactFieldList(raw.reply?.headers ?? [], known)
  const request = Object.assign(redactedMessage(raw.request, fields(requestFields), known), {
    headBytes: headBytesOf(raw),
  })
  const reply =
    raw.reply === undefined
      ? undefined
      : Object.assign(
          redactedMessage(raw.reply, fields(replyFields), known, () => request.withheld),
          // Node adds fields of its own.
          { status: raw.reply.status, headBytes: undefined },
        )
  return {
    ...raw,
    target: known.replaceIn(target),
    authority: redactAuthority(raw.authority, mark),
    request,
    reply,
    user: raw.user,
    forwarded: raw.forwarded.map((each) => ({
      ...each,
      target: text(each.target),
      headers: fields(redactFieldList(each.headers, known)),
      replyHeaders: fields(redactFieldList(each.replyHeaders, known)),
    })),
    reason: text(raw.reason),
    remark: text(raw.remark),
    upstream: text(raw.upstream),
  }
}

/** The text of a message of a WebSocket without secrets. */
export function redactMessageText(text: string, redactor: Redactor): string {
  const latin1 = Buffer.from(text).toString('latin1')
  return Buffer.from(redactUntyped(latin1, new KnownSecrets(redactor)), 'latin1').toString()
}

function isAuthority({ method }: RecordedExchange): boolean {
  return method === 'CONNECT'
}

/** HTTP/1.1 has a line for the request, then one for each field, and an empty one. */
function headBytesOf({ version, method, target, request: { headers } }: RecordedExchange): number | undefined {
  if (version === '2' || method === '-') return undefined
  const line = `${method} ${target} HTTP/${version}\r\n`.length
  return headers.reduce((sum, text) => sum + text.length + 2, line) + 2
}

/** @param before Reads what must be redacted first, since its secrets may be repeated here. */
function redactedMessage(
  raw: RecordedMessage,
  headers: readonly string[],
  known: KnownSecrets,
  before?: () => unknown,
): Omit<RedactedMessage, 'headBytes'> {
  let result: RedactedContent | undefined
  const redacted = (): RedactedContent => {
    before?.()
    return (result ??= redactContent(raw.content, raw.headers, raw.content.byteLength >= raw.bytes, known))
  }
  return {
    headers,
    bytes: raw.bytes,
    get content() {
      return redacted().content
    },
    get withheld() {
      return redacted().withheld
    },
    get trailers() {
      return redactFieldList(raw.trailers, known).map((each) => known.replaceIn(each))
    },
  }
}
