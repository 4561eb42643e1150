import { actionText, routeNotes } from '../../config/kinds/describe.ts'
import type { ResolvedConfig } from '../../config/types.ts'
import { printableJson } from '../../core/util/sanitize.ts'
import type { Listening } from '../../server/types.ts'
import { packageVersion, type Program } from '../process-io.ts'

/** What is known when the server listens. */
interface StartFacts {
  readonly listening: Listening
  readonly config: ResolvedConfig
  readonly program: Pick<Program, 'pid' | 'elapsed'>
}

/** The start for a program: one line of JSON, whose keys are stable. */
export function renderJsonStart({ listening, config, program: { pid, elapsed } }: StartFacts): string {
  const { url, urls, port, host, protocol, skipped, tls, listeners } = listening
  const version = packageVersion()
  const readyMs = Math.round(elapsed())
  const root = config.root ?? null
  const sites = listening.sites.map((site) => {
    const { routes } = config.sites.find(({ name }) => name === site.name)?.config ?? config
    return { ...site, routes: routes.map(routeFacts) }
  })
  return `${printableJson({ version, url, urls, port, host, protocol, root, pid, readyMs, skipped, tls, listeners, sites })}\n`
}

/** What a route does, and what is not as usual about it. */
function routeFacts(route: ResolvedConfig['routes'][0]): object {
  const { id, action } = route
  return { route: id, kind: action.kind, to: actionText(action), options: routeNotes(route) }
}
