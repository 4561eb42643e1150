import type * as v from 'valibot'
import type { Problem } from '../diagnostic.ts'
import type { Checked } from '../plain-object.ts'
import type { ResolvedMatch } from '../match.ts'
import type { ProxySetting, ResolvedProxy } from './proxy-types.ts'

/** What resolving an action needs. */
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

/** What a route does: the name of its kind, and what that kind needs. */
export interface KindAction {
  readonly kind: string
}

/**
 * A kind of route: the keys that people write beside `match`, and what they mean. `src/routes/kinds.ts` has the handler of
 * each kind.
 */
export interface RouteKind<Given extends object, Action extends KindAction> {
  /** Each key with its shape. The first one chooses the kind. */
  readonly keys: { readonly [Key in keyof Given]-?: v.GenericSchema<Exclude<Given[Key], undefined>> }
  /** By key, what to write where the key belongs to another kind of route. */
  readonly otherwise?: { readonly [Key in keyof Given]?: string }
  /** Checks the meaning, and adds defaults. Problems are added to the context. */
  resolve(given: Checked<Given>, path: readonly string[], context: KindContext, match: ResolvedMatch): Action
  /** The action without its credentials. */
  redact(action: Action): Action
  /** What it does, in few words without credentials: `localhost:3000`, `307 to /new`, `reply 410`. */
  text(action: Action): string
  /** The same for `serve8008 explain`. Default: as `text`. */
  explain?(action: Action): string
  /** What a person should know beside the text, where it is not as usual: `changeOrigin`. Default: nothing. */
  notes?(action: Action): readonly string[]
  /** The sentence of an edit, in the present and the past: `goes to`, `went to`, and what follows, `localhost:3000`. */
  phrase(action: Action): readonly [now: string, before: string, rest: string]
  /** What an edit may change beside the text, by the name of the option. Default: nothing. */
  settings?(action: Action): Readonly<Record<string, unknown>>
}
