// slow: starts a browser
// starts first: a browser loads its pages one after the other
import assert from 'node:assert/strict'
import { createServer as createForeignServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { deflateSync } from 'node:zlib'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import type { Browser, Page } from 'playwright-core'
import { createServer, type ServeOptions, type Server8008, type Update } from '../../src/index.ts'
import { TempFolder } from '../support/server.ts'
import { inPage, launchChromium, skip } from './support/chromium.ts'
import { until } from './support/fixture.ts'

let browser: Browser
/** Each server is an origin of its own, so that a test finds nothing of another in the tab. */
let tab: Page

before(async () => {
  if (skip !== false) return
  // Further tabs share processes.
  browser = await launchChromium([], undefined, ['--renderer-process-limit=2'])
  const context = await browser.newContext()
  tab = await context.newPage()
})

after(async () => {
  if (skip === false) await browser.close()
})

interface Site extends AsyncDisposable {
  readonly folder: TempFolder
  server: Server8008
  readonly url: string
  readonly port: number
  readonly options: ServeOptions
}

const page = (head: string, body: string): string =>
  `<!doctype html><html><head>${head}</head><body>${body}</body></html>`
const icon = '<link rel="icon" href="data:,">'
const sheet = '<link rel="stylesheet" href="style.css">'

async function serve(files: Readonly<Record<string, string | Uint8Array>>, more: ServeOptions = {}): Promise<Site> {
  const folder = await new TempFolder().write(files)
  const options = { root: folder.path, port: 0, host: '127.0.0.1', ...more }
  const server = createServer(options)
  const { port } = await server.listen()
  const site = {
    folder,
    server,
    port,
    url: `http://127.0.0.1:${port}/`,
    options,
    async [Symbol.asyncDispose]() {
      await site.server.close()
      folder[Symbol.dispose]()
    },
  }
  return site
}

/** Resolves with the first update of this many pages. Pages that still connect get time. */
function updateOf({ server }: Site, pages: number): Promise<Update> {
  return new Promise((resolve) => server.on('reload', (update) => update.pages === pages && resolve(update)))
}

/** Opens a page and waits until it is connected to the server. */
async function withLivePage(
  site: Site,
  path: string,
  use: (page: Page) => Promise<void>,
  tolerate = /^$/,
): Promise<void> {
  await inPage(
    tab,
    'about:blank',
    async () => {
      await connect(tab, site.url + path)
      await use(tab)
    },
    { tolerate },
  )
}

async function connect(tab: Page, address: string): Promise<void> {
  const welcomed = nextWelcome(tab)
  await tab.goto(address)
  await welcomed
}

/** Resolves when the server has answered the hello of the page. */
function nextWelcome(tab: Page): Promise<void> {
  return new Promise((resolve) =>
    tab.on('websocket', (socket) =>
      socket.on('framereceived', ({ payload }) => {
        if (String(payload).includes('"welcome"')) resolve()
      }),
    ),
  )
}

const colour = (value: string): string => `getComputedStyle(document.body).color === '${value}'`
const red = 'rgb(255, 0, 0)'
const blue = 'rgb(0, 0, 255)'

test('a saved style sheet is swapped in place: input, scroll position and animation are kept', { skip }, async () => {
  const css = (value: string): string =>
    `body { color: ${value}; height: 5000px } @keyframes turn { to { rotate: 1turn } } p { animation: turn 100s linear infinite }`
  await using site = await serve({ 'index.html': page(icon + sheet, '<p>x</p><input>'), 'style.css': css(red) })
  await withLivePage(site, '', async (tab) => {
    await tab.fill('input', 'typed')
    await tab.evaluate('scrollTo(0, 1200); window.mark = 1')
    const started = await tab.evaluate("document.querySelector('p').getAnimations()[0].startTime")
    writeFileSync(site.folder.join('style.css'), css(blue))
    await tab.waitForFunction(colour(blue))
    assert.deepEqual(await tab.evaluate("[window.mark, scrollY, document.querySelector('input').value]"), [
      1,
      1200,
      'typed',
    ])
    assert.equal(await tab.evaluate("document.querySelector('p').getAnimations()[0].startTime"), started)
    assert.equal(await tab.evaluate("document.querySelectorAll('link[rel=stylesheet]').length"), 1)
  })
})

test('a saved image is swapped in place', { skip }, async () => {
  await using site = await serve({ 'index.html': page(icon, '<img src="dot.png">'), 'dot.png': picture(1) })
  await withLivePage(site, '', async (tab) => {
    await tab.evaluate('window.mark = 1')
    writeFileSync(site.folder.join('dot.png'), picture(7))
    await tab.waitForFunction("document.querySelector('img').naturalWidth === 7")
    assert.equal(await tab.evaluate('window.mark'), 1)
  })
})

test('a saved page is reloaded and keeps its scroll position; another page stays', { skip }, async () => {
  const tall = (title: string): string => page(`${icon}<title>${title}</title>`, '<div style="height:5000px"></div>')
  await using site = await serve({ 'index.html': tall('one'), 'other.html': tall('other') })
  await withLivePage(site, '', async (tab) => {
    await tab.evaluate('scrollTo(0, 1500); window.mark = 1')
    const told = updateOf(site, 0)
    await site.server.fetch('http://127.0.0.1/other')
    writeFileSync(site.folder.join('other.html'), tall('changed'))
    await told
    writeFileSync(site.folder.join('index.html'), tall('two'))
    await tab.waitForFunction("document.title === 'two' && scrollY === 1500")
    assert.equal(await tab.evaluate('window.mark'), undefined)
  })
})

test('an SVG image in a tab is reloaded, and has no element of the client', { skip }, async () => {
  const image = (colour: string): string =>
    `<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><style>rect:first-of-type, :root > :nth-child(2) { fill: ${colour} }</style><rect width="9" height="9"/></svg>`
  await using site = await serve({ 'index.html': page(icon, '<img src="image.svg">'), 'image.svg': image('red') })
  await withLivePage(
    site,
    'image.svg',
    async (tab) => {
      assert.equal(await tab.evaluate("document.querySelectorAll('*').length"), 3)
      assert.equal(await tab.evaluate("getComputedStyle(document.querySelector('rect')).fill"), red)
      assert.equal(await tab.evaluate("fetch('').then((response) => response.text())"), image('red'))
      site.server.notify('a message, for which an image has no place')
      writeFileSync(site.folder.join('image.svg'), image('blue'))
      await tab.waitForFunction(`getComputedStyle(document.querySelector('rect')).fill === '${blue}'`)
    },
    /favicon|404/,
  )
})

test('a picture in a tab is reloaded; other requests get its bytes', { skip }, async () => {
  await using site = await serve({
    'my plot.png': picture(3),
    'index.html': page(icon, '<iframe src="my%20plot.png">'),
  })
  const width = "document.querySelector('img').naturalWidth"
  await withLivePage(site, 'my%20plot.png?run=1', async (tab) => {
    await tab.waitForFunction(`${width} === 3`)
    assert.deepEqual(await tab.evaluate('[document.title, location.pathname + location.search]'), [
      'my plot.png',
      '/my%20plot.png?run=1',
    ])
    const fetched = "fetch('').then((response) => response.arrayBuffer()).then((bytes) => bytes.byteLength)"
    assert.equal(await tab.evaluate(fetched), picture(3).length)
    writeFileSync(site.folder.join('my plot.png'), picture(7))
    await tab.waitForFunction(`${width} === 7`)
    await tab.click('img')
    assert.equal(await tab.evaluate("getComputedStyle(document.querySelector('img')).maxWidth"), 'none')
  })
  await withLivePage(site, '', async (tab) => {
    assert.equal(await tab.evaluate('frames[0].document.contentType'), 'image/png')
  })
})

const shown = 'frames[0]?.document.body?.textContent'

test('a text in a tab shows each change, and keeps its scroll position', { skip }, async () => {
  const text = (word: string): string => `${word}\n`.repeat(500)
  await using site = await serve({
    'my notes.md': text('one'),
    'index.html': page(icon, '<a download href="my%20notes.md">save</a>'),
  })
  await withLivePage(
    site,
    'my%20notes.md?run=1',
    async (tab) => {
      await tab.waitForFunction(`${shown}.includes('one')`)
      assert.deepEqual(await tab.evaluate('[document.title, location.pathname + location.search]'), [
        'my notes.md',
        '/my%20notes.md?run=1',
      ])
      assert.equal(await tab.evaluate("fetch('').then((response) => response.text())"), text('one'))
      await tab.evaluate('frames[0].scrollTo(0, 500)')
      writeFileSync(site.folder.join('my notes.md'), text('two'))
      await tab.waitForFunction(`${shown}.includes('two') && frames[0].scrollY === 500`)
      await tab.keyboard.press('PageDown')
      await tab.waitForFunction('frames[0].scrollY > 500')

      rmSync(site.folder.join('my notes.md'))
      writeFileSync(site.folder.join('my notes.md'), text('three'))
      await tab.frameLocator('iframe').getByText('three').waitFor()

      await tab.goto(site.url)
      const [saved] = await Promise.all([tab.waitForEvent('download'), tab.click('a')])
      assert.equal(readFileSync(await saved.path(), 'utf8'), text('three'))
    },
    /404|Autofocus/,
  )
})

test('JSON, a log and a source file in a tab show each change', { skip }, async () => {
  const files = { 'data.json': '["one"]', 'app.log': 'one', 'main.ts': 'one()' }
  await using site = await serve(files, { isolate: true })
  for (const name of Object.keys(files)) {
    await withLivePage(
      site,
      name,
      async (tab) => {
        writeFileSync(site.folder.join(name), '["two"]')
        await tab.waitForFunction(`${shown}?.includes('two')`)
        assert.equal(await tab.evaluate('self.crossOriginIsolated'), true)
      },
      /Autofocus/,
    )
  }
})

test('a page with a text or JSON in a frame shows each change', { skip }, async () => {
  const framed = (name: string): string => page(icon, `<iframe src="${name}"></iframe>`)
  await using site = await serve({
    'text.html': framed('notes.md'),
    'notes.md': 'one',
    'json.html': framed('data.json'),
    'data.json': '"one"',
  })
  for (const [path, file] of [
    ['text', 'notes.md'],
    ['json', 'data.json'],
  ] as const) {
    await withLivePage(site, path, async (tab) => {
      writeFileSync(site.folder.join(file), '"two"')
      await tab.waitForFunction(`frames[0].document.body?.textContent.includes('two')`)
    })
  }
})

test('twenty tabs are all updated', { skip }, async () => {
  await using site = await serve({ 'index.html': page(icon + sheet, 'x'), 'style.css': `body { color: ${red} }` })
  const context = await browser.newContext()
  try {
    const tabs = await Promise.all(Array.from({ length: 20 }, () => context.newPage()))
    for (const each of tabs) await connect(each, site.url)
    // In a user's window nineteen of twenty tabs are in the background; here every tab is visible.
    const told = updateOf(site, 20)
    writeFileSync(site.folder.join('style.css'), `body { color: ${blue} }`)
    await told
    await Promise.all(tabs.map((each) => each.waitForFunction(colour(blue))))
  } finally {
    await context.close()
  }
})

test('after a restart the page reconnects, and reloads once if a file has changed meanwhile', { skip }, async () => {
  await using site = await serve({ 'index.html': page(`${icon}<title>one</title>`, 'x') })
  await withLivePage(
    site,
    '',
    async (tab) => {
      let loads = 0
      tab.on('load', () => loads++)
      await site.server.close()
      writeFileSync(site.folder.join('index.html'), page(`${icon}<title>two</title>`, 'x'))
      const welcomed = nextWelcome(tab)
      site.server = createServer({ ...site.options, port: site.port })
      await site.server.listen()
      await tab.waitForFunction("document.title === 'two'")
      await welcomed
      assert.equal(loads, 1)
    },
    /Failed to load resource|WebSocket connection/,
  )
})

test('a page with a policy works by its nonce; a policy that blocks the client gives a warning', { skip }, async () => {
  const policy = (text: string): string => `${icon}<meta http-equiv="Content-Security-Policy" content="${text}">`
  await using site = await serve({
    'index.html': page(policy("default-src 'self'; script-src 'nonce-abc123'; img-src data:") + sheet, 'x'),
    'style.css': `body { color: ${red} }`,
    'closed.html': page(policy("default-src 'none'"), 'x'),
  })
  const warnings: string[] = []
  site.server.on('warning', ({ message, hint }) => warnings.push(`${message} ${hint}`))
  await withLivePage(site, '', async (tab) => {
    writeFileSync(site.folder.join('style.css'), `body { color: ${blue} }`)
    // Evaluated from outside, because the policy of the page forbids eval.
    await until(tab, colour(blue))
    assert.deepEqual(warnings, [])
  })
  await inPage(
    tab,
    `${site.url}closed`,
    async () => {
      const hint = "allow script-src 'self' and connect-src 'self' in the policy, or switch live reload off"
      assert.deepEqual(warnings, [`The Content-Security-Policy of /closed blocks live reload. ${hint}`])
    },
    { tolerate: /Content Security Policy/ },
  )
})

test('a page of five megabytes and one with </body> in its script arrive whole', { skip }, async () => {
  const script = `<script>window.text = '</body></head><head>'</script>`
  await using site = await serve({
    'big.html': page(icon, `<p>${'x'.repeat(99)} </p>`.repeat(50_000) + '<p id="end">end</p>'),
    'script.html': page(icon, `${script}<p id="end">end</p>`),
  })
  await withLivePage(site, 'big', async (tab) => {
    assert.equal(await tab.textContent('#end'), 'end')
    assert.equal(await tab.evaluate("document.querySelectorAll('script').length"), 1)
  })
  await withLivePage(site, 'script', async (tab) => {
    assert.equal(await tab.evaluate('window.text'), '</body></head><head>')
    assert.equal(await tab.textContent('#end'), 'end')
    assert.equal(await tab.evaluate("document.querySelectorAll('script').length"), 2)
  })
})

test('morph patches the page in place and keeps the input', { skip }, async () => {
  const form = (title: string): string => page(icon, `<h1>${title}</h1><input id="name"><p>same</p>`)
  await using site = await serve({ 'index.html': form('one') }, { reload: 'morph' })
  await withLivePage(site, '', async (tab) => {
    await tab.fill('#name', 'typed')
    await tab.evaluate('window.mark = 1')
    writeFileSync(site.folder.join('index.html'), form('two'))
    await tab.waitForFunction("document.querySelector('h1').textContent === 'two'")
    assert.deepEqual(await tab.evaluate("[window.mark, document.querySelector('#name').value]"), [1, 'typed'])
  })
})

test('an error is shown over the page as text, until the next change', { skip }, async () => {
  await using site = await serve({ 'index.html': page(icon + sheet, 'x'), 'style.css': 'p { top: 0 }' })
  await withLivePage(site, '', async (tab) => {
    site.server.showError({ title: 'Build failed', message: '<img src=x onerror=alert(1)>', file: 'app.ts', line: 3 })
    await untilShown(tab, (texts) => texts.includes('<img src=x onerror=alert(1)>') && texts.includes('Build failed'))
    writeFileSync(site.folder.join('style.css'), 'p { top: 1px }')
    await untilShown(tab, (texts) => !texts.includes('Build failed'))
  })
})

test('a missing page is shown when its file is made', { skip }, async () => {
  await using site = await serve({ 'index.html': page(icon, 'x') })
  await withLivePage(
    site,
    'later',
    async (tab) => {
      writeFileSync(site.folder.join('later.html'), page(`${icon}<title>here</title>`, 'x'))
      await tab.waitForFunction("document.title === 'here'")
    },
    /404/,
  )
})

test(
  'a build that empties its folder and takes a while leaves the page as it is until it is written again',
  { skip },
  async () => {
    const files = (title: string) => ({
      'dist/index.html': page(`${icon}<title>${title}</title><script src="a/app.js"></script>`, 'x'),
      'dist/a/app.js': `window.built = '${title}'`,
    })
    const folder = await new TempFolder().write(files('one'))
    const server = createServer({ root: folder.join('dist'), port: 0, host: '127.0.0.1' })
    const { port } = await server.listen()
    try {
      await inPage(tab, 'about:blank', async () => {
        await connect(tab, `http://127.0.0.1:${port}/`)
        const titles: string[] = []
        tab.on('load', () => void tab.title().then((title) => titles.push(title)))
        const noticed = (name: string): Promise<void> =>
          new Promise((resolve) =>
            server.on('change', (paths) => paths.some((path) => path.endsWith(name)) && resolve()),
          )
        const emptied = noticed('index.html')
        rmSync(folder.join('dist'), { recursive: true })
        await emptied
        const begun = noticed('app.js')
        await folder.write({ 'dist/a/app.js': files('two')['dist/a/app.js'] })
        await begun
        assert.deepEqual([await tab.title(), titles], ['one', []])
        await folder.write(files('two'))
        await tab.waitForFunction(`document.title === 'two' && window.built === 'two'`)
        assert.ok(
          titles.every((title) => title === 'two'),
          titles.join(),
        )
      })
    } finally {
      await server.close()
      folder[Symbol.dispose]()
    }
  },
)

test('a page connects again after the user goes back to it', { skip }, async () => {
  await using site = await serve({
    'index.html': page(icon + sheet, '<a href="other">other</a>'),
    'other.html': page(icon, 'other'),
    'style.css': `body { color: ${red} }`,
  })
  await withLivePage(site, '', async (tab) => {
    await connect(tab, `${site.url}other`)
    writeFileSync(site.folder.join('style.css'), `body { color: ${blue} }`)
    await tab.goBack()
    await tab.waitForFunction(colour(blue))
  })
})

test('a page of another origin neither opens the socket nor reads the token', { skip }, async () => {
  await using site = await serve({ 'index.html': page(icon, 'x') })
  const token = site.server.token ?? ''
  const foreign = await foreignServer()
  try {
    const { port } = foreign.address() as AddressInfo
    await inPage(
      tab,
      `http://127.0.0.1:${port}/`,
      async () => {
        const opened = (address: string): Promise<string> =>
          tab.evaluate<string>(`new Promise((resolve) => {
            const socket = new WebSocket(${JSON.stringify(address)})
            socket.onopen = () => resolve('open')
            socket.onerror = () => resolve('refused')
          })`)
        // Also with the token.
        assert.equal(await opened(`ws://127.0.0.1:${site.port}/__serve8008/socket?token=${token}`), 'refused')
        const read = `fetch('${site.url}__serve8008/session', { headers: { 'X-Serve8008': 'live' } }).then((r) => r.text(), () => 'refused')`
        assert.equal(await tab.evaluate(read), 'refused')
      },
      { tolerate: /WebSocket|CORS|Failed to load/ },
    )
  } finally {
    foreign.close()
    foreign.closeAllConnections()
  }
})

/** Waits until the page shows a text. Scripts cannot read the overlay, so the accessibility tree is read. */
async function untilShown(tab: Page, isRight: (texts: readonly string[]) => boolean): Promise<void> {
  const devtools = await tab.context().newCDPSession(tab)
  for (;;) {
    const { nodes } = await devtools.send('Accessibility.getFullAXTree')
    if (isRight(nodes.map(({ name }) => String(name?.value ?? '')))) return
    await tab.evaluate('new Promise((resolve) => requestAnimationFrame(resolve))')
  }
}

async function foreignServer(): Promise<Server> {
  const server = createForeignServer((_request, response) => {
    response.setHeader('Content-Type', 'text/html')
    response.end(page(icon, 'foreign'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

/** A grey PNG of this width and one row. */
function picture(width: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const length = Buffer.alloc(4)
    length.writeUInt32BE(data.length)
    const content = Buffer.concat([Buffer.from(type), data])
    const sum = Buffer.alloc(4)
    sum.writeUInt32BE(crc32(content))
    return Buffer.concat([length, content, sum])
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(1, 4)
  header[8] = 8
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const rows = deflateSync(Buffer.alloc(width + 1))
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))])
}

function crc32(data: Buffer): number {
  let sum = 0xffffffff
  for (const byte of data) {
    sum ^= byte
    for (let bit = 0; bit < 8; bit++) sum = sum & 1 ? (sum >>> 1) ^ 0xedb88320 : sum >>> 1
  }
  return (sum ^ 0xffffffff) >>> 0
}
