import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skip } from '../support/chromium.ts'
import { liveFixture } from '../support/fixture.ts'
import { html } from '../support/stub.ts'

const { stub, open } = liveFixture()

test('after a restart the page reconnects with the new token and the last time it received', { skip }, async () => {
  stub.put('/', html('text'))
  stub.answer = () => ({ type: 'welcome', time: 12345 })
  await open(
    async () => {
      await stub.connected()
      assert.equal(typeof stub.hellos()[0]?.age, 'number')
      await stub.stop()
      stub.token = 'second'
      await stub.start()
      await stub.connected(2)
      assert.equal(stub.hellos()[1]?.syncedAt, 12345)
      assert.equal(stub.hellos()[1]?.age, undefined)
      assert.equal(stub.loads('/'), 1)
    },
    { tolerate: /Failed to load resource|WebSocket|ERR_/ },
  )
})

test('a page with a late hello sends its age at the session', { skip }, async () => {
  stub.put(
    '/',
    html('<script>setTimeout(() => { const end = Date.now() + 400; while (Date.now() < end); }, 30)</script>'),
  )
  const askedAt = Date.now()
  await open(async (page) => {
    await stub.connected()
    const { age = 0, ageAt = 0 } = stub.hellos()[0] ?? {}
    const loadedAt = await page.evaluate(() => performance.timeOrigin)
    const startedAt = ageAt - age
    assert.ok(startedAt >= askedAt - 50 && startedAt <= loadedAt + 50, `${startedAt - loadedAt} ms off`)
  })
})

test('a socket that is closed at once is retried with backoff', { skip }, async () => {
  stub.put('/', html('text'))
  stub.answer = () => {
    for (const socket of stub.sockets) socket.close()
    return null
  }
  await open(
    async () => {
      await stub.until('four sessions', () => stub.sessions.length >= 4)
      const [first = 0, , , fourth = 0] = stub.sessions
      // 250, 500 and 1000 ms, each at least by half.
      assert.ok(fourth - first > 850, `${fourth - first} ms`)
      assert.equal(stub.loads('/'), 1)
    },
    { tolerate: /WebSocket/ },
  )
})

test('a server that refuses the session is not asked again soon', { skip }, async () => {
  stub.put('/', html('text'))
  stub.refusal = 403
  await open(
    async (page) => {
      await stub.until('a session', () => stub.sessions.length === 1)
      for (let i = 0; i < 5; i++) await page.evaluate(`dispatchEvent(new Event('online'))`)
      await page.evaluate(`new Promise((resolve) => setTimeout(resolve, 600))`)
      assert.equal(stub.sessions.length, 1)
    },
    { tolerate: /403/ },
  )
})

test(
  'a page in the back/forward cache closes its socket, and opens another when it is shown again',
  { skip },
  async () => {
    stub.put('/', html('text'))
    await open(async (page) => {
      await stub.connected()
      // When it shows this message it has also received the welcome before it.
      stub.send({ type: 'notify', message: 'here' })
      await page.waitForSelector('serve8008-live', { state: 'attached' })
      await page.evaluate(`dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }))`)
      await stub.until('the end of the socket', () => stub.sockets.size === 0)
      await page.evaluate(`dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`)
      await stub.connected(2)
      assert.equal(typeof stub.hellos()[1]?.syncedAt, 'number')
    })
  },
)

test('a page that is left while it connects logs no error', { skip }, async () => {
  stub.put('/', html('text'))
  stub.isSilent = true
  await open(async (page) => {
    const asked = (count: number): Promise<void> =>
      stub.until(`handshake ${count}`, () => stub.loads('/__serve8008/socket') === count)
    await asked(1)
    await page.reload()
    await asked(2)
    // The log then shows whether the first page logged an error.
    await page.evaluate('1')
  })
})

test('a page whose policy blocks the connection tries once', { skip }, async () => {
  const policy = `<meta http-equiv="Content-Security-Policy" content="connect-src 'none'">`
  stub.put('/', html('text', policy))
  const refused: string[] = []
  await open(
    async (page) => {
      await page.waitForFunction(`performance.now() > 2500`)
      assert.equal(refused.length, 1, refused.join('\n'))
      assert.equal(stub.sessions.length, 0)
    },
    {
      async before(page) {
        page.on('console', (message) => {
          if (/^Connecting to|^Refused to connect/.test(message.text())) refused.push(message.text())
        })
      },
      tolerate: /Content Security Policy/,
    },
  )
})

test('a page that gets the focus does not wait for its next attempt', { skip }, async () => {
  stub.put('/', html('text'))
  stub.refusal = 503
  await open(
    async (page) => {
      await stub.until('five sessions', () => stub.sessions.length === 5)
      await page.evaluate(`dispatchEvent(new Event('focus'))`)
      await stub.until('another session', () => stub.sessions.length === 6)
      const [, , , , fifth = 0, sixth = 0] = stub.sessions
      // Without the focus it would wait for 2 to 4 s.
      assert.ok(sixth - fifth < 2000, `${sixth - fifth} ms`)
    },
    { tolerate: /503/ },
  )
})

test('reports what the page loads later, without URLs of the client and of other origins', { skip }, async () => {
  stub.put('/', html('text'))
  stub.put('/late.json', '1')
  await open(
    async (page) => {
      await stub.connected()
      await page.evaluate(`fetch('/late.json?x=1'), fetch('http://localhost:1/foreign').catch(() => {})`)
      await stub.uses('/late.json')
      const paths = stub.said.flatMap((said) => ('resources' in said ? said.resources : []))
      assert.deepEqual([...new Set(paths)], ['/late.json'])
    },
    { tolerate: /ERR_|CORS/ },
  )
})

test('markup cannot mislead the client, which defines no globals', { skip }, async () => {
  const names = [
    'currentScript',
    'querySelectorAll',
    'documentElement',
    'styleSheets',
    'addEventListener',
    'readyState',
  ]
  stub.put('/', html(names.map((name) => `<img name="${name}" src="data:,">`).join('') + '<form id="fetch"></form>'))
  // The tag comes last, after all the traps.
  const tag = stub.tag
  stub.tag = '<script>window.known = Object.getOwnPropertyNames(window)</script>'
  stub.put('/', String(stub.files.get('/')?.body).replace('</body>', `${tag}</body>`))
  await open(async (page) => {
    await stub.connected()
    const added = await page.evaluate<string[]>(
      `Object.getOwnPropertyNames(window).filter((name) => !known.includes(name) && name !== 'known')`,
    )
    assert.deepEqual(
      added.filter((name) => !/^(?:__playwright|fetch$)/.test(name)),
      [],
    )
  })
})

test('two tags make one client, and a page may opt out', { skip }, async () => {
  stub.tag += stub.tag
  stub.put('/', html('text'))
  await open(async (page) => {
    await stub.connected()
    await page.evaluate(`new Promise((resolve) => setTimeout(resolve, 300))`)
    assert.equal(stub.hellos().length, 1)
    stub.put('/declined', html('text', '<meta name="serve8008" content="no-live">'))
    await page.goto(`${stub.origin}/declined`)
    await page.evaluate(`new Promise((resolve) => setTimeout(resolve, 300))`)
    assert.equal(stub.sessions.length, 1)
  })
})
