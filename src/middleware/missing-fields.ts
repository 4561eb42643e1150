import { getField, type HeaderList } from '../http/message/headers.ts'
import type { Reply } from '../http/message/reply.ts'

/** Adds the fields that a reply does not have. The same reply if it has all of them. */
export function withMissingFields(reply: Reply, fields: HeaderList): Reply {
  const headers = [...reply.headers]
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string
    if (getField(reply.headers, name.toLowerCase()) === undefined) headers.push(name, fields[i + 1] as string)
  }
  return headers.length === reply.headers.length ? reply : { ...reply, headers }
}
