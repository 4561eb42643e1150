import assert from 'node:assert/strict'
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ToPage } from '../../src/live/protocol.ts'
import { LivePage } from '../support/live-page.ts'
import { TempFolder } from '../support/server.ts'

const count = 5000
const timeout = 120_000
/** Milliseconds without a change after which a burst is over for the server, and after which it tells of a longer one. */
const quietMs = 60
const longestMs = 2000

const names = Array.from({ length: count }, (_, index) => `folder-${index % 50}/file-${index}.txt`)

/** A server in another process and a folder of many files, each of which a page has used, so that it is watched. */
class Site implements AsyncDisposable {
  readonly folder = new TempFolder()
  port = 0
  #child: ChildProcess | undefined
  #startedAt = 0
  #writtenAt = 0
  #pauses = 0
  #writes = 0

  static async start(): Promise<Site> {
    const site = new Site()
    for (let index = 0; index < 50; index++) mkdirSync(site.folder.join(`folder-${index}`))
    for (const name of [...names, 'style.css', 'index.html']) writeFileSync(site.folder.join(name), site.#content())
    const entry = fileURLToPath(new URL('server.ts', import.meta.url))
    site.#child = fork(entry, [site.folder.path], { execArgv: ['--import', 'tsx'] })
    const [{ port }] = (await once(site.#child, 'message')) as [{ port: number }]
    site.port = port
    const paths = names.map((name) => `/${name}`)
    for (const resources of [paths.slice(0, count / 2), paths.slice(count / 2)]) {
      using page = await LivePage.open(port, { document: '/other', resources })
      assert.equal((await page.next()).type, 'welcome')
    }
    return site
  }

  /** Writes other content of the same length than before, in place, and returns it. */
  save(name: string): string {
    const content = this.#content()
    writeFileSync(this.folder.join(name), content, { flag: 'r+' })
    const now = performance.now()
    if (now - this.#writtenAt >= quietMs / 2) this.#pauses++
    this.#writtenAt = now
    return content
  }

  /** Changes every file, and the style sheet again and again; returns what is in that at last. */
  async burst(): Promise<string> {
    for (const [index, name] of names.entries()) {
      this.save(name)
      if (index % 100 > 0) continue
      this.save('style.css')
      await nextTurn()
    }
    return this.save('style.css')
  }

  /** From now on `bursts` counts. */
  begin(): void {
    this.#startedAt = this.#writtenAt = performance.now()
    this.#pauses = 0
  }

  /** How many bursts what was saved can look like, by its pauses and its length: a machine may hold a program up. */
  get bursts(): number {
    return 1 + this.#pauses + Math.floor((this.#writtenAt - this.#startedAt) / longestMs)
  }

  #content(): string {
    return `/* ${String(++this.#writes).padStart(8, '0')} */`
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
    if (this.#child?.connected) {
      this.#child.disconnect()
      await once(this.#child, 'exit')
    }
    this.folder[Symbol.dispose]()
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

test(
  '5,000 changed files, the style sheet among them, make at most two messages, and the last is last',
  { timeout },
  async (t) => {
    const { page, heard } = await openPage()
    using _page = page
    site.begin()
    let final: string | undefined
    let fetched = ''
    const burst = site.burst().then((content) => (final = content))
    // The page does what it is for: it fetches what has changed.
    while (fetched !== final) {
      await page.next()
      fetched = await site.fetch('/style.css')
    }
    await burst
    await site.becomeQuiet()
    await catchUp(page)
    const { bursts } = site
    t.diagnostic(JSON.stringify({ messages: heard.length, bursts }))
    assert.ok(heard.length <= 2 * bursts, `${heard.length} messages for ${bursts} bursts`)
    for (const message of heard) assert.deepEqual(pathsOf(message), ['/style.css'])
  },
)

test('5,000 changed files that no page uses are no message', { timeout }, async () => {
  const { page, heard } = await openPage()
  using _page = page
  for (const name of names) site.save(name)
  // The one that tells that the burst is over.
  site.save('style.css')
  await page.next()
  await site.becomeQuiet()
  await catchUp(page)
  assert.deepEqual(heard.map(pathsOf), [['/style.css']])
})

test(
  'a page that reloads in the midst of a burst ends up to date after at most two reloads',
  { timeout },
  async (t) => {
    let reloads = 0
    let content = ''
    let current: LivePage | undefined
    let isReloading = false

    /** Loads the page, as often as the server has it reload. */
    async function live(): Promise<void> {
      for (;;) {
        isReloading = true
        const startedAt = performance.now()
        await site.fetch('/')
        content = await site.fetch('/style.css')
        const age = performance.now() - startedAt
        const page = (current = await LivePage.open(site.port, { resources: ['/style.css'], age }))
        isReloading = false
        let message = await page.next()
        while (message.type === 'welcome') message = await page.next()
        if (message.type !== 'change') throw new Error(`The page heard ${message.type}.`)
        page[Symbol.dispose]()
        reloads++
      }
    }

    const life = live()
    // It ends with the socket of its last page; a failure shows where it is waited for.
    life.catch(() => {})
    while (current === undefined) await Promise.race([nextTurn(), life])
    await site.becomeQuiet()
    site.begin()
    site.save('style.css')
    // Goes on until the page has said hello again.
    for (let round = 0; round === 0 || reloads === 0 || isReloading; round++) {
      await Promise.race([site.burst(), life])
    }
    const final = site.save('style.css')
    const { bursts } = site
    const during = reloads
    for (let isSettled = false; !isSettled;) {
      await Promise.race([site.becomeQuiet(), life])
      const page: LivePage | undefined = current
      if (isReloading || page === undefined) continue
      await Promise.race([catchUp(page), life])
      isSettled = current === page && !isReloading
    }
    t.diagnostic(JSON.stringify({ reloads, during, bursts }))
    assert.equal(content, final)
    assert.ok(reloads <= 2 * bursts, `${reloads} reloads for ${bursts} bursts`)
  },
)
