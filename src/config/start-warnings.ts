import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Warning } from '../core/warning.ts'
import { kindOf } from './kinds/registry.ts'
import type { ResolvedRoute } from './route-types.ts'
import type { ResolvedConfig } from './types.ts'

/** What a person should know about a configuration that is valid. */
export function startWarnings(config: ResolvedConfig): Warning[] {
  return [...missingPage(config), ...config.routes.flatMap(routeWarnings)]
}

/** What a person should know about a route that is valid. */
export function routeWarnings({ id, action }: ResolvedRoute): readonly Warning[] {
  return kindOf(action).warnings?.(action, id) ?? []
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
