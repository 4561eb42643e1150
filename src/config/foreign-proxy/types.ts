import type { RouteOptions } from '../route-types.ts'

/** Programs whose proxy options `fromHttpProxy` reads. */
export type ProxyProgram =
  | 'http-proxy'
  | 'http-proxy-middleware'
  | 'http-proxy-middleware@2'
  | 'vite'
  | 'webpack-dev-server'
  | 'angular'
  | 'create-react-app'

/** What `fromHttpProxy` cannot see in the options. */
export interface FromHttpProxySettings {
  /** Whose options they are. Default: the program that has options of this form. */
  readonly from?: ProxyProgram | undefined
  /** Path at which a program mounts the middleware, as in `app.use('/api', …)`. Default `/`. */
  readonly mount?: string | undefined
}

/** What the routes do otherwise than the original, or not at all. */
export interface ProxyDifference {
  /** The context that it belongs to, such as `/api`. */
  readonly route: string
  /** Its name, such as `bypass` or `on.proxyReq`. */
  readonly option: string
  readonly why: string
  /** What to write here instead. */
  readonly instead: string
}

/** What `fromHttpProxy` resolves to. */
export interface FromHttpProxyResult {
  readonly routes: readonly RouteOptions[]
  readonly differences: readonly ProxyDifference[]
}
