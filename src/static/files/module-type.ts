import type { Exchange } from '../../http/message/exchange.ts'
import { getField, withField, withVary } from '../../http/message/headers.ts'
import { memoizeReply, type Reply } from '../../http/message/reply.ts'
import { variantOf } from '../../http/semantics/variant.ts'

/** Names that are text to a reader and a module to the page that imports them. */
const moduleName = /\.(?:[cm]?ts|[jt]sx)$/i

/** Destinations whose content a browser runs (Fetch standard section 2.2.5, "script-like"). */
const scriptLike: ReadonlySet<string> = new Set([
  'script',
  'worker',
  'sharedworker',
  'serviceworker',
  'audioworklet',
  'paintworklet',
])

/**
 * A source as what it is asked for: a browser that imports `main.ts` takes a JavaScript type alone, and with any other
 * says nothing of what it found there.
 *
 * Towards plain HTTP of other names than localhost browsers send no destination. The `Accept` tells there: a navigation
 * names `text/html`, and a script is asked for with anything alone (Fetch standard section 4).
 */
export function asModule(reply: Reply, fileName: string, { headers }: Exchange): Reply {
  if (!moduleName.test(fileName)) return reply
  if (getField(reply.headers, 'content-type')?.startsWith('text/plain') !== true) return reply
  const destination = headers.get('sec-fetch-dest')
  if (destination !== undefined) return scriptLike.has(destination) ? script(reply) : varied(reply)
  return variedByAccept(headers.get('accept')?.trim() === '*/*' ? script(reply) : varied(reply))
}

const varied = memoizeReply((reply) => ({ ...reply, headers: withVary(reply.headers, 'Sec-Fetch-Dest') }))
const variedByAccept = memoizeReply((reply) => ({ ...reply, headers: withVary(reply.headers, 'Accept') }))

const script = memoizeReply((reply) => {
  const type = getField(reply.headers, 'content-type')?.replace(/^[^;]*/, 'text/javascript') ?? ''
  return varied(variantOf(reply, withField(reply.headers, 'Content-Type', type), 'script'))
})
