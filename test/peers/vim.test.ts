import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { updateLine } from '../../src/cli/serve/live-lines.ts'
import type { Update } from '../../src/index.ts'
import { LivePage } from '../support/live-page.ts'
import { rawGet } from '../support/raw.ts'
import { startServer } from '../support/server.ts'
import { missing } from './program.ts'

// vim saves in place with a backup copy, or writes a new file. Then it sets the permissions.
const ways = [
  'set nobackup',
  'set backupcopy=no',
  'set backupcopy=no backup',
  'set backupcopy=yes',
  'set nowritebackup',
]

for (const way of ways) {
  test(`one save with vim is one update, and the log names the file: ${way}`, { skip: missing('vim') }, async () => {
    await using started = await startServer({ 'docs/page.html': 'one', 'docs/other.html': 'other' })
    const { port, folder, server } = started
    // The page was a listing, so the names in the folder are watched too.
    assert.equal((await rawGet(port, '/docs/')).status, 200)
    using page = await LivePage.open(port, { document: '/docs/page', resources: ['/docs/other'] })
    assert.equal((await page.next()).type, 'welcome')
    const updates: Update[] = []
    server.on('reload', (update) => updates.push(update))
    const file = folder.join('docs', 'page.html')
    await promisify(execFile)('vim', ['-es', '-u', 'NONE', '-c', way, '-c', '%s/one/two/', '-c', 'wq', file])
    const message = await page.next()
    assert.deepEqual(message.type === 'change' && message.changes, [{ path: '/docs/page', kind: 'document' }])
    // The event of another file shows that the first caused no further event.
    await folder.write({ 'docs/other.html': 'changed' })
    const next = await page.next()
    assert.deepEqual(next.type === 'change' && next.changes, [{ path: '/docs/other', kind: 'document' }])
    const [first] = updates.filter(({ pages }) => pages > 0)
    assert.deepEqual(first?.paths, [file])
    const line = updateLine(first as Update, { format: 'pretty', color: false, root: folder.path, cwd: folder.path })
    assert.match(line, /live docs.page\.html +1 page updated/)
  })
}
