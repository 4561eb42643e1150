import type { ResolvedConfig, ServeOptions } from '../types.ts'
import { validateOptions } from '../validate/validate.ts'
import { completeConfig, type CompleteContext } from './complete.ts'
import { resolveRoutes } from './routes.ts'
import * as several from './several.ts'
import { resolveTls } from './tls.ts'

/** What resolving needs beside the options. */
export type ResolveContext = Omit<CompleteContext, 'several' | 'tls' | 'routes' | 'validate'>

/**
 * Checks options, and adds defaults. Reads no file: folders are checked when the server starts. The result is frozen.
 *
 * The command calls `complete.ts` instead, and loads what explains mistakes and what resolves sites only with these.
 *
 * @throws ServeError `E8008_CONFIG_INVALID`, whose `problems` list every problem.
 */
export function resolveConfig(options: ServeOptions, context: ResolveContext = {}): ResolvedConfig {
  return completeConfig(options, {
    ...context,
    several,
    tls: resolveTls,
    routes: resolveRoutes,
    validate: validateOptions,
  })
}
