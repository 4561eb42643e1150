import type { CheckedOptions, ResolvedConfig, ResolvedSite } from '../types.ts'
import { expected, type Problem } from '../diagnostic.ts'
import { deepFreeze, isPlainObject } from '../plain-object.ts'
import { isLoopbackName } from '../values/host-name.ts'
import { validateOptions } from '../validate/validate.ts'
import type { ResolvedListener } from '../value-types.ts'
import { complete, configError } from './complete.ts'
import { resolveRoutes } from './routes.ts'
import { conflictOf, resolveListener, resolveSite } from './several.ts'

/**
 * Resolves a site for a server that runs.
 *
 * @param server The configuration of the server, with its current listeners and sites.
 * @throws ServeError `E8008_CONFIG_INVALID`
 */
export function resolveAddedSite(
  given: unknown,
  server: ResolvedConfig,
  current: readonly ResolvedSite[],
): ResolvedSite {
  const problems: Problem[] = []
  if (!isPlainObject(given)) {
    const hint = "write sites.add({ host: 'docs.localhost', root: './docs' })"
    throw configError([{ path: [], message: expected('an object of options', given), hint }], new Map())
  }
  const site = resolveSite(given, [], {
    server,
    problems,
    complete: (options, found) =>
      complete(
        options,
        {
          secretFiles: server.secretFiles,
          routes: resolveRoutes,
          validate: validateOptions,
          listenerNames: server.listeners.map(({ name }) => name),
        },
        found,
      ),
  })
  const conflict = conflictOf(site, current)
  if (conflict !== undefined) problems.push(conflict)
  if (problems.length > 0) throw configError(problems, new Map())
  return deepFreeze(site)
}

/**
 * Resolves a listener for a server that runs.
 *
 * @param server The configuration of the server, with its current listeners.
 * @throws ServeError `E8008_CONFIG_INVALID`
 */
export function resolveAddedListener(given: unknown, server: ResolvedConfig): ResolvedListener {
  const problems: Problem[] = []
  const [checked = {}] = validateOptions({ listeners: [given] }, problems).listeners ?? []
  const { host, lan, tls, wildcard } = server
  const options = {
    lan,
    wildcard,
    ...(lan && isLoopbackName(host) ? {} : { host }),
    certificates: tls?.certificates ?? [],
  } as CheckedOptions
  const listener = resolveListener(checked, ['listeners', '0'], { options, cwd: '', problems })
  if (server.listeners.some(({ name }) => name === listener.name)) {
    const message = `there is a listener ${JSON.stringify(listener.name)} already`
    problems.push({ path: ['listeners', '0', 'name'], message, hint: 'give it another name' })
  }
  if (problems.length > 0) throw configError(problems, new Map([['listeners.0', 'listener']]))
  return deepFreeze(listener)
}
