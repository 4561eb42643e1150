import type { ResolvedConfig } from '../config/types.ts'
import { fileChange } from '../core/channels.ts'
import type { OpenFiles } from '../http/body/open-files.ts'
import { controlPrefix } from '../control/control.ts'
import { type Live, createLive } from '../live/live.ts'
import type { LiveOptions } from '../live/options.ts'
import { createFinder } from '../routes/routes.ts'
import { createStatic, type StaticFolder } from '../static/static.ts'
import type { Events } from './events.ts'

/** A served folder: the root or a mount. It holds the cache, so it outlives a new pipeline. */
export interface OpenFolder {
  readonly path: string
  readonly files: StaticFolder
}

/** Opens the folders of a configuration. */
/** @param openFiles The files that the server sends. @param cacheBytes The share of each folder in the limit. */
export function openFolders(config: ResolvedConfig, openFiles: OpenFiles, cacheBytes: number): OpenFolder[] {
  const { root } = config
  const folders = servedFolders(config)
  const served = folders.map(({ path, folder }) => ({ prefix: path, folder }))
  return folders.map(({ path, folder }) => ({
    path,
    files: createStatic({
      root: folder,
      prefix: path,
      cleanUrls: config.cleanUrls,
      trailingSlash: config.trailingSlash,
      dotfiles: config.dotfiles,
      serve: config.serve,
      followSymlinks: config.followSymlinks,
      listing: config.listing,
      single: folder === root ? config.single : undefined,
      cacheControl: config.cacheControl,
      sidecars: config.compress,
      secretFiles: config.secretFiles,
      served,
      cacheBytes,
      openFiles,
    }),
  }))
}

/** Live reload for the served folders; undefined where it is off. */
export function openLive(
  config: ResolvedConfig,
  folders: readonly OpenFolder[],
  events: Events,
  { claim, pages, reloadSites }: Pick<LiveOptions, 'claim' | 'pages' | 'reloadSites'>,
): Live | undefined {
  const { live } = config
  if (live === undefined) return undefined
  const folderOf = createFinder(folders)
  return createLive({
    ...live,
    controlPath: controlPrefix(config.base),
    folders: [config.root, ...config.mounts.map(({ folder }) => folder)],
    cached: config.cacheControl !== 'no-cache',
    pages,
    pageBytes: config.limits.pageBytes,
    dependenciesOf: (path) => folderOf(path)?.files.dependencies(path) ?? { files: [], isMissing: false },
    onChange(paths) {
      if (fileChange.hasSubscribers) fileChange.publish({ paths })
      events.emit('change', paths)
    },
    claim,
    async indexError() {
      const advice = await folders[0]?.files.advice()
      if (advice?.kind !== 'source') return undefined
      return { title: 'These are sources', message: `${advice.message} Run: ${advice.command}` }
    },
    reloadSites,
    onUpdate: (update) => events.emit('reload', update),
    onConsole: (error) => events.emit('console', error),
    onWarning: (warning) => events.emit('warning', warning),
  })
}

/** The served folders by their paths, `base` included: the root first, then the mounts. */
export function servedFolders(
  config: Pick<ResolvedConfig, 'base' | 'root' | 'mounts'>,
): { readonly path: string; readonly folder: string }[] {
  const { base, root, mounts } = config
  return [
    { path: base, folder: root },
    ...mounts.map(({ path, folder }) => ({ path: `${base}${path.slice(1)}`, folder })),
  ]
}
