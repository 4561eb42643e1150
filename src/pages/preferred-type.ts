import Negotiator from 'negotiator'

const remembered = new Map<string, string>()
const rememberedAtMost = 128

/**
 * The offered media type that a request prefers (RFC 9110 section 12.5.1): the first on a tie, with no
 * `Accept`, and when none is acceptable, because an error or a list in another format beats a bare 406.
 */
export function preferredType<Type extends string>(
  accept: string | undefined,
  offered: readonly [Type, ...Type[]],
): Type {
  if (accept === undefined) return offered[0]
  // Browsers send a handful of values, so the answer is looked up. A long one is not worth keeping.
  const key = `${offered[0]} ${accept}`
  const known = remembered.get(key)
  if (known !== undefined) return known as Type
  const [best = offered[0]] = new Negotiator({ headers: { accept } }).mediaTypes([...offered])
  if (remembered.size >= rememberedAtMost) remembered.clear()
  if (accept.length <= 256) remembered.set(key, best)
  return best as Type
}
