/**
 * Conditions of a route. A request matches when all of them hold; of several matching routes the most specific one answers.
 * At most one of `path`, `exact` and `pattern`; without them every path matches.
 */
export interface MatchOptions {
  /** Path prefix on a segment boundary, below `base`: `/api` matches `/api` and `/api/x`, never `/apix`. */
  readonly path?: string | undefined
  /** The whole path. */
  readonly exact?: string | undefined
  /** A path in which `*` matches one segment, and a final `**` any number of segments: `/users/*\/avatar`, `/files/**`. */
  readonly pattern?: string | undefined
  /** Host name without a port; `*.example.test` matches every name below it. The server answers for these names, as for those of `allowHost`. */
  readonly host?: string | undefined
  /** Names of listeners. Requests by `handler` and `fetch` of the library come by none. */
  readonly listener?: string | readonly string[] | undefined
  /**
   * Methods, case-sensitive (RFC 9110 section 9.1). GET takes HEAD too (section 9.3.2), unless another route with the same
   * conditions names it.
   */
  readonly method?: string | readonly string[] | undefined
  /** Request fields with the value they must have; `true` means any value, `false` that it is absent. */
  readonly header?: Readonly<Record<string, string | boolean>> | undefined
  /** Cookies, likewise. */
  readonly cookie?: Readonly<Record<string, string | boolean>> | undefined
  /** Query parameters, likewise. */
  readonly query?: Readonly<Record<string, string | boolean>> | undefined
}

/** A condition: the value that must be equal, true for present, false for absent. */
export type ResolvedCondition = readonly [name: string, expected: string | boolean]

/** A checked match. Names of fields are in lower case, the host is in lower case without a final dot. */
export interface ResolvedMatch {
  readonly kind: 'prefix' | 'exact' | 'pattern'
  /** `base` included. A prefix has no final slash, except `/` itself. */
  readonly path: string
  /** Undefined matches any host; a name with a leading dot matches every name below it. */
  readonly host: string | undefined
  /** Names of listeners; empty for all. */
  readonly listeners: readonly string[]
  readonly methods: readonly string[]
  readonly headers: readonly ResolvedCondition[]
  readonly cookies: readonly ResolvedCondition[]
  readonly query: readonly ResolvedCondition[]
}

/** The match of every request below a path. @param prefix Slash at both ends, `base` included. @internal */
export function prefixMatch(prefix: string): ResolvedMatch {
  const path = prefix === '/' ? prefix : prefix.slice(0, -1)
  return { kind: 'prefix', path, host: undefined, listeners: [], methods: [], headers: [], cookies: [], query: [] }
}

/** Whether a match has conditions beside its path. @internal */
export function hasConditions({ host, listeners, methods, headers, cookies, query }: ResolvedMatch): boolean {
  return host !== undefined || [listeners, methods, headers, cookies, query].some((conditions) => conditions.length > 0)
}
