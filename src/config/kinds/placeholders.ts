import { nearest } from '../diagnostic.ts'
import type { Exchange, Handler } from '../../http/message/exchange.ts'
import type { compileTexts } from '../../http/message/compile-texts.ts'
import type { Reply } from '../../http/message/reply.ts'
import type { KindTools } from './kind.ts'

/** Stands for how the client addressed this server. */
export const placeholder: RegExp = /\{(origin|host|port)\}/g

/** A word in braces that was probably meant as a placeholder. */
export interface NearMiss {
  readonly written: string
  readonly meant: string
}

/** A dollar, blanks, a word and blanks. Doubled braces are sent as single ones. */
const inBraces = /(?<!\{)(\$?)\{( *)([a-z]{3,8})( *)\}/gi

/**
 * Words in braces that are nearly one of the placeholders with these names: `{orign}`, `{Host}`, `{hostname}`, `{ port }`,
 * `${host}`. Other braces belong to the text.
 */
export function nearMisses(text: string, names: readonly string[]): NearMiss[] {
  const found = new Map<string, string>()
  for (const [written, dollar = '', left = '', word = '', right = ''] of text.matchAll(inBraces)) {
    const isExact = names.includes(word)
    if (isExact && dollar + left + right === '') continue
    const near = word.toLowerCase() === 'hostname' ? 'host' : nearest(word, names)
    // Between blanks a word may be code. One with another first letter is one of its own: {post}, {cost}.
    const isNear = left + right === '' && near?.[0] === word[0]?.toLowerCase()
    const meant = isExact ? word : isNear ? near : undefined
    if (meant !== undefined) found.set(written, meant)
  }
  return [...found].map(([written, meant]) => ({ written, meant }))
}

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
