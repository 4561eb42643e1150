import { existsSync } from 'node:fs'
import { chromium, type Browser, type Page } from 'playwright-core'

/** Where browsers of this kind are; the variable names another one. */
const candidates = [
  process.env['SERVE8008_TEST_BROWSER'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  String.raw`C:\Program Files\Google\Chrome\Application\chrome.exe`,
]
const executablePath = candidates.find((path): path is string => path !== undefined && existsSync(path))
/** Milliseconds that a browser gets for a step; a machine that does much else needs them. */
export const patienceMs = 120_000
const flags =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking ' +
  '--disable-component-update --disable-sync'

/** Why tests in a browser are skipped, or false. */
export const skip: string | false =
  executablePath === undefined
    ? 'no browser found: apt-get install chromium, or name one in SERVE8008_TEST_BROWSER'
    : false

/**
 * Starts a browser; its owner closes it.
 *
 * @param home Home folder of the user that it believes to run for.
 * @param further Further flags.
 */
export function launchChromium(
  ignoreDefaultArgs: string[] = [],
  home?: string,
  further: readonly string[] = [],
): Promise<Browser> {
  const env = home === undefined ? {} : { env: { ...process.env, HOME: home } }
  const args = [...flags.split(' '), ...further]
  return chromium.launch({ executablePath: executablePath ?? '', args, ignoreDefaultArgs, timeout: patienceMs, ...env })
}

interface PageOptions {
  readonly before?: (page: Page) => Promise<void>
  readonly tolerate?: RegExp
}

/** Opens a page of its own and closes it afterwards; what the page complains of fails the test. */
export async function withPage(
  browser: Browser,
  address: string,
  use: (page: Page) => Promise<void>,
  options: PageOptions = {},
): Promise<void> {
  const context = await browser.newContext()
  const page = await context.newPage()
  await visit(page, address, use, options, () => context.close())
}

/** What tests listen to in a page. */
const events = ['console', 'pageerror', 'load', 'websocket'] as const

/** The same in a page that other tests use too, which saves a process of the browser for each. */
export function inPage(
  page: Page,
  address: string,
  use: (page: Page) => Promise<void>,
  options: PageOptions = {},
): Promise<void> {
  return visit(page, address, use, options, async () => {
    await page.goto('about:blank')
    for (const event of events) page.removeAllListeners(event)
  })
}

async function visit(
  page: Page,
  address: string,
  use: (page: Page) => Promise<void>,
  { before, tolerate }: PageOptions,
  leave: () => Promise<void>,
): Promise<void> {
  const complaints: string[] = []
  try {
    page.setDefaultTimeout(patienceMs)
    page.on('console', (message) => complaints.push(message.text()))
    page.on('pageerror', (error) => complaints.push(error.message))
    await before?.(page)
    await page.goto(address)
    await use(page)
  } finally {
    await leave()
  }
  const unexpected = complaints.filter((text) => tolerate?.test(text) !== true)
  if (unexpected.length > 0) throw new Error(`The page complains:\n${unexpected.join('\n')}`)
}
