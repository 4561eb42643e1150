import assert from 'node:assert/strict'
import { createCipheriv, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, before, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { startServer } from '../support/server.ts'
import { launchChromium, skip, withPage } from './support/chromium.ts'
import { silentSegment } from './support/transport-stream.ts'

let browser: Browser
before(async () => {
  if (skip === false) browser = await launchChromium([], undefined, ['--host-resolver-rules=MAP app.test 127.0.0.1'])
})
after(async () => {
  if (skip === false) await browser.close()
})

/** A module that exports `add`. */
const wasm = Buffer.from('0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b', 'hex')

test(
  'a compressed build of a game runs: loader, framework, data and program by their own names',
  { skip },
  async () => {
    const loader = `
    globalThis.load = async (framework, data, program) => {
      await new Promise((done, fail) => {
        const script = document.createElement('script')
        script.src = framework
        script.onload = done
        script.onerror = fail
        document.body.append(script)
      })
      const text = await (await fetch(data)).text()
      const { instance } = await WebAssembly.instantiateStreaming(fetch(program))
      return globalThis.unityFramework(text) + instance.exports.add(40, 2)
    }`
    const framework = 'globalThis.unityFramework = (data) => `${data}żółw `'
    for (const [extension, compress] of [
      ['br', brotliCompressSync],
      ['gz', gzipSync],
    ] as const) {
      await using started = await startServer({
        'index.html': `<meta charset=utf-8><title>Game</title><link rel=icon href=data:,><body><script src="Build/x.loader.js"></script>`,
        'Build/x.loader.js': loader,
        [`Build/x.framework.js.${extension}`]: compress(framework),
        [`Build/x.data.${extension}`]: compress('data '),
        [`Build/x.wasm.${extension}`]: compress(wasm),
      })
      await withPage(browser, `http://localhost:${started.port}/`, async (page) => {
        const result = await page.evaluate(
          (end) =>
            (globalThis as unknown as { load(...files: string[]): Promise<string> }).load(
              `Build/x.framework.js.${end}`,
              `Build/x.data.${end}`,
              `Build/x.wasm.${end}`,
            ),
          extension,
        )
        assert.equal(result, 'data żółw 42')
      })
    }
  },
)

test('an image in .svgz is shown, a TypeScript module is run, a legacy page is read', { skip }, async () => {
  await using started = await startServer({
    'index.html':
      '<title>x</title><link rel=icon href=data:,><img src=icon.svgz><script type=module src=main.ts></script><iframe src=legacy.html></iframe>',
    'icon.svgz': gzipSync('<svg xmlns="http://www.w3.org/2000/svg" width="7" height="5"/>'),
    'main.ts': "import { answer } from './lib.ts'\ndocument.title = `ran ${answer}`\n",
    'lib.ts': 'export const answer = 42\n',
    'legacy.html': Buffer.from('<meta charset=windows-1251><body>\xcf\xf0\xe8\xe2\xe5\xf2', 'latin1'),
  })
  await withPage(browser, `http://localhost:${started.port}/`, async (page) => {
    assert.equal(await page.title(), 'ran 42')
    assert.equal(await page.evaluate('document.images[0].naturalWidth'), 7)
    assert.equal(await page.frames()[1]?.textContent('body'), 'Привет')
  })
})

// To app.test over plain HTTP, browsers do not send Sec-Fetch-Dest.
for (const host of ['localhost', 'app.test']) {
  test(`a TypeScript file that was opened before runs in the page that imports it: ${host}`, { skip }, async () => {
    await using started = await startServer(
      {
        'index.html': '<title>x</title><link rel=icon href=data:,><script type=module src=main.ts></script>',
        'main.ts':
          "import { answer } from './lib.ts'\nnew Worker('worker.ts').onmessage = () => (document.title = answer)\n",
        'lib.ts': "export const answer = 'ran'\n",
        'worker.ts': 'postMessage(1)\n',
      },
      { allowHost: ['app.test'] },
    )
    // A text has no icon, so the browser requests /favicon.ico.
    const tolerate = /404/
    const origin = `http://${host}:${started.port}`
    await withPage(
      browser,
      `${origin}/main.ts`,
      async (page) => {
        for (const path of ['', 'main.ts', '']) {
          await page.goto(`${origin}/${path}`)
          if (path === '') await page.waitForFunction("document.title === 'ran'")
          // Live reload shows a text in a frame.
          else assert.match((await page.frames().at(-1)?.textContent('body')) ?? '', /document\.title/)
        }
      },
      { tolerate },
    )
  })
}

test('hls.js plays an encrypted stream, whose key is fetched from enc.key', { skip }, async () => {
  const key = randomBytes(16)
  const segment = (index: number): Buffer => {
    // RFC 8216 section 5.2: without an IV it is the number of the segment.
    const vector = Buffer.alloc(16)
    vector.writeUInt32BE(index, 12)
    const cipher = createCipheriv('aes-128-cbc', key, vector)
    return Buffer.concat([cipher.update(silentSegment(index * 86, 86)), cipher.final()])
  }
  const playlist = [0, 1, 2].map((index) => `#EXTINF:1.997,\nsegment${index}.ts`).join('\n')
  await using started = await startServer({
    'index.html': '<title>x</title><link rel=icon href=data:,><video muted></video><script src=hls.js></script>',
    'hls.js': readFileSync(new URL('../../node_modules/hls.js/dist/hls.min.js', import.meta.url)),
    'stream.m3u8': `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-KEY:METHOD=AES-128,URI="enc.key"\n${playlist}\n#EXT-X-ENDLIST\n`,
    'enc.key': key,
    'segment0.ts': segment(0),
    'segment1.ts': segment(1),
    'segment2.ts': segment(2),
  })
  await withPage(browser, `http://localhost:${started.port}/`, async (page) => {
    const events = await page.evaluate(`new Promise((done) => {
      const seen = new Set()
      const video = document.querySelector('video')
      const hls = new Hls()
      for (const event of ['hlsKeyLoaded', 'hlsFragLoaded', 'hlsFragBuffered']) hls.on(event, () => seen.add(event))
      // Where the machine is slow the video waits for data a moment: that is no fault of a file.
      hls.on('hlsError', (_, { fatal, details }) => {
        if (fatal || !details.startsWith('buffer')) seen.add('error ' + details)
        if (fatal) done([...seen])
      })
      video.addEventListener('timeupdate', () => {
        if (video.currentTime > 0.2) done([...seen])
      })
      hls.loadSource('stream.m3u8')
      hls.attachMedia(video)
      void video.play()
    })`)
    assert.deepEqual(events, ['hlsKeyLoaded', 'hlsFragLoaded', 'hlsFragBuffered'])
  })
})

test(
  'a text or picture that is opened has one line in the pretty log, and every line in the one for programs',
  { skip },
  async () => {
    const png = Buffer.from(
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
      'base64',
    )
    for (const [log, expected] of [
      ['pretty', ['/a.txt', '/b.png']],
      ['common', ['/a.txt', '/a.txt?serve8008=no-live', '/b.png', '/b.png']],
    ] as const) {
      let text = ''
      const write = (lines: string): void => void (text += lines)
      const started = await startServer({ 'a.txt': 'alpha', 'b.png': png }, { log, write })
      await withPage(
        browser,
        `http://127.0.0.1:${started.port}/a.txt`,
        async (page) => {
          await page.goto(`http://127.0.0.1:${started.port}/b.png`)
          await page.waitForFunction('document.images[0]?.complete && document.images[0].naturalWidth > 0')
        },
        { tolerate: /404/ },
      )
      await started[Symbol.asyncDispose]()
      const targets = Array.from(text.matchAll(/GET (\S+)/g), ([, target]) => target)
      assert.deepEqual(
        targets.filter((target) => target !== '/favicon.ico'),
        expected,
      )
      if (log === 'pretty') assert.doesNotMatch(text, /favicon/)
    }
  },
)
