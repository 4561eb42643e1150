import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { hostWithin, parseHostName } from './host-name.ts'
import { quote, type Problem } from '../diagnostic.ts'
import type { AccessKeys, ResolvedAccess } from '../access-rules.ts'
import type { JointConfig } from '../joint-config.ts'
import type { Checked } from '../plain-object.ts'
import type { AllowedOrigins } from '../value-types.ts'

/** Authentication. */
export type ResolvedAuth = Pick<JointConfig, 'auth' | 'authFile'>

/** Checks the origins that may read replies. */
export function resolveCors(cors: boolean | string | readonly string[], problems: Problem[]): AllowedOrigins {
  if (typeof cors === 'boolean') return cors ? '*' : undefined
  const list = typeof cors === 'string' ? [cors] : cors
  if (list.length === 1 && list[0] === '*') return '*'
  const origins = list.map((text) => resolveOrigin(text, ['cors'], problems))
  return [...new Set(origins)]
}

/** Checks one serialised origin (RFC 6454 section 6.2), as browsers send it in `Origin`. */
function resolveOrigin(text: string, path: readonly string[], problems: Problem[]): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const web = url !== undefined && /^https?:\/\//i.test(text) && /^https?:$/.test(url.protocol)
  if (web && /^https?:\/\/[^/?#@\\*]+$/i.test(text)) return url.origin
  let hint = 'use origins such as https://app.example.test'
  if (text === '*') hint = 'use "*" alone'
  // Every sandboxed frame and every local file sends `Origin: null`: allowing one allows all.
  else if (text === 'null') hint = 'remove it: any sandboxed page has the origin "null"'
  else if (web && !url.hostname.includes('*')) hint = `did you mean ${quote(url.origin)}?`
  else if (!text.includes('/') && parseHostName(text.replace(/:\d+$/, '')) !== undefined) {
    hint = `did you mean ${quote(`http://${text}`)}?`
  }
  problems.push({ path, message: `${quote(text)} is not an origin`, hint })
  return text
}

/** Checks host names, and spells them as a parsed `Host`; a leading dot covers every name below. */
export function resolveAllowHosts(allow: string | readonly string[], problems: Problem[]): readonly string[] {
  const names = new Set<string>()
  for (const text of typeof allow === 'string' ? [allow] : allow) {
    const below = text.startsWith('.') ? '.' : ''
    const name = parseHostName(text.slice(below.length))
    if (name !== undefined && !(below === '.' && name.includes(':'))) names.add(below + name)
    else problems.push({ path: ['allowHost'], message: `${quote(text)} is not a host name`, hint: allowHostHint(text) })
  }
  return [...names]
}

function allowHostHint(text: string): string {
  // Accepting every name enables DNS rebinding.
  if (text === '*') return 'name the hosts: accepting every name lets any web page read this server'
  const wildcard = text.startsWith('*.') ? parseHostName(text.slice(2)) : undefined
  const meant = wildcard === undefined ? hostWithin(text) : `.${wildcard}`
  return meant === undefined ? 'use a name such as app.example.test or .example.test' : `did you mean ${quote(meant)}?`
}

/** Checks the patterns of files that are served although they are on the deny list. */
export function resolveServe(serve: string | readonly string[], problems: Problem[]): readonly string[] {
  const patterns = typeof serve === 'string' ? [serve] : serve
  for (const pattern of patterns) {
    const isPath = !/[\\\0]/.test(pattern) && !/^[!]|(?:^|\/)\.\.(?:\/|$)/.test(pattern) && /[^/.]/.test(pattern)
    if (isPath) continue
    const hint = 'use a name such as *.key or a path below the folder such as video/**'
    problems.push({ path: ['serve'], message: `${quote(pattern)} is not a pattern`, hint })
  }
  return patterns
}

/** The options of authentication. */
interface AuthOptions {
  readonly auth?: string
  readonly authFile?: string
}

/** Checks the user, or the file with users. Messages never repeat the value: it is a password. */
function resolveAuth(
  options: AuthOptions,
  cwd: string,
  problems: Problem[],
  path: readonly string[] = [],
): ResolvedAuth {
  const { auth, authFile } = options
  if (auth !== undefined && authFile !== undefined) {
    problems.push({ path: [...path, 'authFile'], message: 'cannot be combined with "auth"', hint: 'keep one of them' })
  }
  if (authFile !== undefined && (authFile === '' || authFile.includes('\0'))) {
    problems.push({
      path: [...path, 'authFile'],
      message: `${quote(authFile)} is not a file`,
      hint: 'use the path of an htpasswd file',
    })
  }
  return {
    auth: auth === undefined ? undefined : resolveUser(auth, path, problems),
    authFile: authFile === undefined ? undefined : resolve(cwd, authFile),
  }
}

/** RFC 7617 section 2: the name ends at the first colon, and neither part holds control characters. */
function resolveUser(auth: string, path: readonly string[], problems: Problem[]): JointConfig['auth'] {
  const colon = auth.indexOf(':')
  const refuse = (message: string): void => {
    problems.push({ path: [...path, 'auth'], message, hint: 'use user:password' })
  }
  if (colon === -1) refuse('the value has no colon')
  else if (colon === 0) refuse('the name before the colon is empty')
  // An unset variable in `user:$PASSWORD` must not become an empty password.
  else if (colon === auth.length - 1) refuse('the password after the colon is empty')
  else if (/[\x00-\x1f\x7f-\x9f]/.test(auth)) refuse('the value holds control characters')
  return { user: auth.slice(0, Math.max(colon, 0)), password: auth.slice(colon + 1) }
}

/** Checks who may use a route, or a site. Keys that are not set are absent. */
export function resolveAccess(
  { allow, origin, auth, authFile, passAuthorization }: Checked<AccessKeys>,
  path: readonly string[],
  { cwd, problems }: { readonly cwd: string; readonly problems: Problem[] },
): ResolvedAccess {
  const given = { ...(auth ? { auth } : {}), ...(authFile === undefined ? {} : { authFile }) }
  const users = Object.entries(resolveAuth(given, cwd, problems, path)).filter(([, value]) => value !== undefined)
  return {
    ...(allow === undefined ? {} : { allow: resolveAllow(allow, [...path, 'allow'], problems) }),
    ...(origin === undefined ? {} : { origin: resolveOrigins(origin, [...path, 'origin'], problems) }),
    ...(auth === false && authFile === undefined ? { auth } : {}),
    ...Object.fromEntries(users),
    ...(passAuthorization === undefined ? {} : { passAuthorization }),
  }
}

/** Checks the addresses and networks of clients that are admitted. */
function resolveAllow(allow: string | readonly string[], path: readonly string[], problems: Problem[]): string[] {
  const list = typeof allow === 'string' ? [allow] : allow
  if (list.length === 0) problems.push({ path, message: 'the list is empty', hint: 'use addresses, or leave it out' })
  for (const text of list) {
    if (text === 'loopback' || text === 'private' || isNetwork(text)) continue
    const hint = 'use loopback, private, or addresses such as 192.0.2.7 or 10.0.0.0/8'
    problems.push({ path, message: `${quote(text)} is neither an address nor a network`, hint })
  }
  return [...new Set(list)]
}

/** Checks whose pages may change things: origins, and `same`. */
function resolveOrigins(origin: string | readonly string[], path: readonly string[], problems: Problem[]): string[] {
  const list = typeof origin === 'string' ? [origin] : origin
  if (list.length === 1 && list[0] === 'none') return []
  if (list.length === 0) problems.push({ path, message: 'the list is empty', hint: 'use same, none, or origins' })
  if (list.includes('none')) problems.push({ path, message: '"none" stands alone', hint: 'remove it' })
  // `localhost:3000` lacks its scheme.
  const isOther = (text: string): boolean =>
    /^(?!https?:|wss?:|file:)[a-z][a-z0-9+.-]*:(?:\/\/[^/?#@\s]+|(?!\d+$)[^/?#@\s]*)$/i.test(text)
  return [
    ...new Set(
      list.flatMap((text) => {
        if (text === 'same') return [text]
        // Extensions and apps have origins of other schemes, such as chrome-extension://abc; `package:` means all of one.
        return isOther(text) ? [text.toLowerCase()] : text === 'none' ? [] : [resolveOrigin(text, path, problems)]
      }),
    ),
  ]
}

/** Checks addresses and networks of trusted proxies. */
export function resolveTrust(trust: string | readonly string[], problems: Problem[]): readonly string[] {
  const list = typeof trust === 'string' ? [trust] : trust
  for (const text of list) {
    if (isNetwork(text)) continue
    const hint =
      text === '*'
        ? 'name the proxies: every client could claim any address'
        : 'use addresses such as 127.0.0.1 or 10.0.0.0/8'
    problems.push({ path: ['trust'], message: `${quote(text)} is neither an address nor a network`, hint })
  }
  return [...new Set(list)]
}

function isNetwork(text: string): boolean {
  const [, address = '', bits] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? []
  const family = isIP(address)
  if (family === 0) return false
  return bits === undefined || Number(bits) <= (family === 4 ? 32 : 128)
}
