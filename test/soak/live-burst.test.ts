import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { after, before, test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { ToPage } from '../../src/live/protocol.ts'
import { LivePage } from '../support/live-page.ts'
import { TempFolder } from '../support/server.ts'
import type { BurstOrder, BurstResult } from './burst-writer.ts'

const count = 5000
const pageCount = 5
const timeout = 120_000
/** Milliseconds without a change after which the server ends a burst, and after which it reports a longer one. */
const quietMs = 60
const longestMs = 2000
/** Milliseconds by which the server may notice one write later than another. */
const skewMs = 10

const names = Array.from({ length: count }, (_, index) => `folder-${index % 50}/file-${index}.txt`)

function start(name: string, ...args: string[]): ChildProcess {
  return fork(fileURLToPath(new URL(name, import.meta.url)), args, { execArgv: ['--import', 'tsx'] })
}

/** A server and a writer in processes of their own, and a folder of many files, each of which a page has used. */
class Site implements AsyncDisposable {
  readonly folder = new TempFolder()
  port = 0
  #server: ChildProcess | undefined
  #writer: ChildProcess | undefined

  static async start(): Promise<Site> {
    const site = new Site()
    for (let index = 0; index < 50; index++) mkdirSync(site.folder.join(`folder-${index}`))
    for (const name of [...names, 'style.css', 'index.html']) writeFileSync(site.folder.join(name), '/* 00000000 */')
    site.#writer = start('burst-writer.ts')
    site.#server = start('server.ts', site.folder.path)
    const [{ port }] = (await once(site.#server, 'message')) as [{ port: number }]
    site.port = port
    const paths = names.map((name) => `/${name}`)
    for (const resources of [paths.slice(0, count / 2), paths.slice(count / 2)]) {
      using page = await LivePage.open(port, { document: '/other', resources })
      assert.equal((await page.next()).type, 'welcome')
    }
    return site
  }

  /** Changes every file, and the style sheet again and again. */
  async burst(t: TestContext): Promise<BurstResult & { bursts: number }> {
    const files = names.map((name) => this.folder.join(name))
    this.#writer?.send({ files, often: this.folder.join('style.css'), pauseMs: quietMs - skewMs } satisfies BurstOrder)
    const [result] = (await once(this.#writer as ChildProcess, 'message')) as [BurstResult]
    // A machine that holds the writer up, or is slow, makes more than one burst of it.
    const bursts = 1 + result.pauses + Math.floor(result.ms / longestMs)
    t.diagnostic(JSON.stringify({ ...result, bursts }))
    return { ...result, bursts }
  }

  async fetch(path: string): Promise<string> {
    const response = await fetch(`http://127.0.0.1:${this.port}${path}`)
    assert.equal(response.status, 200)
    return await response.text()
  }

  /** Waits until the server gathers nothing: only then it answers a page that says hello. */
  async becomeQuiet(): Promise<void> {
    using page = await LivePage.open(this.port, { document: '/other' })
    assert.equal((await page.next()).type, 'welcome')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of [this.#server, this.#writer]) {
      if (child?.connected !== true) continue
      child.disconnect()
      await once(child, 'exit')
    }
    this.folder[Symbol.dispose]()
  }
}

/** A page that reloads as often as the server has it reload. */
class Browsed implements Disposable {
  reloads = 0
  /** What its style sheet was when it was loaded. */
  content = ''
  /** Undefined while it is being loaded. */
  page: LivePage | undefined
  #isOver = false
  readonly #site: Site
  readonly life: Promise<void>

  constructor(site: Site) {
    this.#site = site
    this.life = this.#live()
    // A failure shows where it is waited for.
    this.life.catch(() => {})
  }

  async #live(): Promise<void> {
    for (; !this.#isOver; this.reloads++) {
      const startedAt = performance.now()
      await this.#site.fetch('/')
      this.content = await this.#site.fetch('/style.css')
      const age = performance.now() - startedAt
      using page = await LivePage.open(this.#site.port, { resources: ['/style.css'], age })
      this.page = page
      let message = await page.next()
      while (message.type === 'welcome') message = await page.next()
      assert.deepEqual(pathsOf(message), ['/style.css'])
      this.page = undefined
    }
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.page?.[Symbol.dispose]()
  }
}

/** Waits until every page has heard all that the server has to say, and is up to date. */
async function settle(site: Site, pages: readonly Browsed[]): Promise<void> {
  const lives = pages.map(({ life }) => life)
  for (let isSettled = false; !isSettled;) {
    await Promise.race([site.becomeQuiet(), ...lives])
    const current = pages.map(({ page }) => page)
    for (const page of current) if (page !== undefined) await Promise.race([catchUp(page), ...lives])
    isSettled = pages.every(({ page }, index) => page !== undefined && page === current[index])
  }
}

let site: Site
before(async () => void (site = await Site.start()))
after(() => site[Symbol.asyncDispose]())

/** A page with the style sheet, up to date, and all that it hears from now on. */
async function openPage(): Promise<{ page: LivePage; heard: ToPage[] }> {
  const page = await LivePage.open(site.port, { resources: ['/style.css'] })
  const heard: ToPage[] = []
  assert.equal((await page.next()).type, 'welcome')
  page.socket.on('message', (data) => heard.push(JSON.parse((data as Buffer).toString()) as ToPage))
  return { page, heard }
}

/** Waits until everything that the server has sent so far has come, or the page is closed. */
async function catchUp({ socket }: LivePage): Promise<void> {
  if (socket.readyState !== socket.OPEN) return
  socket.ping()
  await Promise.race([once(socket, 'pong'), once(socket, 'close')])
}

/** The paths of a message of changes. */
function pathsOf(message: ToPage): string[] {
  return message.type === 'change' ? message.changes.map(({ path }) => path) : [message.type]
}

test('sends at most two messages to an open page for 5,000 files written at once', { timeout }, async (t) => {
  const { page, heard } = await openPage()
  using _page = page
  const { final, bursts } = await site.burst(t)
  await page.next()
  await site.becomeQuiet()
  await catchUp(page)
  t.diagnostic(JSON.stringify({ messages: heard.length }))
  assert.ok(heard.length >= 1 && heard.length <= 2 * bursts, `${heard.length} messages for ${bursts} bursts`)
  for (const message of heard) assert.deepEqual(pathsOf(message), ['/style.css'])
  assert.equal(await site.fetch('/style.css'), final)
})

test('each page reloads at most twice for 5,000 files, and shows the final content', { timeout }, async (t) => {
  const pages = Array.from({ length: pageCount }, () => new Browsed(site))
  try {
    await settle(site, pages)
    const before = pages.map(({ reloads }) => reloads)
    const { final, bursts } = await site.burst(t)
    await settle(site, pages)
    const reloads = pages.map((page, index) => page.reloads - (before[index] as number))
    t.diagnostic(JSON.stringify({ reloads }))
    assert.deepEqual(
      pages.map(({ content }) => content),
      pages.map(() => final),
    )
    assert.ok(Math.max(...reloads) <= 2 * bursts, `${reloads.join(', ')} reloads for ${bursts} bursts`)
  } finally {
    for (const page of pages) page[Symbol.dispose]()
  }
})

test('sends no message for 5,000 changed files that no page uses', { timeout }, async () => {
  const { page, heard } = await openPage()
  using _page = page
  for (const name of names) writeFileSync(site.folder.join(name), '/* 99999999 */')
  // The one that tells that the burst is over.
  writeFileSync(site.folder.join('style.css'), '/* 99999999 */')
  await page.next()
  await site.becomeQuiet()
  await catchUp(page)
  assert.deepEqual(heard.map(pathsOf), [['/style.css']])
})
