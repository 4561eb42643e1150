import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Browser } from 'playwright-core'
import { launchChromium, skip as noBrowser, withPage } from '../browser/support/chromium.ts'
import { openShadows, shownText } from '../browser/support/fixture.ts'
import { serve } from '../cli/command.ts'
import { readPage } from '../support/markdown.ts'
import { makeProject } from './project.ts'

const built = process.env['SERVE8008_TEST_COMMAND']
const skip = noBrowser === false && built === undefined ? 'the built command is needed' : noBrowser

/** The icon that browsers ask for, and the error that is shown. */
const tolerate = /404|Plugin mock-api/

/** Writes the files of a section of the guide into a project, and serves it. */
async function serveSection(t: TestContext, title: string): Promise<{ folder: string; url: string; browser: Browser }> {
  const { folder, env } = await makeProject(t, built ?? '', {})
  const section = readPage('docs/guide/plugins.md').sections.find((each) => each.title === title)
  for (const { text } of section?.blocks ?? []) {
    const [, name] = /^\/\/ (\S+)\n/.exec(text) ?? []
    if (name !== undefined) writeFileSync(join(folder, name), text)
  }
  const { url } = await serve(t, [], { cwd: folder, env })
  const browser = await launchChromium()
  t.after(() => browser.close())
  return { folder, url, browser }
}

/** Saves until it is seen: the watch starts while the server already answers. */
async function saveUntil(seen: Promise<unknown>, file: string, content: string): Promise<void> {
  const isSeen = seen.then(() => true)
  do writeFileSync(file, content)
  while (!(await Promise.race([isSeen, setTimeout(2000, false)])))
}

describe('the plugins of the guide, in a browser', { skip }, () => {
  test('a page that a plugin renders reloads when its Markdown is saved', async (t) => {
    const { folder, url, browser } = await serveSection(t, 'Render Markdown')
    await withPage(
      browser,
      new URL('notes/hello', url).href,
      async (page) => {
        await page.waitForFunction(`document.querySelector('h1').textContent === 'Hello'`)
        const shown = page.waitForFunction(`document.querySelector('h1 + ul > li')?.textContent === 'one'`)
        await saveUntil(shown, join(folder, 'notes/hello.md'), '# Saved\n\n- one\n')
      },
      { tolerate },
    )
  })

  test('a page shows the error of a plugin until the file is repaired', async (t) => {
    const { folder, url, browser } = await serveSection(t, 'Mock an API')
    const file = join(folder, 'mock/users.json')
    await withPage(
      browser,
      url,
      async (page) => {
        await page.evaluate('window.isFirst = true')
        await saveUntil(page.waitForFunction(`${shownText}.includes('mock-api')`), file, '[{')
        await page.waitForFunction('window.isFirst')
        writeFileSync(file, '[{ "name": "Ben" }]')
        await page.waitForFunction(`window.isFirst === undefined && !${shownText}.includes('mock-api')`)
      },
      { before: openShadows, tolerate },
    )
  })
})
