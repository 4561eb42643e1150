import type { Exchange, Handler } from '../../http/message/exchange.ts'
import type { compileTexts } from '../../http/message/compile-texts.ts'
import type { Reply } from '../../http/message/reply.ts'
import type { KindTools } from './kind.ts'

/** Stands for how the client addressed this server. */
export const placeholder: RegExp = /\{(origin|host|port)\}/g

/** Whether a handler has to fill one of several texts for each exchange. */
export function hasPlaceholder(texts: readonly string[]): boolean {
  return texts.some((text) => text.search(placeholder) !== -1)
}

/** Makes replies of texts whose placeholders are filled for each exchange. What fills them is loaded with the first one. */
export function addressed(
  texts: readonly string[],
  isSecure: KindTools['isSecure'],
  make: (texts: readonly string[], x: Exchange) => Reply,
): Handler {
  if (!hasPlaceholder(texts)) return (x) => make(texts, x)
  let fill: ReturnType<typeof compileTexts> | undefined
  return async (x) => {
    fill ??= (await import('../../http/message/compile-texts.ts')).compileTexts(texts)
    return make(fill(x.authority, isSecure(x)), x)
  }
}
