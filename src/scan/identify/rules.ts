import { printable } from '../../core/util/sanitize.ts'
import { fieldOf, type HttpReply } from './reply.ts'

/**
 * How much a match proves, the most first. Status codes prove nothing: many servers answer every path alike.
 *
 * - `path`: the reply to an address that only this product answers in this form
 * - `field`: a header field that names the product
 * - `page`: text of a page that only this product writes
 * - `command`: the command line of the process
 * - `platform`: what the product is built with or stands behind, such as Express or nginx; it names the product only when
 *   nothing else does
 */
export const levels = ['path', 'field', 'page', 'command', 'platform'] as const
export type Level = (typeof levels)[number]

/** A path that no server has, for its page of missing files. */
export const missing = 'GET /no-such-page-8008'

/** Sent as one line that is no HTTP: a server refuses it at once, in its own words, even while its pages hang. */
export const malformed = 'a malformed request'

/** One way to recognise a product. Every pattern that is given must match; the group `version` of any of them is the version. */
export interface Rule {
  /** Its name as its users know it. The group `product` of `head` replaces it. */
  readonly product: string
  /** The request whose reply tells, as method and path; `*` for any that was sent. */
  readonly ask: string
  readonly level: Level
  /** Tested against the status line and the field lines. */
  readonly head?: RegExp
  readonly body?: RegExp
  /**
   * When the request is worth sending. A pattern: when the replies to the first two requests match. `unknown`: when nothing
   * else names the product.
   */
  readonly when?: RegExp | 'unknown'
  /** Ports where the product often listens, which makes its request worth sending. */
  readonly ports?: readonly number[]
}

/** A way to recognise a product by the command line of its process. */
export interface CommandRule {
  readonly product: string
  readonly command: RegExp
}

/** A rule that matched. */
export interface Match {
  readonly product: string
  readonly level: Level
  readonly version: string | undefined
  /** One printable line for people. */
  readonly evidence: string
}

/** Longest line of evidence. */
const evidenceLength = 120

/** The rules that match the replies, in the order of the table. */
export function matchReplies(rules: readonly Rule[], replies: ReadonlyMap<string, HttpReply>): Match[] {
  return rules.flatMap((rule) => {
    const asked = rule.ask === '*' ? [...replies.keys()] : [rule.ask]
    for (const ask of asked) {
      const reply = replies.get(ask)
      const match = reply === undefined ? undefined : matchReply(rule, ask, reply)
      if (match !== undefined) return [match]
    }
    return []
  })
}

function matchReply({ product, level, head, body }: Rule, ask: string, reply: HttpReply): Match | undefined {
  const inHead = head?.exec(reply.head)
  const inBody = body?.exec(reply.body)
  if (inHead === null || inBody === null) return undefined
  const version = inHead?.groups?.['version'] ?? inBody?.groups?.['version']
  const said = inBody?.[0] ?? lineOf(reply.head, inHead?.index ?? 0)
  const name = inHead?.groups?.['product'] ?? product
  return { product: name, level, version: shownVersion(version), evidence: evidenceOf(ask, reply, said) }
}

/** The rules that match the command line of the process. */
export function matchCommand(rules: readonly CommandRule[], command: string | undefined): Match[] {
  if (command === undefined) return []
  return rules.flatMap(({ product, command: pattern }) => {
    const found = pattern.exec(command)
    if (found === null) return []
    const version = shownVersion(found.groups?.['version'])
    return [{ product, level: 'command' as const, version, evidence: printable(`process: ${command}`, evidenceLength) }]
  })
}

/**
 * The product that the matches prove: by level, among equals the one that the command names too, then in the order of the
 * table. Undefined without a match.
 */
export function strongest(matches: readonly Match[]): Match | undefined {
  const named = new Set(matches.filter(({ level }) => level === 'command').map(({ product }) => product))
  for (const level of levels) {
    const equals = matches.filter((match) => match.level === level)
    const best = equals.find(({ product }) => named.has(product)) ?? equals[0]
    if (best !== undefined) return best
  }
  return undefined
}

/** `GET /: 200 text/html, "<title>Grafana</title>"`. */
export function evidenceOf(ask: string, reply: HttpReply, said?: string): string {
  const type = fieldOf(reply, 'content-type').split(';')[0] as string
  const facts = [
    `${reply.status} ${type}`.trim(),
    ...(said === undefined || said.startsWith('HTTP/') ? [] : [quote(said)]),
  ]
  return printable(`${ask}: ${facts.join(', ')}`, evidenceLength)
}

function quote(text: string): string {
  const line = text.trim().replaceAll(/\s+/g, ' ')
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}

function lineOf(text: string, index: number): string {
  return text.slice(text.lastIndexOf('\n', index) + 1, (text.indexOf('\n', index) + 1 || text.length + 1) - 1)
}

function shownVersion(version: string | undefined): string | undefined {
  return version === undefined ? undefined : printable(version, 40)
}
