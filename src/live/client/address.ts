/** Query parameter that makes an address new to every cache. Servers of files do not look at it. */
const parameter = 'serve8008'

/** Resolves an address of the page; undefined for one of another origin or none at all. */
export function ownAddress(address: string, base: string): URL | undefined {
  try {
    const url = new URL(address, base)
    return url.origin === location.origin ? url : undefined
  } catch {
    return undefined
  }
}

/** Whether an address is the one of a changed file, whatever its query. */
export function isAt(address: string | null, base: string, path: string): boolean {
  return address !== null && ownAddress(address, base)?.pathname === path
}

/** The same address, which no cache has seen yet. The page's own query stays as it is. */
export function bust(address: string, base: string, stamp: string): string {
  const url = new URL(address, base)
  const own = url.search
    .slice(1)
    .split('&')
    .filter((part) => part !== '' && (!part.startsWith(`${parameter}=`) || part.endsWith('=no-live')))
  url.search = [...own, `${parameter}=${stamp}`].join('&')
  return url.href
}

/** Whether an address was made by {@link bust}: what we load ourselves tells nothing about the page. */
export function isBusted(url: URL): boolean {
  // `no-live` is the page's own: the way out of the client.
  return new RegExp(`[?&]${parameter}=(?!no-live(?:&|$))`).test(url.search)
}
