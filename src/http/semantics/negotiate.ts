/** A content coding that the server can make, or find beside a file (RFC 9110 section 8.4.1, RFC 8878). */
export type ContentCoding = 'br' | 'zstd' | 'gzip'

/** The weight of each coding: 0 refuses it, undefined where the field does not name it. */
type Weights = Readonly<Record<ContentCoding | 'identity' | '*', number | undefined>>

const remembered = new Map<string, Weights>()
const rememberedAtMost = 64
const rememberedLength = 256

/**
 * Chooses the content coding of a reply (RFC 9110 section 12.5.3).
 *
 * The coding with the highest weight wins, among equals the earlier one of `available`. `identity` wins only if it is
 * preferred, or no other coding is accepted.
 *
 * @param acceptEncoding The `Accept-Encoding` field; without it the result is `identity`.
 * @param available Codings on offer, the preferred one first.
 * @returns undefined when none is acceptable, not even `identity`.
 */
export function chooseEncoding(
  acceptEncoding: string | undefined,
  available: readonly ContentCoding[],
): ContentCoding | 'identity' | undefined {
  if (acceptEncoding === undefined) return 'identity'
  const weights = weightsOf(acceptEncoding)
  let best: ContentCoding | undefined
  let highest = 0
  for (const coding of available) {
    const weight = weights[coding] ?? weights['*'] ?? 0
    if (weight > highest) {
      best = coding
      highest = weight
    }
  }
  const identity = weights.identity ?? weights['*']
  if (best !== undefined && highest >= (identity ?? 0)) return best
  return identity === 0 ? undefined : 'identity'
}

/** Clients repeat a few values, so parsed fields are cached. */
function weightsOf(field: string): Weights {
  const known = remembered.get(field)
  if (known !== undefined) return known
  const weights = parseWeights(field)
  if (field.length <= rememberedLength) {
    if (remembered.size >= rememberedAtMost) remembered.clear()
    remembered.set(field, weights)
  }
  return weights
}

const member = /^[\t ]*([!#$%&'*+.^_`|~\w-]+)[\t ]*(?:;[\t ]*q=([01](?:\.\d*)?|\.\d+)[\t ]*)?$/i

/** Ignores malformed members. A repeated coding gets the lower weight. */
function parseWeights(field: string): Weights {
  const weights = new Map<string, number>()
  for (const text of field.split(',')) {
    const parts = member.exec(text)
    if (parts === null) continue
    const weight = parts[2] === undefined ? 1 : Number(parts[2])
    if (!(weight <= 1)) continue
    const name = (parts[1] as string).toLowerCase()
    // RFC 9110 section 8.4.1.3: x-gzip is gzip.
    const coding = name === 'x-gzip' ? 'gzip' : name
    weights.set(coding, Math.min(weights.get(coding) ?? 1, weight))
  }
  return {
    br: weights.get('br'),
    zstd: weights.get('zstd'),
    gzip: weights.get('gzip'),
    identity: weights.get('identity'),
    '*': weights.get('*'),
  }
}
