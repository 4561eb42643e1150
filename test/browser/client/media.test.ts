import assert from 'node:assert/strict'
import { test } from 'node:test'
import { skip } from '../support/chromium.ts'
import { liveFixture } from '../support/fixture.ts'
import { html, picture } from '../support/stub.ts'

const { stub, open } = liveFixture()
const media = (path: string) => ({ path, kind: 'media' }) as const

/** A second of silence. */
function silence(): Buffer {
  const samples = 8000
  const head = Buffer.from(
    'RIFF____WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data____',
    'latin1',
  )
  head.writeUInt32LE(36 + samples, 4)
  head.writeUInt32LE(samples, 40)
  return Buffer.concat([head, Buffer.alloc(samples, 128)])
}

test('pictures change in their place: elements, sets, styles, shadow roots, icons', { skip }, async () => {
  stub.put('/a.svg', picture(10))
  stub.put('/app.css', '@media all { p { background: url(a.svg) no-repeat } } :root { --x: url("a.svg?mine=1") }')
  const inner = '<template shadowrootmode="open"><img src="a.svg"></template>'
  stub.put(
    '/',
    html(
      `<img id="one" src="a.svg#frag"><img id="two" srcset="a.svg 1x, b.svg 2x"><p>p</p><div id="inline"
      style="background-image: url('a.svg')">d</div><picture><source srcset="a.svg"><img id="three" src="b.svg"></picture>
      <svg><image id="four" href="a.svg"/></svg><input type="image" src="a.svg"><video poster="a.svg"></video>
      <div id="host">${inner}</div>`,
      '<link rel="stylesheet" href="app.css"><link id="icon" rel="icon" href="a.svg">',
    ),
  )
  await open(
    async (page) => {
      await stub.connected()
      await stub.uses('/a.svg')
      await page.evaluate(`document.querySelector('#one').decode()`)
      stub.put('/a.svg', picture(30))
      stub.change(media('/a.svg'))
      await page.waitForFunction(`document.querySelector('#one').naturalWidth === 30`)
      await page.waitForFunction(`document.querySelector('#two').naturalWidth === 30`)
      await page.waitForFunction(`document.querySelector('#three').naturalWidth === 30`)
      const values = await page.evaluate<string[]>(`[
      document.querySelector('#one').src, document.querySelector('#two').srcset,
      document.querySelector('source').srcset, document.querySelector('#four').getAttribute('href'),
      document.querySelector('input').src, document.querySelector('video').poster, document.querySelector('#icon').href,
      document.querySelector('#host').shadowRoot.querySelector('img').src,
      document.querySelector('#inline').style.backgroundImage,
      getComputedStyle(document.querySelector('p')).backgroundImage,
      getComputedStyle(document.documentElement).getPropertyValue('--x')]`)
      for (const value of values) assert.match(value, /\/a\.svg\?(?:mine=1&)?serve8008=\w+/)
      assert.match(values[0] ?? '', /#frag$/)
      assert.match(values[1] ?? '', / 1x, b\.svg 2x$/)
      assert.equal(stub.loads('/'), 1)
    },
    { tolerate: /404/ },
  )
})

test('a sound continues at the same time', { skip }, async () => {
  stub.put('/a.wav', silence())
  stub.put('/', html('<audio src="a.wav" controls></audio>'))
  await open(async (page) => {
    await stub.connected()
    await page.waitForFunction(`document.querySelector('audio').readyState >= 1`)
    await page.evaluate(`document.querySelector('audio').currentTime = 0.5`)
    stub.change(media('/a.wav'))
    await page.waitForFunction(
      `/serve8008=/.test(document.querySelector('audio').currentSrc) && document.querySelector('audio').currentTime === 0.5`,
    )
    assert.equal(await page.evaluate(`document.querySelector('audio').paused`), true)
  })
})

test('a picture in a frame changes there; a page in a frame has its own client', { skip }, async () => {
  stub.put('/a.svg', picture(10))
  stub.put('/inner.html', html('inner'))
  stub.put('/', html('<iframe src="a.svg"></iframe><iframe src="inner.html"></iframe>'))
  await open(async (page) => {
    await stub.connected(2)
    await stub.uses('/a.svg')
    const outer = stub.hellos().find(({ document }) => document === '/')
    assert.ok(
      stub.said.every((said) => said === outer || !('resources' in said) || !said.resources.includes('/inner.html')),
    )
    const length = await page.evaluate('history.length')
    stub.change(media('/a.svg'))
    await page.waitForFunction(`/serve8008=/.test(frames[0].location.href)`)
    assert.equal(await page.evaluate('history.length'), length)
    assert.equal(stub.loads('/'), 1)
  })
})

test('a picture that only a script uses reloads the page', { skip }, async () => {
  stub.put('/a.svg', picture(10))
  stub.put('/', html('', `<script>new Image().src = '/a.svg'</script>`))
  await open(async () => {
    await stub.connected()
    await stub.uses('/a.svg')
    stub.change(media('/a.svg'))
    await stub.connected(2)
    assert.equal(stub.loads('/'), 2)
  })
})
