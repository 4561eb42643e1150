import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { TempFolder } from '../support/server.ts'
import { freePort } from '../support/free-port.ts'
import { missing, Program } from './program.ts'
import { visit } from './visitor.ts'

const token = 'a-token-of-this-test'

/** The message of a kernel's channel that runs code. */
function execute(code: string): string {
  const header = { msg_id: randomUUID(), username: 'ann', session: 'one', msg_type: 'execute_request', version: '5.3' }
  const content = { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: false }
  return JSON.stringify({ header, parent_header: {}, metadata: {}, content, channel: 'shell', buffers: [] })
}

test('Jupyter has its pages, files and kernels behind the preset', { skip: missing('jupyter-notebook') }, async () => {
  using folder = await new TempFolder().write({ 'notes/one.txt': 'one\n' })
  const port = await freePort()
  const home = ['env', `HOME=${folder.path}`, 'JUPYTER_NO_CONFIG=1']
  const place = ['--ip=127.0.0.1', `--port=${port}`, '--port-retries=0', '--no-browser', '--allow-root']
  const command = [...home, 'jupyter-notebook', ...place, `--NotebookApp.token=${token}`, folder.join('notes')]
  await using _jupyter = await Program.start(command, port, folder.path)
  await visit('jupyter', port, async (visitor) => {
    assert.equal(visitor.redirectOf(await visitor.fetch('/')), '/tree')
    assert.equal(visitor.redirectOf(await visitor.fetch('/tree')), '/login?next=%2Ftree')
    // The URL that Jupyter prints logs in.
    const shown = await visitor.fetch(`/tree?token=${token}`)
    assert.match(await shown.text(), /<title>[^<]*notes|Home/)
    assert.equal((await visitor.fetch('/tree')).status, 200)
    const headers = {
      'x-xsrftoken': visitor.cookie('_xsrf') ?? '',
      'content-type': 'application/json',
      origin: visitor.origin,
    }
    const file = { type: 'file', format: 'text', content: 'two' }
    const saved = await visitor.fetch('/api/contents/two.txt', { method: 'PUT', headers, body: JSON.stringify(file) })
    assert.ok(saved.status === 200 || saved.status === 201, String(saved.status))
    assert.equal(await visitor.text('/files/two.txt', { headers: { referer: `${visitor.origin}/tree` } }), 'two')
    const started = await visitor.fetch('/api/kernels', { method: 'POST', headers, body: '{}' })
    assert.equal(started.status, 201)
    const { id } = (await started.json()) as { id: string }
    assert.equal(
      new URL(started.headers.get('location') ?? '', visitor.origin).href,
      `${visitor.origin}/api/kernels/${id}`,
    )
    using channels = await visitor.open(`/api/kernels/${id}/channels?session_id=one`)
    channels.socket.send(execute('print(6 * 7)'))
    assert.match(await channels.next('"stream"'), /"text": ?"42\\n"/)
    const ended = await visitor.fetch(`/api/kernels/${id}`, { method: 'DELETE', headers })
    assert.equal(ended.status, 204)
  })
})
