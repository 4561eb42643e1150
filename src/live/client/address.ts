/** Query parameter that makes a URL new to every cache. File servers ignore it. */
const parameter = 'serve8008'

/** Resolves a URL of the page; undefined for one of another origin and for an invalid one. */
export function ownAddress(address: string, base: string): URL | undefined {
  try {
    const url = new URL(address, base)
    return url.origin === location.origin ? url : undefined
  } catch {
    return undefined
  }
}

/** Whether a URL has the path of a changed file. The query does not matter. */
export function isAt(address: string | null, base: string, path: string): boolean {
  return address !== null && ownAddress(address, base)?.pathname === path
}

/** Adds the stamp to the query, so that no cache has the URL. The rest of the query stays unchanged. */
export function bust(address: string, base: string, stamp: string): string {
  const url = new URL(address, base)
  const own = url.search
    .slice(1)
    .split('&')
    .filter((part) => part !== '' && (!part.startsWith(`${parameter}=`) || part.endsWith('=no-live')))
  url.search = [...own, `${parameter}=${stamp}`].join('&')
  return url.href
}

/** Whether {@link bust} made a URL: such loads are the client's, not the page's. */
export function isBusted(url: URL): boolean {
  // `serve8008=no-live` is part of the page's own URL: it turns the client off.
  return new RegExp(`[?&]${parameter}=(?!no-live(?:&|$))`).test(url.search)
}
