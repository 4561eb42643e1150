import { basename } from 'node:path'
import type { Environment } from '../config/sources/env.ts'
import { isContinuousIntegration } from './output/terminal.ts'

/** An opener that fails within this many milliseconds started no browser. */
const startMs = 5000

/** Shows a URL: package `open`, or a stand-in. */
export type Opener = (
  url: string,
  options?: { app: { name: string; arguments: readonly string[] } },
) => Promise<{
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'exit', listener: (code: number | null) => void): unknown
}>

/**
 * Opens the browser at a path of the server. BROWSER names another one (with BROWSER_ARGS), `none` and CI suppress it.
 * A browser that does not start is no reason to stop: `warn` gets the sentence. What starts browsers, such as xdg-open,
 * ends at once; a browser that was named may run for hours, and how it ends then says nothing.
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
  const target = new URL(path, url).href
  const startedAt = performance.now()
  const failed = (why: string): void => warn(`No browser was opened (${why}). Open ${target} yourself.`)
  try {
    const open = opener ?? ((await import('open')).default as Opener)
    const words = (env['BROWSER_ARGS'] ?? '').split(' ').filter((word) => word !== '')
    const child = await (browser === '' ? open(target) : open(target, { app: { name: browser, arguments: words } }))
    child.on('error', (error) => failed(reasonOf(error)))
    child.on('exit', (code) => {
      if (code === null || code === 0 || performance.now() - startedAt > startMs) return
      failed(browser === '' ? `no browser was found, exit code ${code}` : `${browser} ended with ${code}`)
    })
  } catch (error) {
    failed(reasonOf(error))
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const [, program] = /^spawn (.*) ENOENT$/.exec(error.message) ?? []
  return program === undefined ? error.message : `${basename(program)} is not installed`
}
