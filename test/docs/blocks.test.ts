// starts first: each block starts what it shows, one after the other
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { userPages } from '../support/markdown.ts'
import { notRun, reasonNotToRun } from './not-run.ts'
import { certificateFiles, makeProject, startBackends, type Backends } from './project.ts'
import { runSection } from './run-section.ts'

/** Part of the paths of the pages that run: `SERVE8008_TEST_PAGE=guide/ports npm test -- docs/blocks`. Default: all. */
const chosen = process.env['SERVE8008_TEST_PAGE'] ?? ''
const built = process.env['SERVE8008_TEST_COMMAND']
const skip =
  process.platform === 'win32'
    ? 'the commands are those of a POSIX shell'
    : built === undefined
      ? 'the built command is needed'
      : false

describe('the documentation', { skip }, () => {
  const pages = userPages()
  let backends: Backends | undefined
  let certificates: Awaited<ReturnType<typeof certificateFiles>> = {}
  before(async () => {
    backends = await startBackends()
    certificates = await certificateFiles()
  })
  after(() => backends?.close())

  test('a page is chosen', () =>
    assert.ok(
      pages.some(({ path }) => path.includes(chosen)),
      `no page holds ${chosen}`,
    ))

  for (const page of pages.filter(({ path }) => path.includes(chosen))) {
    for (const section of page.sections.filter(({ blocks }) => blocks.length > 0)) {
      test(`${page.path}: ${section.title}`, { timeout: 120_000 }, async (t) => {
        await runSection(t, section, await makeProject(t, built ?? '', certificates), backends?.ports ?? new Map())
      })
    }
  }

  const lines = pages.flatMap(({ sections }) =>
    sections.flatMap(({ blocks }) =>
      blocks.flatMap(({ text, language }) => (language === 'sh' ? text.split('\n') : [text])),
    ),
  )
  for (const line of lines) {
    const reason = reasonNotToRun(line)
    if (reason !== undefined) test(line.split('\n')[0] ?? '', { skip: reason }, () => {})
  }

  test('every reason not to run something is needed', () => {
    const unused = notRun.filter(([pattern]) => !lines.some((line) => pattern.test(line)))
    assert.deepEqual(unused, [])
  })
})
