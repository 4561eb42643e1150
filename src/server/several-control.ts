import { describeListener, describeSite } from './listening.ts'
import type { SeveralAccess } from './several.ts'
import type { ListenerControl, SiteControl } from './types.ts'

/** The control of a server for its sites. What changes them is loaded with the first change. */
export function createSiteControl(access: SeveralAccess, refuseClosed: () => void): SiteControl {
  return {
    async add(options) {
      refuseClosed()
      return (await import('./several.ts')).addSite(options, access)
    },
    async remove(name) {
      refuseClosed()
      return (await import('./several.ts')).removeSite(name, access)
    },
    list: () => access.sites().map((site) => describeSite(site, access.host.listeners.bound)),
  }
}

/** The control of a server for its listeners. */
export function createListenerControl(access: SeveralAccess, refuseClosed: () => void): ListenerControl {
  return {
    async add(options) {
      refuseClosed()
      return (await import('./several.ts')).addListener(options, access)
    },
    async remove(name) {
      refuseClosed()
      return (await import('./several.ts')).removeListener(name, access)
    },
    list: () => access.host.listeners.bound.map((each) => describeListener(each, access.sites())),
  }
}
