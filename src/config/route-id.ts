import { formatHost } from '../core/util/ip.ts'
import { hidden, isSecretName, redactField, redactUrl } from '../core/util/secret.ts'
import { quote } from './diagnostic.ts'
import type { ResolvedCondition, ResolvedMatch } from './route-types.ts'

/** Most characters of an id of the user. */
const mostCharacters = 200

/**
 * The id of a route that has none of its own: its match, written like a key of `proxy`, with its methods in front and its
 * other conditions behind, numbered where another route has the same text.
 *
 * @param taken The ids of other routes.
 * @internal
 */
export function routeId(match: ResolvedMatch, taken: { has(id: string): boolean }): string {
  const text = matchText(match)
  let id = text
  for (let number = 2; taken.has(id); number++) id = `${text} #${number}`
  return id
}

/** What is wrong with an id of the user, and what to write; undefined if nothing is. @internal */
export function idProblem(id: string): readonly [message: string, hint: string] | undefined {
  if (id === '') return ['the id is empty', 'name the route, or leave it out']
  if (/[\x00-\x1f\x7f-\x9f]/.test(id))
    return [`${quote(id)} has control characters`, 'use letters, digits, hyphens and slashes']
  if (id !== id.trim()) return [`${quote(id)} begins or ends with a space`, `use ${quote(id.trim())}`]
  if (id.length <= mostCharacters) return undefined
  return [`the id has ${id.length} characters`, `use at most ${mostCharacters}`]
}

/** A match without the credentials that it expects of clients. @internal */
export function publicMatch(match: ResolvedMatch): ResolvedMatch {
  return {
    ...match,
    headers: redactConditions(match.headers, redactField),
    // As in the field Cookie, each of them may be a session.
    cookies: redactConditions(match.cookies, () => hidden),
    query: redactConditions(match.query, (name, value) => (isSecretName(name) ? hidden : redactUrl(value))),
  }
}

function redactConditions(
  conditions: readonly ResolvedCondition[],
  redact: (name: string, value: string) => string,
): readonly ResolvedCondition[] {
  return conditions.map(([name, expected]) => [name, typeof expected === 'string' ? redact(name, expected) : expected])
}

/** `POST docs.localhost/api [exact, header x-canary=1]`. Ids stand in logs, so secrets are left out. */
function matchText(match: ResolvedMatch): string {
  const { kind, path, host, listeners, methods, headers, cookies, query } = publicMatch(match)
  const named = host === undefined ? '' : host.startsWith('.') ? `*${host}` : formatHost(host)
  const isHostAlone = named !== '' && path === '/' && kind === 'prefix'
  const where = isHostAlone ? named : named + readable(path)
  const conditions = [
    ...(kind === 'exact' ? ['exact'] : []),
    ...(listeners.length === 0 ? [] : [`listener ${listeners.toSorted().map(plainOr).join(',')}`]),
    ...headers.map((each) => conditionText('header', each)),
    ...cookies.map((each) => conditionText('cookie', each)),
    ...query.map((each) => conditionText('query', each)),
  ]
  const method = methods.length === 0 ? '' : `${methods.toSorted().join(',')} `
  return `${method}${where}${conditions.length === 0 ? '' : ` [${conditions.join(', ')}]`}`
}

function conditionText(kind: string, [name, expected]: ResolvedCondition): string {
  const what = `${kind} ${plainOr(name)}`
  if (typeof expected === 'boolean') return expected ? what : `${what} absent`
  return `${what}=${plainOr(expected)}`
}

/** Text as it is where it is a short word, else quoted. */
function plainOr(text: string): string {
  return text === hidden || /^[\w.~:/+@*-]{1,60}$/.test(text) ? text : quote(text)
}

/** A path with its letters beyond ASCII as letters. */
function readable(path: string): string {
  return path.replace(/(?:%[89A-F][\dA-F])+/g, (octets) => {
    try {
      return decodeURIComponent(octets)
    } catch {
      return octets
    }
  })
}
