import { controlPrefix, newToken } from '../control/control.ts'
import type { Dashboard, DashboardOptions } from '../dashboard/dashboard.ts'
import type { Exchange, Handler } from '../http/message/exchange.ts'
import { endWorker } from '../middleware/stale-worker.ts'
import { createGuarded, type GuardedOptions } from './pipeline.ts'

/** The dashboard of the user who started a server with the command. */
export interface OwnedDashboard {
  /** Answers requests for the name of the dashboard. */
  readonly handle: Handler
  /** The name, path and query of a link that opens it once. */
  link(): Promise<{ readonly host: string; readonly target: string }>
}

/**
 * The name of the dashboard. It is an origin of its own, so that pages and service workers of what is served cannot read
 * it. Browsers take names below `localhost` as this machine without asking anybody (RFC 6761 section 6.3).
 */
const host = 'serve8008.localhost'

/** Loads the dashboard when the user asks for it. */
export function createOwnedDashboard(
  guarded: GuardedOptions,
  options: Omit<DashboardOptions, 'prefix' | 'newToken'>,
): OwnedDashboard {
  const prefix = controlPrefix(guarded.config.base)
  let opened: Promise<Dashboard> | undefined
  const open = (): Promise<Dashboard> =>
    (opened ??= import('../dashboard/dashboard.ts').then(({ createDashboard }) =>
      createDashboard({ ...options, prefix, newToken }),
    ))
  return {
    handle: createGuarded({ ...guarded, isOurs: ({ hostname }) => hostname === host }, async (x) => {
      // Nothing here registers a worker, and one that another server left at this name would see everything.
      if (x.headers.get('service-worker') === 'script') return endWorker
      return (await open()).handle(x)
    }),
    link: async () => ({ host, target: (await open()).link() }),
  }
}

/** Pages at names below that of the dashboard would be of the same site (RFC 6265bis section 5.2), and could set its cookies. */
const names = /(?:^|\.)serve8008\.localhost\.?(?::\d*)?$/i

/** Whether a request is for the dashboard, or a name below its own. Its guard refuses those. */
export function isForDashboard({ headers }: Exchange): boolean {
  const at = headers.names.indexOf('host')
  return at !== -1 && names.test(headers.raw[2 * at + 1] as string)
}
