import type { HttpReply } from './reply.ts'
import { levels, malformed, missing, strongest, type Match, type Rule } from './rules.ts'

/** What is known when the next requests are chosen. */
export interface Progress {
  readonly rules: readonly Rule[]
  readonly replies: ReadonlyMap<string, HttpReply>
  readonly asked: ReadonlySet<string>
  readonly matches: readonly Match[]
  readonly port: number
}

/**
 * The requests that are worth sending, the most promising first: those of products that the command line names, then those
 * that a reply hints at, then those of the port's habit, then what is asked of every server that is still unknown.
 */
export function nextAsks(progress: Progress): string[] {
  const { rules, replies, asked, matches, port } = progress
  const best = strongest(matches)
  const isProven = best !== undefined && levels.indexOf(best.level) <= levels.indexOf('page')
  const named = new Set(matches.filter(({ level }) => level === 'command').map(({ product }) => product))
  // A refusal of what is no HTTP says nothing about the addresses of the server.
  const heard = [...replies].flatMap(([ask, { head, body }]) => (ask === malformed ? [] : [`${head}\n\n${body}`]))
  const scores = new Map<string, number>()
  for (const { ask, product, level, when, ports = [] } of rules) {
    if (ask === '*' || asked.has(ask)) continue
    // A weaker rule of another product changes nothing; one of the same product may know its version.
    const isBetter = best === undefined || levels.indexOf(level) < levels.indexOf(best.level)
    if (!isBetter && product !== best.product && level !== best.level) continue
    if (!isBetter && product === best.product && best.version !== undefined) continue
    const isHinted = when instanceof RegExp && heard.some((text) => when.test(text))
    const habit = ports.includes(port) && !isProven
    const score = named.has(product) ? 4 : isHinted ? 3 : habit ? 2 : when === 'unknown' && !isProven ? 1 : 0
    if (score > 0) scores.set(ask, Math.max(score, scores.get(ask) ?? 0))
  }
  if (!isProven) for (const ask of [missing, 'GET /']) if (!asked.has(ask)) scores.set(ask, 5)
  return [...scores].toSorted(([, one], [, other]) => other - one).map(([ask]) => ask)
}
