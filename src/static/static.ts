import { sep } from 'node:path'
import { ServeError } from '../core/serve-error.ts'
import type { Exchange, Handler } from '../http/message/exchange.ts'
import { loadMediaTypes, needsMediaTypes } from '../http/message/media-type.ts'
import type { OpenFiles } from '../http/body/open-files.ts'
import { emptyReply } from '../http/message/reply.ts'
import { createLru } from '../core/util/lru.ts'
import { createFileReplies } from './files/file-replies.ts'
import { createAccessPolicy } from './access/access-policy.ts'
import { createDenyList } from './access/apply-deny-list.ts'
import { createFallback } from './fallback.ts'
import type { ListFolder } from './listing.ts'
import type { ServedFolders } from './mounts.ts'
import { parseUrlPath, prefixSegments, type UrlPath } from './url-path.ts'
import { createPresence } from './presence.ts'
import type { Advise, ProjectAdvice } from './project-advice.ts'
import { createWatchDependencies, noDependencies, type WatchDependencies } from './watch-dependencies.ts'
import { createResolver } from './resolve-file.ts'
import { createBatchStat } from './stat.ts'
import { sensitiveFiles } from './access/sensitive-files.ts'

export { singleFix } from './fallback.ts'
export { singleFile } from './single-file.ts'

/** How a folder is served. */
export interface StaticOptions {
  /** Absolute path of the folder. */
  readonly root: string
  /** Path prefix of the site with a slash at both ends, as in a URL; `/` for none. */
  readonly prefix: string
  /** Serve `/about` and `/about/` from `about.html`. */
  readonly cleanUrls: boolean
  /** `always` or `never` redirects pages to the form with or without a final slash; `auto` redirects folders only. */
  readonly trailingSlash: 'auto' | 'always' | 'never'
  /** Serve and list names that start with a dot. */
  readonly dotfiles: boolean
  /** Patterns of names and paths that are served although the deny list hides them. */
  readonly serve: readonly string[]
  /** Follow symbolic links to targets outside the folder. */
  readonly followSymlinks: boolean
  /** List folders that have no index page. */
  readonly listing: boolean
  /** Page that answers navigations to unknown paths, relative to the root, or undefined. */
  readonly single: string | undefined
  /** Value of `Cache-Control` for files; the empty string for none. */
  readonly cacheControl: string
  /** Send `.br`, `.zst` and `.gz` files next to the originals. */
  readonly sidecars: boolean
  /** Absolute paths of files that are never served. */
  readonly secretFiles: readonly string[]
  /** Absolute paths of folders that another route serves to fewer clients, as they are now. Default none. */
  readonly closedFolders?: () => readonly string[]
  /** The folders of the site: a listing links to them. */
  readonly served: () => ServedFolders
  /** Most bytes of file content kept in memory. */
  readonly cacheBytes: number
  /** The files that the server is sending. */
  readonly openFiles: OpenFiles
}

/** A served folder. */
export interface StaticFolder {
  /**
   * Answers a request with the whole representation of a file (status 200, with validators), a redirect to another form
   * of the path, a listing, or the site's page for missing files.
   *
   * @throws ServeError `E8008_PATH_INVALID`, `E8008_NOT_FOUND`, `E8008_METHOD`, `E8008_FORBIDDEN`,
   *   `E8008_INTERNAL`.
   */
  readonly handle: Handler
  /** Whether a GET of the exchange's path would be answered from the folder. */
  has(x: Exchange): boolean
  /**
   * The files whose change, creation or removal would change the answer to a request path: absolute paths of existing
   * and missing files; with a final separator the entries of a folder. Empty if no file decides.
   */
  dependencies(path: string): WatchDependencies
  /** Names of files at the top of the folder that are served and rarely meant to be, such as `dump.sql`. */
  sensitiveFiles(): string[]
  readonly advice: Advise
  /** Changes how many bytes of file content are kept in memory. */
  resize(cacheBytes: number): void
  /** Empties the caches of the folder, which stays usable. */
  retire(): void
}

/** Bytes for parsed paths. */
const urlPathBytes = 4 * 1024 * 1024

const allowed = Object.freeze(['Allow', 'GET, HEAD, OPTIONS'])
const optionsReply = Object.freeze(emptyReply(204, allowed))

/** Makes the handler of a served folder. It reads the disk for each request and does not watch it. */
export function createStatic(options: StaticOptions): StaticFolder {
  const platform = sep === '\\' ? 'win32' : 'posix'
  const denied = createDenyList(options)
  const access = createAccessPolicy({ ...options, denied })
  const files = createFileReplies({ ...options, access })
  let adviser: (() => ProjectAdvice | undefined) | undefined
  let loading: Promise<() => ProjectAdvice | undefined> | undefined
  const advice: Advise = () => {
    if (adviser !== undefined) return adviser()
    // The server asks soon after it listens. Node caches a failed import permanently, so modules for listings are
    // loaded now, and not when all descriptors may be in use.
    loading ??= Promise.all([import('./project-facts.ts'), import('./listing.ts')]).then(
      ([it]) => (adviser = it.createProjectAdvice(options.root)),
    )
    return loading.then((loaded) => loaded())
  }
  let listFolder: ListFolder | undefined
  // Loaded with the first listing, to keep the start fast.
  const list: ListFolder = async (urlPath, x) => {
    const { createListFolder } = await import('./listing.ts')
    listFolder ??= createListFolder({ access, platform, served: options.served, denied, advice })
    return listFolder(urlPath, x)
  }
  const look = createBatchStat(access)
  const answer = createResolver({
    ...options,
    look,
    files,
    list,
    fallback: createFallback({ ...options, look, files, advice }),
  })
  const prefix = prefixSegments(options.prefix)
  const parseOptions = { root: options.root, prefix, denied, platform } as const
  const urlPaths = createLru<string, UrlPath>(urlPathBytes, (_, path) => 1024 + 8 * path.length)

  function parse(path: string): UrlPath | undefined {
    const urlPath = parseUrlPath(path, parseOptions)
    if (urlPath !== undefined || options.single === undefined) return urlPath
    // No file has an encoded slash in its name, but the app's router may: `/repos/own%2Frepo`.
    const route = parseUrlPath(path.replaceAll(/%2f/gi, '/'), parseOptions)
    return route && { ...route, file: undefined }
  }

  function urlPathOf({ target: { path }, notes }: Exchange): UrlPath {
    const known = urlPaths.get(path)
    if (known !== undefined) return known
    const urlPath = parse(path)
    if (urlPath === undefined) {
      // No file can have this name, but an embedding program may have a route such as `/api/a%2Fb`.
      notes.unclaimed = true
      notes.remark = 'path with dot segments, encoded slashes or control characters'
      throw invalidPath()
    }
    urlPaths.set(path, urlPath)
    return urlPath
  }

  function handle(x: Exchange): ReturnType<Handler> {
    const { method } = x
    if (method === 'OPTIONS') {
      // An embedding program answers preflights of its own paths.
      if (!has(x)) x.notes.unclaimed = true
      return optionsReply
    }
    if (method !== 'GET' && method !== 'HEAD') throw refusedMethod(method)
    const urlPath = urlPathOf(x)
    if (urlPath.hasRareType && needsMediaTypes(urlPath.names.at(-1) ?? ''))
      return loadMediaTypes().then(() => answer(urlPath, x))
    return answer(urlPath, x)
  }

  const isPresent = createPresence({ ...options, access, files })

  function has(x: Exchange): boolean {
    const { path } = x.target
    const urlPath = urlPaths.get(path) ?? parse(path)
    return urlPath !== undefined && isPresent(urlPath, x)
  }

  const dependenciesOf = createWatchDependencies(options)

  function dependencies(path: string): WatchDependencies {
    const urlPath = urlPaths.get(path) ?? parse(path)
    return urlPath === undefined ? noDependencies : dependenciesOf(urlPath)
  }

  return {
    handle,
    has,
    dependencies,
    sensitiveFiles: () => sensitiveFiles(options.root, denied),
    advice,
    resize: files.resize,
    retire: () => (files.clear(), urlPaths.clear()),
  }
}

/** What a site without a folder has instead: nothing is there. */
export const noFolder: StaticFolder = {
  handle(x) {
    x.notes.unclaimed = true
    // For the client alone: each line of the log would repeat it.
    x.notes.remark ??= ''
    throw new ServeError('E8008_NOT_FOUND', 'Not found.', { hint: 'check the path: no folder is served here' })
  },
  has: () => false,
  dependencies: () => noDependencies,
  sensitiveFiles: () => [],
  advice: () => undefined,
  resize: () => {},
  retire: () => {},
}

function invalidPath(): ServeError {
  return new ServeError('E8008_PATH_INVALID', 'The path of the request is not valid.', {
    hint: 'remove dot segments, encoded slashes and control characters; percent-encode text as UTF-8',
  })
}

function refusedMethod(method: string): ServeError {
  return new ServeError('E8008_METHOD', `Files do not support the method ${JSON.stringify(method)}.`, {
    hint: 'use GET or HEAD',
    headers: allowed,
  })
}
