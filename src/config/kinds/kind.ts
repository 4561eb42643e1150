import type * as v from 'valibot'
import type { Warning } from '../../core/warning.ts'
import type { Exchange, Handler, Layer } from '../../http/message/exchange.ts'
import type { FetchHandler } from '../../server/fetch-layer.ts'
import type { Problem } from '../diagnostic.ts'
import type { Checked } from '../plain-object.ts'
import type { ResolvedMatch } from '../match.ts'
import type { ProxySetting, ResolvedProxy } from './proxy-types.ts'

/** What resolving an action needs. @internal */
export interface KindContext {
  /** Folder against which relative paths are resolved. */
  readonly cwd: string
  /** Path prefix of the server, with a slash at both ends. */
  readonly base: string
  /** Default of the timeouts of upstreams in milliseconds; 0 is none. */
  readonly timeoutMs: number
  /** Names of the listeners of the server. */
  readonly listeners: readonly string[]
  readonly problems: Problem[]
  /** Resolves an upstream or several: loaded with the first route, since most servers have none. */
  readonly resolveProxy: (value: Checked<ProxySetting>, path: readonly string[], context: KindContext) => ResolvedProxy
}

/** What answers the requests of a route. @internal */
export interface Answerer {
  readonly handle: Handler
  /** Whether it has something at the exchange's path: a folder has a file or a folder there, others have everything. */
  has(x: Exchange): boolean
}

/** What the handler of a route is made with. Other features make it, and load what is large with the first request. @internal */
export interface KindTools {
  /** Whether the client of an exchange uses HTTPS, to this server or to a trusted proxy. */
  readonly isSecure: (x: Exchange) => boolean
  /** The served folders, for what a handler passes on. */
  readonly files: Handler
  /** Makes what answers from the folder of the route. */
  folder(): Answerer
  /** Makes the handler that forwards to the upstreams of the route. */
  forward(): Handler
  /** Makes a layer of a handler of the Fetch API. */
  answer(handler: FetchHandler): Layer
}

/** Words a path: as it is, or as a person would write it. @internal */
export type ShowPath = (path: string) => string

/** What a route does: the name of its kind, and what that kind needs. */
export interface KindAction {
  readonly kind: string
}

/** A kind of route: the keys that people write beside `match`, what they mean, what answers, and what is said of it. */
export interface RouteKind<Given extends object, Action extends KindAction> {
  /** Each key with its shape. The first one chooses the kind. @internal */
  readonly keys: { readonly [Key in keyof Given]-?: v.GenericSchema<Exclude<Given[Key], undefined>> }
  /** By key, what to write where the key belongs to another kind of route. */
  readonly otherwise?: { readonly [Key in keyof Given]?: string }
  /** Keys that hold a path: a relative one in a config file is resolved against the folder of that file. @internal */
  readonly paths?: readonly (keyof Given)[]
  /** Whether another program answers, and may read the path in another way. A path with two readings is refused. @internal */
  readonly isForwarded?: true
  /** Whether it serves files: paths are compared as static files compare them, and other kinds go first. @internal */
  readonly isFolder?: true
  /** Whether code answers: it may pass requests on to the served files, and an edit of it reloads pages. @internal */
  readonly isCode?: true
  /** The heading of its routes in the banner, and the word before each where a pipe gets it. Default: `Routes`, `Route`. @internal */
  readonly label?: readonly [heading: string, word: string]
  /** Checks the meaning, and adds defaults. Problems are added to the context. @internal */
  resolve(given: Checked<Given>, path: readonly string[], context: KindContext, match: ResolvedMatch): Action
  /** Makes what answers, once for each route: a handler, for everything, or one that says what it has. @internal */
  handle(action: Action, tools: KindTools): Handler | Answerer
  /** The action without its credentials. */
  redact(action: Action): Action
  /** What it does, in few words without credentials: `localhost:3000`, `307 to /new`, `reply 410`. @internal */
  describe(action: Action, show: ShowPath): string
  /** The same for `serve8008 explain`. Default: as `describe`. @internal */
  explain?(action: Action, show: ShowPath): string
  /** What a person should know beside the text, where it is not as usual: `changeOrigin`. Default: nothing. @internal */
  notes?(action: Action): readonly string[]
  /** What a person should know about a valid route of this id when it starts to be served. Default: nothing. @internal */
  warnings?(action: Action, id: string): readonly Warning[]
  /** The sentence of an edit, in the present and the past: `goes to`, `went to`, and what follows, `localhost:3000`. @internal */
  phrase(action: Action): readonly [now: string, before: string, rest: string]
  /** What an edit may change beside the text, by the name of the option. Default: nothing. @internal */
  settings?(action: Action): Readonly<Record<string, unknown>>
}
