import type { Exchange } from '../../http/message/exchange.ts'
import { getField, withField, withVary } from '../../http/message/headers.ts'
import { memoizeReply, type Reply } from '../../http/message/reply.ts'
import { variantOf } from '../../http/semantics/variant.ts'

/** Names of sources that pages import as modules. */
const moduleName = /\.(?:[cm]?ts|[jt]sx)$/i

/** Destinations whose content browsers run (Fetch standard section 2.2.5, "script-like"). */
const scriptLike: ReadonlySet<string> = new Set([
  'script',
  'worker',
  'sharedworker',
  'serviceworker',
  'audioworklet',
  'paintworklet',
])

/**
 * The reply with a JavaScript type if a page imports the file: browsers run `main.ts` only with such a type, and report
 * otherwise nothing about its content.
 *
 * To plain HTTP on names other than localhost, browsers send no destination. There `Accept` decides: a navigation has
 * `text/html`, and the request for a script has only a wildcard (Fetch standard section 4).
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
