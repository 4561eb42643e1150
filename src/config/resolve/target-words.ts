import type { ProxyOptions, ProxyTarget } from '../kinds/proxy-types.ts'
import type { Checked } from '../plain-object.ts'
import { nearest, quote, type Problem } from '../diagnostic.ts'
import { resolveTimeout } from '../values/times.ts'

const words = ['changeOrigin', 'insecure', 'timeout']
const accepted = 'use changeOrigin, insecure or timeout=30s; everything else has a name in a config file: { to: … }'

/**
 * The options of targets in their short form, where words behind commas are options of the route:
 * `https://localhost:8443,changeOrigin,insecure,timeout=30s`. In `{ to }` a comma is part of the target.
 */
export function resolveWords(
  value: Checked<ProxyTarget | readonly ProxyTarget[]>,
  path: readonly string[],
  problems: Problem[],
): Checked<ProxyOptions> {
  const given = new Map<string, string | undefined>()
  const to = ([value].flat() as readonly ProxyTarget[]).map((target) => {
    // Credentials may hold commas, and no message repeats a part of them.
    if (typeof target === 'number' || target.includes('@')) return target
    const [bare = '', ...rest] = target.split(',').map((piece) => piece.trim())
    for (const piece of rest) {
      const [, name = piece, text] = /^([^=]*)=(.*)$/s.exec(piece) ?? []
      const problem = problemOf(piece, name, text, given)
      if (problem === undefined) given.set(name, text)
      else problems.push({ path, ...problem })
    }
    return bare
  })
  const timeout = given.get('timeout')
  const ms = timeout === undefined ? undefined : resolveTimeout(timeout, problems, path)
  return {
    to,
    ...(given.has('changeOrigin') ? { changeOrigin: true } : {}),
    ...(given.has('insecure') ? { tls: { verify: false } } : {}),
    ...(ms === undefined ? {} : { timeouts: { headersMs: ms, bodyIdleMs: ms, upgradeMs: ms } }),
  }
}

function problemOf(
  piece: string,
  name: string,
  text: string | undefined,
  given: ReadonlyMap<string, string | undefined>,
): Pick<Problem, 'message' | 'hint'> | undefined {
  if (!words.includes(name)) {
    if (/^:?\d+$|[:/]/.test(piece)) {
      const hint = 'for several targets repeat the match: -x /api=:3000 -x /api=:3001, or write a list'
      return { message: `${quote(piece)} follows a comma, and only options do`, hint }
    }
    const meant = nearest(name, words)
    const hint = meant === undefined ? accepted : `did you mean ${quote(meant)}?`
    return { message: `${quote(piece)} is not an option of a target`, hint }
  }
  if (name === 'timeout') {
    if (text === undefined) return { message: 'timeout has no time', hint: 'write timeout=30s' }
    const isOther = given.has(name) && given.get(name) !== text
    return isOther ? { message: 'timeout is given twice', hint: 'keep one of them' } : undefined
  }
  return text === undefined ? undefined : { message: `${name} takes no value`, hint: `write ${name} alone` }
}
