import type { AccessKeys, ResolvedAccess } from './access-rules.ts'
import type { KindOptions, ResolvedAction } from './kinds/registry.ts'
import type { MatchOptions, ResolvedMatch } from './match.ts'

export type { MatchOptions, ResolvedCondition, ResolvedMatch } from './match.ts'

/** One entry of `routes`: a match, the keys of exactly one kind, and who may use it. */
export interface RouteOptions extends KindOptions, AccessKeys {
  /**
   * Unique name in logs, records, `explain`, `check` and `server.routes`: at most 200 characters. Default: made from the match,
   * such as `/api`, `docs.localhost/api`, `POST /api` or `/v1 [header x-canary=1]`, and numbered where two are equal
   * (`/v1 [cookie beta=…] #2`). A route with the same id stays the same route when the configuration changes.
   */
  readonly id?: string | undefined
  readonly match: MatchOptions
}

/** One route of the configuration. */
export interface ResolvedRoute {
  /** Unique among the routes of a site, and without secrets: that of the options, else made from the match. */
  readonly id: string
  readonly match: ResolvedMatch
  readonly action: ResolvedAction
  /** Who may use it, where that differs from the site. */
  readonly access?: ResolvedAccess
}
