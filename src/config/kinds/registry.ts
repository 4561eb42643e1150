import type { ResolvedAccess } from '../access-rules.ts'
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

/** A route that is described. */
interface DescribedRoute {
  readonly action: ResolvedAction
  readonly access?: ResolvedAccess
}

/** What a route does, with what is not as usual and who may use it: `localhost:8443 (changeOrigin, password)`. @internal */
export function describeRoute(route: DescribedRoute, text: string = actionText(route.action)): string {
  const notes = routeNotes(route)
  return notes.length === 0 ? text : `${text} (${notes.join(', ')})`
}

/** What is not as usual about a route, and who may use it. Holds no secrets. @internal */
export function routeNotes({ action, access }: DescribedRoute): readonly string[] {
  return [...(kindOf(action).notes?.(action) ?? []), ...(access === undefined ? [] : accessNotes(access))]
}

/** Entries of a list that are shown. */
const shownEntries = 3

function accessNotes({ auth, authFile, allow, origin, passAuthorization }: ResolvedAccess): string[] {
  const listed = (name: string, entries: readonly string[]): string => {
    const more = entries.length > shownEntries ? [`and ${entries.length - shownEntries} more`] : []
    return [name, ...(entries.length === 0 ? ['none'] : entries.slice(0, shownEntries)), ...more].join(' ')
  }
  return [
    ...(authFile === undefined ? [] : ['password file']),
    ...(auth === undefined ? [] : [auth === false ? 'no password' : 'password']),
    ...(allow === undefined ? [] : [listed('allow', allow)]),
    ...(origin === undefined ? [] : [listed('origin', origin)]),
    ...(passAuthorization === true ? ['passAuthorization'] : []),
  ]
}

/** What a route does, in few words that hold no secrets: its targets, where it redirects to, or its status. @internal */
export function actionText(action: ResolvedAction): string {
  return kindOf(action).text(action)
}
