import { describeListener, describeSite } from './listening.ts'
import type { SeveralAccess } from './several.ts'
import type { ListenerControl, SiteControl } from './types.ts'

/** The controls of a server for its sites and listeners. What changes them is loaded with the first change. */
export function createControls(
  access: SeveralAccess,
  refuseClosed: () => void,
): { readonly sites: SiteControl; readonly listeners: ListenerControl } {
  const { listeners } = access.host

  async function load(): Promise<typeof import('./several.ts')> {
    refuseClosed()
    return import('./several.ts')
  }

  return {
    sites: {
      add: async (options) => (await load()).addSite(options, access),
      remove: async (name) => (await load()).removeSite(name, access),
      list: () => access.sites().map((site) => describeSite(site, listeners.bound)),
    },
    listeners: {
      add: async (options) => (await load()).addListener(options, access),
      remove: async (name) => (await load()).removeListener(name, access),
      list: () => listeners.bound.map((each) => describeListener(each, access.sites())),
    },
  }
}
