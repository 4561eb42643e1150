import type { Environment } from '../config/env.ts'
import { isContinuousIntegration } from './terminal.ts'

/** Shows a URL: package `open`, or a stand-in. */
export type Opener = (
  url: string,
  options?: { app: { name: string; arguments: readonly string[] } },
) => Promise<{ on(event: 'error', listener: (error: Error) => void): unknown }>

/**
 * Opens the browser at a path of the server. BROWSER names another one (with BROWSER_ARGS), `none` and CI suppress it.
 * A browser that does not start is no reason to stop: `warn` gets the sentence.
 */
export async function openBrowser(
  url: string,
  path: string,
  env: Environment,
  warn: (message: string) => void,
  opener?: Opener,
): Promise<void> {
  const browser = env['BROWSER'] ?? ''
  if (browser.toLowerCase() === 'none' || isContinuousIntegration(env)) return
  try {
    const open = opener ?? ((await import('open')).default as Opener)
    const words = (env['BROWSER_ARGS'] ?? '').split(' ').filter((word) => word !== '')
    const target = new URL(path, url).href
    const child = await (browser === '' ? open(target) : open(target, { app: { name: browser, arguments: words } }))
    child.on('error', (error) => warn(`The browser did not open: ${error.message}`))
  } catch (error) {
    warn(`The browser did not open: ${error instanceof Error ? error.message : String(error)}`)
  }
}
