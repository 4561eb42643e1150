import type { ResolvedRoute } from '../config/route-types.ts'
import type { ResolvedConfig } from '../config/types.ts'
import { prefixMatch } from '../config/match.ts'
import { fileChange } from '../core/channels.ts'
import type { OpenFiles } from '../http/body/open-files.ts'
import { controlPrefix } from '../control/control.ts'
import { type Live, createLive } from '../live/live.ts'
import type { LiveOptions } from '../live/options.ts'
import { prefixOf, type SiteFolders } from '../routes/routes.ts'
import { createStatic, noFolder, type StaticFolder } from '../static/static.ts'
import type { Events } from './events.ts'

/** The route of the served folder. It stands in no list, and no other route can have its id. */
export function rootRoute({ base, root }: Pick<ResolvedConfig, 'base' | 'root'>): ResolvedRoute {
  return { id: '', match: prefixMatch(base), action: { kind: 'folder', root: root ?? '' } }
}

/**
 * Opens the folder of a route. It holds a cache, so it outlives a new pipeline.
 *
 * @param openFiles The files that the server sends.
 * @param served The folders of the site.
 */
export function openFolder(
  { match, action }: ResolvedRoute,
  config: ResolvedConfig,
  openFiles: OpenFiles,
  served: () => SiteFolders,
): StaticFolder {
  if (action.kind !== 'folder') throw new Error('not a route to a folder')
  const { root } = action
  if (root === '') return noFolder
  return createStatic({
    root,
    prefix: prefixOf(match),
    cleanUrls: config.cleanUrls,
    trailingSlash: config.trailingSlash,
    dotfiles: config.dotfiles,
    serve: config.serve,
    followSymlinks: config.followSymlinks,
    listing: config.listing,
    single: root === config.root ? config.single : undefined,
    cacheControl: config.cacheControl,
    sidecars: config.compress,
    secretFiles: config.secretFiles,
    closedFolders: () => served().all.flatMap(({ route, folder }) => (isClosed(route) ? [folder] : [])),
    served,
    cacheBytes: config.limits.cacheBytes,
    openFiles,
  })
}

/** Whether a route asks for a password or admits some clients only, whatever the site does. */
function isClosed({ access }: ResolvedRoute): boolean {
  return (
    access !== undefined && [access.auth || undefined, access.authFile, access.allow].some((rule) => rule !== undefined)
  )
}

/** What live reload needs of a site. */
export interface LiveSite extends Pick<
  LiveOptions,
  'claim' | 'isEmbedded' | 'pages' | 'reloadSites' | 'folders' | 'dependenciesOf'
> {
  readonly config: ResolvedConfig
  /** The advice on the served folder. */
  readonly advice: StaticFolder['advice']
  readonly events: Events
}

/** Live reload for the folders of a site; undefined where it is off. */
export function openLive({ config, advice, events, ...site }: LiveSite): Live | undefined {
  const { live } = config
  if (live === undefined) return undefined
  return createLive({
    ...live,
    ...site,
    controlPath: controlPrefix(config.base),
    cached: config.cacheControl !== 'no-cache',
    pageBytes: config.limits.pageBytes,
    onChange(paths) {
      if (fileChange.hasSubscribers) fileChange.publish({ paths })
      events.emit('change', paths)
    },
    async indexError() {
      const known = await advice()
      if (known?.kind !== 'source') return undefined
      return { title: 'These are sources', message: `${known.message} Run: ${known.command}` }
    },
    onUpdate: (update) => events.emit('reload', update),
    onConsole: (error) => events.emit('console', error),
    onWarning: (warning) => events.emit('warning', warning),
  })
}
