import { after, before, beforeEach } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { launchChromium, patienceMs, skip, withPage } from './chromium.ts'
import { Stub } from './stub.ts'

/** The stub and the browser that the tests of a file share. */
export interface Fixture {
  readonly stub: Stub
  /** Opens `/` of the stub in a new browser context. */
  open(use: (page: Page) => Promise<void>, options?: Parameters<typeof withPage>[3]): Promise<void>
}

/** Starts one stub and one browser for all tests of a file. */
export function liveFixture(): Fixture {
  const stub = new Stub()
  let browser: Browser | undefined
  before(async () => {
    if (skip !== false) return
    await stub.start()
    browser = await launchChromium()
  })
  after(async () => {
    await browser?.close()
    await stub.stop()
  })
  beforeEach(() => stub.reset())
  return {
    stub,
    async open(use, options) {
      if (browser !== undefined) await withPage(browser, stub.origin, use, options)
    },
  }
}

/** Lets a test read the closed shadow roots of the client. Call it before the page loads. */
export async function openShadows(page: Page): Promise<void> {
  await page.addInitScript(`window.shadows = []
    const attach = Element.prototype.attachShadow
    Element.prototype.attachShadow = function (options) {
      const root = attach.call(this, options)
      if (this.localName === 'serve8008-live') shadows.push(root)
      return root
    }`)
}

/** Expression for all text that the client shows. */
export const shownText = `shadows.filter((root) => root.host.isConnected).map((root) => root.textContent).join()`

/** Waits until an expression holds. Unlike what the browser driver offers, it works under policies that forbid eval. */
export async function until(page: Page, expression: string): Promise<void> {
  const end = performance.now() + patienceMs
  while (!(await page.evaluate<boolean>(expression))) {
    if (performance.now() > end) throw new Error(`It never came that ${expression}`)
    await page.evaluate('new Promise(requestAnimationFrame)')
  }
}
