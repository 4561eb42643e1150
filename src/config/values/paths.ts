import { resolve } from 'node:path'
import { quote, type Problem } from '../diagnostic.ts'
import { isHostKey } from './host-name.ts'
import { shellQuote } from '../../core/util/shell-quote.ts'

/** Makes a folder absolute. */
export function resolveFolder(folder: string, cwd: string, path: readonly string[], problems: Problem[]): string {
  if (folder === '' || folder.includes('\0')) {
    problems.push({ path, message: `${quote(folder)} is not a folder`, hint: 'use the path of a folder' })
  }
  return resolve(cwd, folder)
}

/** Normalises the base: a slash at both ends. */
export function resolveBase(text: string, problems: Problem[]): string {
  const base = parsePathPrefix(text)
  if (base !== undefined) return base
  const origin = /^[a-z][a-z0-9+.-]*:\/\/[^/]*/i.exec(text)
  const meant = origin === null ? undefined : parsePathPrefix(text.slice(origin[0].length))
  problems.push({
    path: ['base'],
    message: `${quote(text)} is not a path prefix`,
    hint: meant === undefined ? 'use a plain URL path such as /docs/' : `did you mean ${quote(meant)}?`,
  })
  return '/'
}

/** An entry of `mounts`. */
interface Mount {
  /** The option and the key. */
  readonly path: readonly string[]
  /** Path prefix with a slash at both ends, below `base`. Percent-encoded as browsers do it. */
  readonly prefix: string
  /** Absolute folder. */
  readonly root: string
}

/** Checks mounted folders. */
export function resolveMounts(
  mounts: Readonly<Record<string, string>>,
  cwd: string,
  problems: Problem[],
): readonly Mount[] {
  const resolved = new Map<string, Mount>()
  for (const [key, folder] of Object.entries(mounts)) {
    const path = ['mounts', key]
    const prefix = parsePathPrefix(key)
    const root = resolveFolder(folder, cwd, path, problems)
    if (isHostKey(key)) {
      problems.push({
        path,
        message: `${quote(key)} is a host name, and a mount is a path`,
        hint: hostHint(key, folder),
      })
    } else if (prefix === undefined) {
      problems.push({ path, message: `${quote(key)} is not a path`, hint: 'use a plain URL path such as /docs' })
    } else if (prefix === '/') {
      problems.push({ path, message: 'the root cannot be mounted', hint: 'set the option root to its folder' })
    } else if (resolved.has(prefix)) {
      problems.push({ path, message: `${quote(key)} is mounted twice`, hint: 'keep one of them' })
    } else {
      resolved.set(prefix, { path, prefix, root })
    }
  }
  return [...resolved.values()]
}

/** Serving a folder under its own host name takes two servers. */
function hostHint(key: string, folder: string): string {
  const second = `serve8008 ${shellQuote(folder)} --port 8081`
  const route = `--proxy ${shellQuote(`${key}=http://localhost:8081`)}`
  return `start a second server for that folder (${second}) and forward to it (${route})`
}

/** Checks the page that answers navigation to unknown paths, relative to the served folder. */
export function resolveSingle(single: boolean | string, problems: Problem[]): string | undefined {
  if (typeof single === 'boolean') return single ? 'index.html' : undefined
  const page = single.replace(/^\.?\//, '')
  // On Windows a colon means a drive (`C:x`) or a stream (`x:y`).
  const wrong = page === '' || page.endsWith('/') || /[\\:\x00-\x1f\x7f]/.test(page)
  if (!wrong && !page.split('/').some((segment) => segment === '' || segment === '.' || segment === '..')) return page
  problems.push({
    path: ['single'],
    message: `${quote(single)} is not a page inside the folder`,
    hint: 'use a relative path with slashes, such as app.html',
  })
  return undefined
}

/** The path to open in the browser; a relative one is below the base. */
export function resolveOpen(open: boolean | string, base: string, problems: Problem[]): string | undefined {
  if (open === false) return undefined
  if (open === true) return base
  const url = URL.canParse(open, `http://localhost${base}`) ? new URL(open, `http://localhost${base}`) : undefined
  // A scheme or `//host` would open another server.
  if (url?.origin === 'http://localhost' && !/^[a-z][a-z0-9+.-]*:|[\x00-\x1f\x7f\\]/i.test(open)) {
    return url.pathname + url.search + url.hash
  }
  problems.push({
    path: ['open'],
    message: `${quote(open)} is not a path on this server`,
    hint: 'use a URL path such as /docs/',
  })
  return undefined
}

/**
 * Normalises a URL path prefix: a slash at both ends, percent-encoded as browsers do it, comparable with a request-target
 * as received. Undefined for a path that a normalising client or server would change (dot segments, doubled or encoded
 * slashes, backslashes, a query, control characters).
 */
export function parsePathPrefix(text: string): string | undefined {
  if (/[?#\\\x00-\x1f\x7f]|\/\//.test(text)) return undefined
  if (/%(?![0-9a-f]{2})|%(?:2f|5c|[01][0-9a-f]|7f)/i.test(text)) return undefined
  const path = `${text.startsWith('/') ? '' : '/'}${text}${text.endsWith('/') ? '' : '/'}`
  if (path.split('/').some((segment) => /^(?:\.|%2e){1,2}$/i.test(segment))) return undefined
  if (path === '//') return '/'
  return new URL(path, 'http://localhost').pathname.replace(/%[0-9a-f]{2}/g, (octet) => octet.toUpperCase())
}

/** Refuses PEM instead of a path: messages show paths, and must not show a private key. */
export function refusePem(text: string | undefined, path: readonly string[], problems: Problem[]): void {
  if (text?.includes('-----BEGIN ') !== true) return
  const hint = 'write it to a file, and use its path'
  problems.push({ path, message: 'the value is PEM itself, not the path of a file', hint })
}
