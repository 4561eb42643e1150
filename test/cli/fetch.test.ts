import assert from 'node:assert/strict'
import { test } from 'node:test'
import { folderOf, run, start } from './command.ts'
import { runHere } from './here.ts'

const app = `export default async (request) => {
  const { pathname } = new URL(request.url)
  if (pathname === '/cookies') return new Response('', { headers: [['set-cookie', 'a=1'], ['set-cookie', 'b=2']] })
  if (pathname === '/length') return new Response(request.headers.get('content-length'))
  if (pathname === '/bytes') return new Response(new Uint8Array([0, 255]))
  if (pathname === '/hang') return new Promise(() => {})
  if (pathname === '/echo') return Response.json([request.method, request.headers.get('x-a'), await request.text()])
}`

test('fetch prints what the pipeline answers, without a port', async (t) => {
  const cwd = await folderOf(t, { 'index.html': '<p>index', 'app.mjs': app, 'data.txt': 'from a file' })
  const ask = (...words: string[]): ReturnType<typeof run> =>
    runHere(t, ['fetch', ...words, '--handler', 'app.mjs'], { cwd })
  const page = await run(t, ['fetch', '/', '--handler', 'app.mjs'], { cwd })
  assert.deepEqual([page.exitCode, page.stdout, page.stderr], [0, '<p>index', ''])
  assert.equal((await ask('/echo', '-H', 'X-A: 1', '-d', 'text')).stdout, '["POST","1","text"]')
  assert.equal((await ask('/echo', '-X', 'PUT', '-d', '@data.txt')).stdout, '["PUT",null,"from a file"]')
  assert.match((await ask('/', '-i')).stdout, /^HTTP\/1\.1 200(?: OK)?\n(?:[a-z-]+: .*\n)+\n<p>index$/)
  const missing = await ask('/none', '--json')
  assert.equal(missing.exitCode, 22)
  const { url, method, status } = JSON.parse(missing.stdout) as Record<string, unknown>
  assert.deepEqual([url, method, status], ['http://localhost/none', 'GET', 404])
  assert.equal((JSON.parse((await ask('/bytes', '--json')).stdout) as { base64: string }).base64, 'AP8=')
  const { headers } = JSON.parse((await ask('/cookies', '--json')).stdout) as { headers: Record<string, unknown> }
  assert.deepEqual(headers['set-cookie'], ['a=1', 'b=2'])
  assert.equal((await ask('/length', '-d', 'four')).stdout, '4')
  assert.match((await ask('http://other.test/')).stdout, /E8008_HOST_NOT_ALLOWED .*--allow-host other\.test/)
})

test('fetch sends standard input as content', async (t) => {
  const cwd = await folderOf(t, { 'app.mjs': app })
  for (const data of ['-', '@-']) {
    const command = start(t, ['fetch', '/echo', '-d', data, '--handler', 'app.mjs'], { cwd, stdio: 'pipe' })
    command.child.stdin?.write('typed ')
    command.child.stdin?.end('text')
    const { exitCode, stdout, stderr } = await command.ended
    assert.deepEqual([exitCode, stdout, stderr], [0, '["POST",null,"typed text"]', ''])
  }
})

test('fetch sends empty content where the text is empty, and refuses a flag without one', async (t) => {
  const cwd = await folderOf(t, { 'app.mjs': app, 'empty.txt': '' })
  const ask = (...words: string[]): ReturnType<typeof run> =>
    runHere(t, ['fetch', ...words, '--handler', 'app.mjs'], { cwd })
  for (const data of [['-d', ''], ['--data='], ['--data', ''], ['-d='], ['-d', '@empty.txt']]) {
    assert.equal((await ask('/echo', ...data)).stdout, '["POST",null,""]', data.join(' '))
    assert.equal((await ask('/length', ...data)).stdout, '0', data.join(' '))
  }
  assert.equal((await ask('/echo', '-id', '')).stdout.split('\n').at(-1), '["POST",null,""]')
  // As with curl, a GET may have content that is empty.
  assert.equal((await ask('/echo', '-X', 'GET', '-d', '')).stdout, '["GET",null,""]')
  const { exitCode, stderr } = await runHere(t, ['fetch', '/', '-d'], { cwd })
  assert.equal(exitCode, 2)
  assert.match(stderr, /^--data needs a value\.\n.*serve8008 fetch \/ --data TEXT$/m)
  assert.match((await runHere(t, ['fetch', '/', '-X', ''], { cwd })).stderr, /serve8008 fetch \/ --request METHOD$/m)
})

test('fetch names a handler that can never answer', async (t) => {
  const cwd = await folderOf(t, { 'app.mjs': app })
  const { exitCode, stdout, stderr } = await run(t, ['fetch', '/hang', '--handler', 'app.mjs'], { cwd })
  assert.deepEqual([exitCode, stdout], [1, ''])
  assert.match(stderr, /^Nothing answers \/hang: .* handler or plugin .*\.\nE8008_HANDLER /)
})

test('fetch refuses what is no request, with exit code 2', async (t) => {
  const cwd = await folderOf(t, {})
  for (const [words, message] of [
    [['fetch'], /^Missing argument: URL/],
    [['fetch', '/', '-H', 'no field'], /^-H takes a field with a colon, NAME:VALUE\./],
    [['fetch', '/', '-H', 'a b: c'], /^The request cannot be made: /],
    [['fetch', '/', '-X', 'patch'], /^Methods are case-sensitive: PATCH, not patch\.\n.*-X PATCH/],
    [
      ['fetch', '/fn', '-d', 'x', '-X', 'GET'],
      /^A GET request has no content\.\n.*serve8008 fetch \/fn -d x -X POST$/m,
    ],
    [
      ['fetch', '/fn', '--request=head', '-d', 'x'],
      /^Methods are case-sensitive.*\n.*fetch \/fn --request=HEAD -d x$/m,
    ],
    [['fetch', 'ftp://localhost/'], /^ftp:\/\/localhost\/ is neither a path nor a URL of http or https\./],
    [['fetch', '/', '-d', '@.'], /^\. cannot be read \(EISDIR\)\./],
    [['fetch', '/', '-d', '@none.txt'], /^There is no file none\.txt to send\./],
  ] as const) {
    const { exitCode, stderr } = await runHere(t, words, { cwd })
    assert.equal(exitCode, 2)
    assert.match(stderr, message)
  }
})
