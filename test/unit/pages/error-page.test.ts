import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { errorCodes, type ErrorCode } from '../../../src/core/codes.ts'
import { processorTime } from '../../support/processor-time.ts'
import { ServeError } from '../../../src/core/serve-error.ts'
import { getField } from '../../../src/http/message/headers.ts'
import type { Reply } from '../../../src/http/message/reply.ts'
import { errorReply, linksUp } from '../../../src/pages/error-page.ts'
import { statusTitle } from '../../../src/pages/status-title.ts'
const browser = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'
const notFound = new ServeError('E8008_NOT_FOUND', 'Nothing is served at /x.', { hint: 'serve8008 ./dist' })

function textOf(reply: Reply): string {
  return Buffer.from(reply.body as Uint8Array).toString()
}

function typeOf(accept: string | undefined): string | undefined {
  return getField(errorReply(notFound, accept).headers, 'content-type')
}

test('a browser gets HTML, a tool gets text, a program gets problem details', () => {
  const html = 'text/html; charset=utf-8'
  const text = 'text/plain; charset=utf-8'
  const problem = 'application/problem+json'
  for (const accept of [browser, 'text/html', 'text/html, */*;q=0.1']) assert.equal(typeOf(accept), html, accept)
  for (const accept of [undefined, '*/*', '', 'text/css,*/*;q=0.1', 'image/png', 'text/*', 'rubbish;;q=x']) {
    assert.equal(typeOf(accept), text, accept)
  }
  for (const accept of ['application/json', 'application/problem+json', 'application/json, text/plain, */*']) {
    assert.equal(typeOf(accept), problem, accept)
  }
})

test('every format has the status, the fields of the error, and those against caching and sniffing', () => {
  const error = new ServeError('E8008_METHOD', 'POST is not allowed here.', {
    headers: ['Allow', 'GET, HEAD'],
    close: true,
  })
  for (const accept of [browser, '*/*', 'application/json']) {
    const { status, headers, close } = errorReply(error, accept)
    assert.equal(status, 405)
    assert.equal(close, true)
    assert.equal(getField(headers, 'allow'), 'GET, HEAD')
    assert.equal(getField(headers, 'cache-control'), 'no-store')
    assert.equal(getField(headers, 'vary'), 'Accept')
    assert.equal(getField(headers, 'x-content-type-options'), 'nosniff')
  }
  assert.equal(errorReply(notFound, '*/*').close, undefined)
})

test('plain text has the message, the code and the hint', () => {
  assert.equal(
    textOf(errorReply(notFound, '*/*')),
    '404 Not Found\n\nNothing is served at /x.\nE8008_NOT_FOUND   try: serve8008 ./dist\n',
  )
  const wordy = new ServeError('E8008_METHOD', 'No.', { hint: 'use GET or HEAD' })
  assert.match(textOf(errorReply(wordy, '*/*')), /^E8008_METHOD {3}Use GET or HEAD$/m)
  assert.match(textOf(errorReply(new ServeError('E8008_FRAMING', 'Odd.'), '*/*')), /^E8008_FRAMING$/m)
})

test('problem details have the members of RFC 9457, the code and the hint', () => {
  assert.deepEqual(JSON.parse(textOf(errorReply(notFound, 'application/json'))), {
    title: 'Not Found',
    status: 404,
    detail: 'Nothing is served at /x.',
    code: 'E8008_NOT_FOUND',
    hint: 'serve8008 ./dist',
  })
  const bare = JSON.parse(textOf(errorReply(new ServeError('E8008_FRAMING', 'Odd.'), 'application/json'))) as object
  assert.equal('hint' in bare, false)
})

test('a 401 says how to send a password, in a browser and with curl', () => {
  const reply = errorReply(new ServeError('E8008_UNAUTHORIZED', 'This server requires a password.'), '*/*')
  assert.match(
    textOf(reply),
    /With curl, add -u NAME; in a browser, reload the page and enter a user name and its password\./,
  )
})

test('the page for a host that is not allowed has the command that allows it', () => {
  const error = new ServeError('E8008_HOST_NOT_ALLOWED', 'This server does not answer for evil.test.', {
    hint: 'serve8008 --allow-host evil.test',
  })
  const reply = errorReply(error, browser)
  assert.equal(reply.status, 421)
  const page = textOf(reply)
  assert.match(page, /<title>421 Misdirected Request<\/title>/)
  assert.match(page, /This server does not answer for evil\.test\./)
  assert.match(page, /<p class="command"><code>serve8008 --allow-host evil\.test<\/code><\/p>/)
  assert.match(page, /<code>E8008_HOST_NOT_ALLOWED<\/code>/)
})

test('a hint with shell syntax is not offered for copying', () => {
  for (const host of [
    'a;rm -rf ~',
    '$(id)',
    '`id`',
    'a|b',
    'a&b',
    "a'b",
    'a\nid',
    'a;id',
    '$HOME',
    '~',
    '!x',
    '{a,b}',
    '[a]',
    'a\\b',
    'a>b',
    'a b*',
  ]) {
    const page = textOf(
      errorReply(new ServeError('E8008_NOT_FOUND', 'x', { hint: `serve8008 --allow-host ${host}` }), browser),
    )
    assert.doesNotMatch(page, /class="command"/, host)
  }
})

test('a command inside a hint is shown as code, and the hint starts with a capital letter', () => {
  const error = new ServeError('E8008_FORBIDDEN', 'x', { hint: 'start it with `serve8008 --dotfiles <x>`.' })
  assert.match(
    textOf(errorReply(error, browser)),
    /<p class="hint">Start it with <code>serve8008 --dotfiles &lt;x&gt;<\/code>\.<\/p>/,
  )
})

test('text of the client is escaped, made visible and clipped in every format', () => {
  const hostile = `</script><img src=x onerror=alert(1)>"'&\u001b[2J\r\nSet-Cookie: a=b\u202e`
  const error = new ServeError('E8008_NOT_FOUND', `No ${hostile}${'y'.repeat(9000)}`, { hint: hostile.repeat(100) })
  const page = textOf(errorReply(error, browser))
  assert.doesNotMatch(page, /<img|<\/script>/)
  assert.match(page, /&lt;img src=x onerror=alert\(1\)&gt;&quot;&#39;&amp;␛\[2J␍␊Set-Cookie/)
  for (const accept of [browser, '*/*', 'application/json']) {
    const text = textOf(errorReply(error, accept))
    assert.doesNotMatch(text, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    assert.doesNotMatch(text, /y{400}/)
    assert.ok(text.length < 9000)
  }
})

test('an internal error reveals no details to the client', () => {
  const error = new ServeError('E8008_INTERNAL', "ENOENT: no such file, open '/home/me/secret'", {
    hint: 'look at /home/me/log',
    cause: new Error('/home/me/cause'),
  })
  for (const accept of [browser, '*/*', 'application/json']) {
    const reply = errorReply(error, accept)
    assert.equal(reply.status, 500)
    assert.doesNotMatch(textOf(reply), /home|ENOENT|secret|\bat .*:\d+/)
    assert.match(textOf(reply), /E8008_INTERNAL/)
  }
  assert.match(
    textOf(errorReply(new ServeError('E8008_NOT_IMPLEMENTED', 'Not that coding.'), '*/*')),
    /Not that coding\./,
  )
})

test('the policy of the page allows its own style and nothing else', () => {
  const reply = errorReply(notFound, browser)
  const policy = getField(reply.headers, 'content-security-policy') ?? ''
  const [, style = ''] = /<style>([^]*?)<\/style>/.exec(textOf(reply)) ?? []
  assert.ok(style.length > 100)
  const hash = createHash('sha256').update(style).digest('base64')
  assert.ok(policy.startsWith(`default-src 'none'; style-src 'sha256-${hash}';`), policy)
  assert.match(policy, /base-uri 'none'; form-action 'none'/)
  assert.doesNotMatch(textOf(reply), /<script/)
})

test('every status that a code can carry has its reason phrase', () => {
  for (const code of Object.keys(errorCodes) as ErrorCode[])
    assert.notEqual(statusTitle(errorCodes[code].status), 'Error')
  assert.equal(statusTitle(299), 'Error')
})

test('ten thousand different pages take well under a second', () => {
  const errors = Array.from({ length: 10_000 }, (_, i) => new ServeError('E8008_NOT_FOUND', `Nothing is at /${i}.`))
  errorReply(notFound, browser)
  const start = processorTime()
  for (const error of errors) errorReply(error, browser)
  assert.ok(processorTime() - start < 2000)
})

test('the same refusal is one shared reply, another is another, and a long one is not kept', () => {
  const again = (message: string, details = {}): Reply =>
    errorReply(new ServeError('E8008_NOT_FOUND', message, details), browser)
  const first = again('Nothing.')
  assert.ok(Object.isFrozen(first) && Object.isFrozen(first.headers))
  assert.equal(again('Nothing.'), first)
  for (const other of [
    again('None.'),
    again('Nothing.', { hint: 'serve8008 ./dist' }),
    again('Nothing.', { headers: ['Allow', 'GET'] }),
    again('Nothing.', { close: true }),
    errorReply(new ServeError('E8008_FORBIDDEN', 'Nothing.'), browser),
    errorReply(new ServeError('E8008_NOT_FOUND', 'Nothing.'), undefined),
    errorReply(new ServeError('E8008_NOT_FOUND', 'Nothing.'), browser, undefined, linksUp('/a/b', '/')),
  ])
    assert.notEqual(other, first)
  const long = 'x'.repeat(2000)
  assert.notEqual(again(long), again(long))
})

test('the error of a refusal has no stack, and others have theirs', () => {
  assert.doesNotMatch(notFound.stack ?? '', /\n {4}at /)
  assert.match(new ServeError('E8008_USAGE', 'x').stack ?? '', /\n {4}at .*error-page\.test/)
})

function hrefs(path: string, base = '/'): string[] {
  return linksUp(path, base).map(({ href }) => new URL(href, `http://host${path}`).pathname)
}

test('the page for a missing file links to the folder above and to the start page', () => {
  assert.deepEqual(hrefs('/docs/none'), ['/docs/', '/'])
  assert.deepEqual(hrefs('/docs/none/'), ['/docs/', '/'])
  assert.deepEqual(hrefs('/a/b/c'), ['/a/b/', '/'])
  assert.deepEqual(hrefs('/none'), ['/'])
  assert.deepEqual(hrefs('/none/'), ['/'])
})

test('below a base the start page is the base, also for paths outside', () => {
  assert.deepEqual(hrefs('/app/none', '/app/'), ['/app/'])
  assert.deepEqual(hrefs('/app/docs/none', '/app/'), ['/app/docs/', '/app/'])
  assert.deepEqual(hrefs('/other/none', '/app/'), ['/app/'])
})

test('no path makes a link to another host or scheme', () => {
  for (const path of ['//evil.test/x', '/javascript:alert(1)/x', '/%2f%2fevil.test/x', '///x']) {
    for (const { href } of linksUp(path, '/')) assert.match(href, /^(?:\.\/|(?:\.\.\/)+)$/, path)
    for (const { href } of linksUp(path, '/')) assert.equal(new URL(href, `http://host${path}`).host, 'host')
  }
})
