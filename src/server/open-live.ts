import type { ResolvedConfig } from '../config/types.ts'
import { createLive, type Live } from '../live/live.ts'
import { createFinder } from '../routes/routes.ts'
import type { Site } from './pipeline.ts'
import type { Events } from './events.ts'

/** Live reload for the served folders, where the configuration wants it. */
export function openLive(config: ResolvedConfig, sites: readonly Site[], events: Events): Live | undefined {
  const { live } = config
  if (live === undefined) return undefined
  const siteOf = createFinder(sites)
  return createLive({
    ...live,
    base: config.base,
    folders: [config.root, ...config.mounts.map(({ folder }) => folder)],
    cached: config.cacheControl !== 'no-cache',
    maxPages: config.limits.livePages,
    pageBytes: config.limits.pageBytes,
    sourcesOf: (path) => siteOf(path)?.site.dependencies(path) ?? { files: [], isMissing: false },
    onChange: (paths) => events.emit('change', paths),
    onUpdate: (update) => events.emit('reload', update),
    onConsole: (error) => events.emit('console', error),
    onWarning: (warning) => events.emit('warning', warning),
  })
}
