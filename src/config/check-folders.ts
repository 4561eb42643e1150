import { accessSync, constants, statSync } from 'node:fs'
import { ServeError } from '../core/serve-error.ts'
import { shellQuote } from '../core/util/shell-quote.ts'
import { redactPath, redactText } from '../core/util/secret.ts'
import type { ErrorCode } from '../core/codes.ts'
import { hasConditions } from './match.ts'
import type { ResolvedRoute } from './route-types.ts'
import type { ResolvedConfig } from './types.ts'
import { parsePathPrefix } from './values/paths.ts'

type Checked = Pick<ResolvedConfig, 'base' | 'root' | 'routes' | 'authFile'>

/**
 * Checks on disk that the folders and the password file can be read. Called before listening.
 *
 * @param origins Where each option comes from: messages name the file or the variable.
 * @throws ServeError `E8008_ROOT_NOT_FOUND`, `E8008_ROOT_NOT_FOLDER`, `E8008_ROOT_UNREADABLE` for the
 *   root and the folders of routes, `E8008_AUTH_FILE` for the password file.
 */
export function checkFolders(
  config: Checked & Partial<Pick<ResolvedConfig, 'defaultSite' | 'sites'>>,
  origins: Readonly<Record<string, string>> = {},
): void {
  if (config.defaultSite !== false) checkSite(config, origins)
  for (const { name, config: own } of config.sites ?? []) checkSite(own, {}, ` of the site ${name}`)
}

/**
 * The same check of the folders and password files of routes alone.
 *
 * @param placeOf The beginning of a message, which names where the route comes from.
 * @throws ServeError
 */
export function checkRouteFolders(
  routes: readonly ResolvedRoute[],
  placeOf: (route: ResolvedRoute) => string = () => '',
  site = '',
): void {
  for (const route of routes) {
    const { id, action, access } = route
    if (action.kind === 'folder') checkFolder(action.root, `${placeOf(route)}The folder of ${id}${site}`, 'it')
    if (access?.authFile !== undefined) {
      checkAuthFile(access.authFile, `${placeOf(route)}The password file of ${id}${site}`)
    }
  }
}

function checkSite(config: Checked, origins: Readonly<Record<string, string>>, site = ''): void {
  const place = (key: string, origin = origins[key]): string => {
    const [kind, ...name] = origin?.split(' ') ?? []
    return kind === 'file' ? `${name.join(' ')}: ${key}: ` : kind === 'env' ? `${name.join(' ')}: ` : ''
  }
  if (config.root !== undefined) checkFolder(config.root, `${place('root')}The folder${site}`, 'root')
  const mounts = Object.keys(origins).filter((key) => key.startsWith('mounts.'))
  const keys = new Map(mounts.map((key) => [parsePathPrefix(key.slice('mounts.'.length)), key]))
  const keyOf = ({ match }: ResolvedRoute): string =>
    (hasConditions(match) ? undefined : keys.get(`/${match.path.slice(config.base.length)}/`)) ?? 'routes'
  checkRouteFolders(config.routes, (route) => place(keyOf(route)), site)
  if (config.authFile !== undefined) checkAuthFile(config.authFile, `${place('authFile')}The password file${site}`)
}

function checkFolder(folder: string, title: string, option: string): void {
  const kind = statPath(folder, 'E8008_ROOT_UNREADABLE', title)
  // Node decodes arguments and the working directory as UTF-8, and U+FFFD replaces invalid bytes.
  if (kind === undefined && folder.includes('\ufffd')) {
    throw new ServeError('E8008_ROOT_NOT_FOUND', `${title} has a name that is not UTF-8: ${folder}`, {
      hint: 'rename it, or serve a symbolic link to it',
    })
  }
  if (kind === undefined) {
    throw new ServeError('E8008_ROOT_NOT_FOUND', `${title} does not exist: ${redactText(folder)}`, {
      hint: `set ${option} to a folder that exists`,
    })
  }
  if (!kind.isDirectory()) {
    throw new ServeError('E8008_ROOT_NOT_FOLDER', `${title} is a file, not a folder: ${folder}`, {
      hint: `set ${option} to the folder that contains it`,
    })
  }
  // Opening a file in a folder needs the permission to search the folder.
  assertAccess(folder, constants.R_OK | constants.X_OK, 'E8008_ROOT_UNREADABLE', title)
}

function checkAuthFile(path: string, title: string): void {
  const kind = statPath(path, 'E8008_AUTH_FILE', title)
  if (kind === undefined || !kind.isFile()) {
    const fault = kind === undefined ? 'does not exist' : 'is not a file'
    throw new ServeError('E8008_AUTH_FILE', `${title} ${fault}: ${redactPath(path)}`, {
      hint: `create it: htpasswd -cB ${shellQuote(redactPath(path))} USER`,
    })
  }
  assertAccess(path, constants.R_OK, 'E8008_AUTH_FILE', title)
}

/** The stats of a file; undefined where there is none. */
function statPath(path: string, code: ErrorCode, title: string): ReturnType<typeof statSync> | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (cause) {
    throw denied(path, code, title, cause)
  }
}

function assertAccess(path: string, mode: number, code: ErrorCode, title: string): void {
  try {
    accessSync(path, mode)
  } catch (cause) {
    throw denied(path, code, title, cause)
  }
}

function denied(path: string, code: ErrorCode, title: string, cause: unknown): ServeError {
  return new ServeError(code, `${title} cannot be read: ${path}`, {
    hint: 'check its permissions and those of the folders above it',
    cause,
  })
}
