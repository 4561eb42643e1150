import { handlerKind, type HandlerAction, type HandlerKeys } from './handler.ts'
import type { RouteKind } from './kind.ts'
import { proxyKind, type ProxyAction, type ProxyKeys } from './proxy.ts'
import { redirectKind, type RedirectAction, type RedirectKeys } from './redirect.ts'
import { replyKind, type ReplyAction, type ReplyKeys } from './reply.ts'

/** The keys of every kind. */
export interface KindOptions extends ProxyKeys, RedirectKeys, ReplyKeys, HandlerKeys {}

/** The action of a route. */
export type ResolvedAction = ProxyAction | RedirectAction | ReplyAction | HandlerAction

type KindName = ResolvedAction['kind']

/** What holds of the kind of a name, whatever its keys are. */
type Described<Name extends KindName> = Pick<RouteKind<object, Extract<ResolvedAction, { kind: Name }>>, 'text'>

/** A kind of any type. */
type AnyKind = RouteKind<Readonly<Record<string, unknown>>, ResolvedAction>

/**
 * Every kind of route by its name, which is the key that chooses it. The schema of `routes`, validation, `explain`, the
 * banner and what the terminal says of an edit are made from this list. `src/routes/kinds.ts` has the handlers.
 *
 * @internal
 */
export const kinds: Readonly<Record<KindName, AnyKind>> = {
  proxy: proxyKind,
  redirect: redirectKind,
  reply: replyKind,
  handler: handlerKind,
} satisfies { readonly [Name in KindName]: Described<Name> } as unknown as Record<KindName, AnyKind>

/** The names of the kinds, in the order of messages. @internal */
export const kindNames: readonly KindName[] = Object.keys(kinds) as KindName[]

/** The kind of an action. @internal */
export function kindOf({ kind }: ResolvedAction): AnyKind {
  return kinds[kind]
}

/** What a route does, in few words that hold no secrets: its targets, where it redirects to, or its status. @internal */
export function actionText(action: ResolvedAction): string {
  return kindOf(action).text(action)
}
