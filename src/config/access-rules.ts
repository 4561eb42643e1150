import * as v from 'valibot'
import { flag, plainText, textOrTexts } from './options/shapes.ts'

/** Who may use a route. Each key replaces the option of the site, which holds where it is not set. */
export interface AccessKeys {
  /**
   * Addresses and networks (`10.0.0.0/8`) of clients that may use the route; also `loopback` for this machine and `private` for
   * private networks. Others get a 403.
   */
  readonly allow?: string | readonly string[] | undefined
  /**
   * Whose pages may send changing requests (all but GET, HEAD and OPTIONS) and upgrades: `same` for pages of this server,
   * origins such as `https://app.example.test`, schemes such as `package:`, or `none`. Other pages get a 403; programs, which send no `Origin`, pass.
   */
  readonly origin?: string | readonly string[] | undefined
  /** `user:password` that requests must send; false for no password. */
  readonly auth?: string | false | undefined
  /** Path of an htpasswd file with the users. */
  readonly authFile?: string | undefined
  /** Whether an upstream gets the field `Authorization` of users who logged in. */
  readonly passAuthorization?: boolean | undefined
}

/** The same after validation, with absolute paths. A key that is not set is absent. */
export interface ResolvedAccess {
  readonly allow?: readonly string[]
  /** Origins and `same`; empty for `none`. */
  readonly origin?: readonly string[]
  readonly auth?: { readonly user: string; readonly password: string } | false
  readonly authFile?: string
  readonly passAuthorization?: boolean
}

/** The keys with their shapes. @internal */
export const accessShapes: Readonly<Record<keyof AccessKeys, v.GenericSchema>> = {
  allow: textOrTexts,
  origin: textOrTexts,
  auth: v.union([plainText, v.literal(false)], 'user:password or false'),
  authFile: plainText,
  passAuthorization: flag,
}
