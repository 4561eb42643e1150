import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Warning } from '../core/warning.ts'
import type { ResolvedConfig } from './types.ts'

/**
 * What a person should know when the page of a single-page app is not there. No error: a build may write it later, and
 * every request looks again.
 */
export function missingPage({ root, single }: Pick<ResolvedConfig, 'root' | 'single'>): Warning[] {
  if (single === undefined || isFile(join(root, single))) return []
  return [
    {
      code: 'W8008_SINGLE',
      message: `There is no ${single} in the served folder: until there is, unknown paths are answered with 404.`,
      hint: 'build the app first, or serve the folder that holds its page',
    },
  ]
}

function isFile(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isFile() === true
  } catch {
    // What we may not look at cannot be served either.
    return false
  }
}
