import { describeListener, describeSite } from './listening.ts'
import type * as Several from './several.ts'
import type { SeveralAccess } from './several.ts'
import type { ListenerControl, SiteControl } from './types.ts'

/** The control of a server for its sites. What changes them is loaded with the first change. */
export function createSiteControl(access: SeveralAccess, refuseClosed: () => void): SiteControl {
  const open = opener(refuseClosed)
  return {
    add: async (options) => (await open()).addSite(options, access),
    remove: async (name) => (await open()).removeSite(name, access),
    list: () => access.sites().map((site) => describeSite(site, access.host.listeners.bound)),
  }
}

/** The control of a server for its listeners. */
export function createListenerControl(access: SeveralAccess, refuseClosed: () => void): ListenerControl {
  const open = opener(refuseClosed)
  return {
    add: async (options) => (await open()).addListener(options, access),
    remove: async (name) => (await open()).removeListener(name, access),
    list: () => access.host.listeners.bound.map((each) => describeListener(each, access.sites())),
  }
}

/** Loads what changes a server. It may close meanwhile. */
function opener(refuseClosed: () => void): () => Promise<typeof Several> {
  return async () => {
    const several = await import('./several.ts')
    refuseClosed()
    return several
  }
}
