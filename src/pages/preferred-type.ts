// Only what reads `Accept`: the whole package is twice as large, and every start reads it.
// @ts-expect-error: negotiator types its entry only.
import preferredMediaTypes from 'negotiator/lib/mediaType.js'

type PreferredMediaTypes = <Type extends string>(accept: string, offered: readonly Type[]) => Type[]

const remembered = new Map<string, string>()
const rememberedAtMost = 128

/**
 * The offered media type that a request prefers (RFC 9110 section 12.5.1). The first on a tie, without `Accept`, and
 * when none is acceptable: an error or a list in another format is more useful than a 406.
 */
export function preferredType<Type extends string>(
  accept: string | undefined,
  offered: readonly [Type, ...Type[]],
): Type {
  if (accept === undefined) return offered[0]
  // Clients repeat a few values. Long ones are not kept, so that the memory is bounded.
  const key = `${offered[0]} ${accept}`
  const known = remembered.get(key)
  if (known !== undefined) return known as Type
  const [best = offered[0]] = (preferredMediaTypes as PreferredMediaTypes)(simplified(accept), offered)
  if (remembered.size >= rememberedAtMost) remembered.clear()
  if (accept.length <= 256) remembered.set(key, best)
  return best
}

/**
 * `Accept` without parameters other than weights, such as `charset`, and with the types of JSON (RFC 6839 section 3.1)
 * as `application/json`: a client of `application/vnd.api+json; version=1` reads JSON.
 */
function simplified(accept: string): string {
  return accept
    .replaceAll(/"[^"]*"|;(?!\s*q\s*=)[^;,"]*/gi, '')
    .replaceAll(/application\/[\w.*+-]+\+json(?=\s*[;,]|\s*$)/gi, 'application/json')
}
