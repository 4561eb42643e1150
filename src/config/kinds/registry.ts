import { folderKind, type FolderAction, type FolderKeys } from './folder.ts'
import { handlerKind, type HandlerAction, type HandlerKeys } from './handler.ts'
import type { RouteKind } from './kind.ts'
import { proxyKind, type ProxyAction, type ProxyKeys } from './proxy.ts'
import { redirectKind, type RedirectAction, type RedirectKeys } from './redirect.ts'
import { replyKind, type ReplyAction, type ReplyKeys } from './reply.ts'

/** Every kind of route, in the order of messages and of the banner: everything else about kinds is made from this list. */
export class RouteKinds {
  readonly proxy: RouteKind<ProxyKeys, ProxyAction> = proxyKind
  readonly redirect: RouteKind<RedirectKeys, RedirectAction> = redirectKind
  readonly reply: RouteKind<ReplyKeys, ReplyAction> = replyKind
  readonly folder: RouteKind<FolderKeys, FolderAction> = folderKind
  readonly handler: RouteKind<HandlerKeys, HandlerAction> = handlerKind
}

type Joined<Types> = (Types extends unknown ? (each: Types) => void : never) extends (all: infer All) => void
  ? All
  : never
type KeysOf<Kind> = Kind extends RouteKind<infer Keys, infer _Action> ? Keys : never
type ActionOf<Kind> = Kind extends RouteKind<infer _Keys, infer Action> ? Action : never

/** The keys of every kind. */
export interface KindOptions extends Joined<KeysOf<RouteKinds[keyof RouteKinds]>> {}

/** The action of a route. */
export type ResolvedAction = ActionOf<RouteKinds[keyof RouteKinds]>

/** A kind of any type. @internal */
export type AnyKind = RouteKind<Readonly<Record<string, unknown>>, ResolvedAction>

/** The list. @internal */
export const kinds: Readonly<Record<keyof RouteKinds, AnyKind>> = new RouteKinds() as object as Record<
  keyof RouteKinds,
  AnyKind
>

/** The kind of an action. @internal */
export function kindOf({ kind }: ResolvedAction): AnyKind {
  return kinds[kind]
}

/** Each kind with the key that chooses it. @internal */
export function kindKeys(): readonly (readonly [key: string, kind: AnyKind])[] {
  return Object.values(kinds).map((kind) => [Object.keys(kind.keys)[0] as string, kind])
}
