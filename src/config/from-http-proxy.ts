import { ServeError } from '../core/serve-error.ts'
import { nearest, quote } from './diagnostic.ts'
import { isPlainObject } from './plain-object.ts'
import type { FromHttpProxyResult, FromHttpProxySettings, ProxyProgram } from './foreign-proxy/types.ts'

const programs: readonly ProxyProgram[] = [
  ...(['http-proxy', 'http-proxy-middleware', 'http-proxy-middleware@2'] as const),
  ...(['vite', 'webpack-dev-server', 'angular', 'create-react-app'] as const),
]

/**
 * Turns options of http-proxy, http-proxy-middleware, Vite's `server.proxy`, webpack's `devServer.proxy`, Angular's
 * `proxy.conf` or `proxy` in the package.json of Create React App into routes. Functions that rewrite paths are called
 * with examples. Every other function and each option that has no counterpart is listed in `differences`, and a route
 * that could not do the same is left out and listed.
 *
 * @param options a table of contexts, a list of entries with `context`, one entry, or a text
 * @throws ServeError `E8008_CONFIG_INVALID` for what no such program takes
 * @example
 * const { routes, differences } = await fromHttpProxy(viteConfig.server.proxy, { from: 'vite' })
 * const server = createServer({ root: 'dist', single: true, routes })
 */
export async function fromHttpProxy(
  options: unknown,
  settings: FromHttpProxySettings = {},
): Promise<FromHttpProxyResult> {
  const checked = checkSettings(settings)
  // Loaded late: few programs need it.
  const { convertProxyOptions } = await import('./foreign-proxy/convert.ts')
  return convertProxyOptions(options, checked)
}

const noSettings = "leave it out, or write { from: 'vite' }"

function checkSettings(settings: unknown): { from: ProxyProgram | undefined; mount: string } {
  if (!isPlainObject(settings))
    throw slip(`fromHttpProxy() takes { from, mount } second, and got ${quote(settings)}.`, noSettings)
  const unknown = Object.keys(settings).find((key) => key !== 'from' && key !== 'mount')
  if (unknown !== undefined)
    throw slip(`fromHttpProxy() takes { from, mount } second, and no ${quote(unknown)}.`, noSettings)
  const { from, mount = '/' } = settings
  if (from !== undefined && !(programs as readonly unknown[]).includes(from)) {
    const meant = typeof from === 'string' ? nearest(from, programs) : undefined
    const hint = meant === undefined ? `use one of ${programs.join(', ')}` : `did you mean ${quote(meant)}?`
    throw slip(`fromHttpProxy() does not know the program ${quote(from)}.`, hint)
  }
  if (typeof mount !== 'string' || !mount.startsWith('/')) {
    throw slip(`fromHttpProxy() takes a path as mount, and got ${quote(mount)}.`, "write { mount: '/api' }")
  }
  return { from: from as ProxyProgram | undefined, mount: mount.replace(/\/+$/, '') }
}

function slip(message: string, hint: string): ServeError {
  return new ServeError('E8008_CONFIG_INVALID', message, { hint })
}
