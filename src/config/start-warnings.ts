import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Warning } from '../core/warning.ts'
import { nearest } from './diagnostic.ts'
import type { ResolvedRoute } from './route-types.ts'
import type { ResolvedConfig } from './types.ts'

/** What a person should know about a configuration that is valid. */
export function startWarnings(config: ResolvedConfig): Warning[] {
  return [
    ...missingPage(config),
    ...config.routes.flatMap((route) => [...unverifiedRoute(route), ...misspelled(route)]),
  ]
}

/** The warning that a route does not verify the certificates of its upstreams. */
export function unverifiedRoute({ id, action }: ResolvedRoute): Warning[] {
  if (action.kind !== 'proxy' || action.proxy.tls.verify) return []
  return [
    {
      code: 'W8008_UNVERIFIED',
      message: `The route ${id} does not verify the certificates of its upstreams.`,
      hint: 'verify them instead: set `tls.ca` of the route to the certificate of their authority',
    },
  ]
}

const placeholders = ['origin', 'host', 'port', 'base']

/** The warnings that words in braces of a fixed reply are nearly placeholders. Other braces belong to its text. */
function misspelled({ id, action }: ResolvedRoute): Warning[] {
  if (action.kind !== 'reply') return []
  const texts = [action.body, ...action.headers].join('\n')
  const words = new Set(Array.from(texts.matchAll(/(?<!\{)\{([a-z]{3,8})\}/gi), ([, word = '']) => word))
  return [...words].flatMap((word): Warning[] => {
    const meant = placeholders.includes(word) ? undefined : nearest(word, placeholders)
    // A word with another first letter is one of its own: {post}, {cost}.
    if (meant === undefined || meant[0] !== word[0]?.toLowerCase()) return []
    const message = `The reply of the route ${id} sends {${word}} as it is.`
    return [{ code: 'W8008_PLACEHOLDER', message, hint: `did you mean {${meant}}?` }]
  })
}

/**
 * The warning that the page of a single-page app is missing. It is no error, since a build may write it later: each
 * request checks again.
 */
export function missingPage({ root, single }: Pick<ResolvedConfig, 'root' | 'single'>): Warning[] {
  if (single === undefined || root === undefined || isFile(join(root, single))) return []
  return [
    {
      code: 'W8008_SINGLE',
      message: `There is no ${single} in the served folder: unknown paths are 404 until it exists.`,
      hint: 'build the app first, or serve the folder that contains the page',
    },
  ]
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true
  } catch {
    // Without permission to stat the file it cannot be served.
    return false
  }
}
