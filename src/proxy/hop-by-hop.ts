import { hopByHopFields } from '../http/message/field-classes.ts'
import type { HeaderList } from '../http/message/headers.ts'

/** The members of a comma-separated field (RFC 9110 section 5.6.1) in lower case, from every line of it. */
export function fieldTokens(list: HeaderList, name: string): string[] {
  const tokens: string[] = []
  for (let i = 0; i < list.length; i += 2) {
    if ((list[i] as string).toLowerCase() !== name) continue
    for (const token of (list[i + 1] as string).split(',')) {
      const trimmed = token.trim().toLowerCase()
      if (trimmed !== '') tokens.push(trimmed)
    }
  }
  return tokens
}

/** The end-to-end fields of a message: without hop-by-hop fields and those that its `Connection` field names. */
export function withoutHopByHop(list: HeaderList): string[] {
  const nominated = fieldTokens(list, 'connection')
  const kept: string[] = []
  for (let i = 0; i < list.length; i += 2) {
    const name = (list[i] as string).toLowerCase()
    if (!hopByHopFields.has(name) && !nominated.includes(name)) kept.push(list[i] as string, list[i + 1] as string)
  }
  return kept
}
