/** `npm run pictures`: takes the pictures of the README from the real program, with the Chromium of the tests. */
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createServer } from '../src/index.ts'
import { launchChromium, skip } from '../test/browser/support/chromium.ts'
import { fromRoot } from './paths.ts'

/** Names with sizes in bytes. */
const files = {
  'site/index.html': 2140,
  'site/notes/2026-02-01.md': 1800,
  'site/notes/2026-03-14.md': 640,
  'site/notes/diagram.svg': 8200,
  'site/notes/interview.mp3': 5_240_000,
  'site/notes/photos/harbour.jpg': 310_000,
  'site/notes/table.csv': 12_900,
}
const savedAt = new Date('2026-03-15T09:30:00Z')

if (skip !== false) throw new Error(skip)
const folder = mkdtempSync(join(tmpdir(), 'serve8008-pictures-'))
const browser = await launchChromium()
try {
  for (const [name, size] of Object.entries(files)) {
    const path = join(folder, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, Buffer.alloc(size))
    utimesSync(path, savedAt, savedAt)
  }
  utimesSync(join(folder, 'site/notes/photos'), savedAt, savedAt)
  await using server = createServer({ root: join(folder, 'site'), port: 0 })
  const { url } = await server.listen()
  const page = await browser.newPage({ viewport: { width: 800, height: 420 }, locale: 'en-GB', timezoneId: 'UTC' })
  await page.goto(new URL('notes/', url).href)
  await page.screenshot({ path: fromRoot('docs/images/listing.png') })
} finally {
  await browser.close()
  rmSync(folder, { recursive: true, force: true })
}
