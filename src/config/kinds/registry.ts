import { folderKind, type FolderAction, type FolderKeys } from './folder.ts'
import { handlerKind, type HandlerAction, type HandlerKeys } from './handler.ts'
import type { RouteKind } from './kind.ts'
import { proxyKind, type ProxyAction, type ProxyKeys } from './proxy.ts'
import { redirectKind, type RedirectAction, type RedirectKeys } from './redirect.ts'
import { replyKind, type ReplyAction, type ReplyKeys } from './reply.ts'

/** The keys of every kind. */
export interface KindOptions extends ProxyKeys, RedirectKeys, ReplyKeys, FolderKeys, HandlerKeys {}

/** The action of a route. */
export type ResolvedAction = ProxyAction | RedirectAction | ReplyAction | FolderAction | HandlerAction

type KindName = ResolvedAction['kind']

/** What holds of the kind of a name, whatever its keys are. */
type Described<Name extends KindName> = Pick<RouteKind<object, Extract<ResolvedAction, { kind: Name }>>, 'text'>

/** A kind of any type. */
type AnyKind = RouteKind<Readonly<Record<string, unknown>>, ResolvedAction>

/**
 * Every kind of route by its name. The schema of `routes`, validation, `explain`, the
 * banner and what the terminal says of an edit are made from this list. `src/routes/kinds.ts` has the handlers.
 *
 * @internal
 */
export const kinds: Readonly<Record<KindName, AnyKind>> = {
  proxy: proxyKind,
  redirect: redirectKind,
  reply: replyKind,
  folder: folderKind,
  handler: handlerKind,
} satisfies { readonly [Name in KindName]: Described<Name> } as unknown as Record<KindName, AnyKind>

/** Each kind with the key that chooses it, in the order of messages. @internal */
export const kindKeys: readonly (readonly [key: string, kind: AnyKind])[] = Object.values(kinds).map((kind) => [
  Object.keys(kind.keys)[0] as string,
  kind,
])

/** The kind of an action. @internal */
export function kindOf({ kind }: ResolvedAction): AnyKind {
  return kinds[kind]
}

/** What a route does, with what is not as usual: `https://localhost:8443 (changeOrigin, insecure)`. @internal */
export function describeAction(action: ResolvedAction, text: string = actionText(action)): string {
  const notes = kindOf(action).notes?.(action) ?? []
  return notes.length === 0 ? text : `${text} (${notes.join(', ')})`
}

/** What a route does, in few words that hold no secrets: its targets, where it redirects to, or its status. @internal */
export function actionText(action: ResolvedAction): string {
  return kindOf(action).text(action)
}
