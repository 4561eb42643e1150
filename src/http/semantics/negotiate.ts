/** A content coding that we can make or find beside a file (RFC 9110 section 8.4.1, RFC 8878). */
export type ContentCoding = 'br' | 'zstd' | 'gzip'

/** What a request makes of each coding: 0 refuses it, undefined says nothing about it. */
type Weights = Readonly<Record<ContentCoding | 'identity' | '*', number | undefined>>

const remembered = new Map<string, Weights>()
const rememberedAtMost = 64
const rememberedLength = 256

/**
 * The content coding to answer with (RFC 9110 section 12.5.3).
 *
 * The coding with the highest weight wins, the earlier one of `available` among equals; `identity` wins
 * only when it is preferred or nothing else is accepted.
 *
 * @param acceptEncoding The `Accept-Encoding` field; when absent the answer is `identity`.
 * @param available Codings on offer, the one we like best first.
 * @returns undefined when nothing is acceptable, not even `identity`.
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

/** Clients send a handful of values again and again, so the parsed form is looked up. */
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

/** Members that are not well-formed say nothing; where a coding is named twice the lower weight holds. */
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
