import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isUrlName, decodePath, isWindowsName } from '../../../src/static/url-path.ts'

function names(path: string): readonly string[] | undefined {
  return decodePath(path, 'posix')?.segments
}

describe('decodePath', () => {
  test('splits a path and reports its final slash', () => {
    assert.deepEqual(decodePath('/a/b.txt', 'posix'), {
      segments: ['a', 'b.txt'],
      hasFinalSlash: false,
      isImpossible: false,
    })
    assert.deepEqual(decodePath('/a/', 'posix'), { segments: ['a'], hasFinalSlash: true, isImpossible: false })
    assert.deepEqual(decodePath('/', 'posix'), { segments: [], hasFinalSlash: true, isImpossible: false })
  })

  test('decodes exactly once', () => {
    assert.deepEqual(names('/pct%2525.txt'), ['pct%25.txt'])
    assert.deepEqual(names('/%252e%252e/x'), ['%2e%2e', 'x'])
    assert.deepEqual(names('/snow%20%E2%98%83/%23%3f%25'), ['snow ☃', '#?%'])
  })

  const invalid = {
    'bad percent sequences': ['/%', '/%2', '/%zz', '/a%'],
    'broken percent-encoding, overlong UTF-8 and surrogates': [
      '/%E0%A4%A',
      '/%c0%ae%c0%ae/',
      '/%ed%a0%80',
      '/%9',
      '/%',
    ],
    'NUL and other control characters': [
      '/ten.txt%00.html',
      '/a%0d%0ab',
      '/a%09',
      '/a%7f',
      '/a%c2%85',
      '/a\tb',
      '/a\0',
    ],
    'encoded slashes and any backslash': [
      '/sub%2fname.txt',
      '/..%2Fx',
      '/..%5cx',
      '/private%5Csecret',
      '/a\\b',
      '/\\evil.test',
    ],
    'dot segments, raw and encoded': [
      '/.',
      '/..',
      '/../x',
      '/a/../x',
      '/a/./x',
      '/a/..',
      '/%2e%2e/x',
      '/.%2E/x',
      '/%2e/x',
      '//x/..',
    ],
    'dot segments with parameters': ['/..;/x', '/..;a=b/x', '/.;/x', '/%2e%2e;/x', '/..%3b/x'],
    'a fragment, raw text beyond ASCII and what is no path': ['/a#b', '/é', '/a b', '*', '', 'a/b', '/a?b'],
  }
  for (const [what, paths] of Object.entries(invalid)) {
    test(`refuses ${what}`, () => paths.forEach((path) => assert.equal(decodePath(path, 'posix'), undefined, path)))
  }

  test('other bytes that are not UTF-8 are names, and invalid on Windows', () => {
    for (const path of ['/%99', '/%ff', '/%E0%A4']) {
      assert.equal(decodePath(path, 'posix')?.segments.length, 1, path)
      assert.equal(decodePath(path, 'win32'), undefined, path)
    }
  })

  test('repeated slashes count as one', () => {
    assert.deepEqual(names('//sub///name.txt'), ['sub', 'name.txt'])
    assert.deepEqual(decodePath('//sub//', 'posix'), { segments: ['sub'], hasFinalSlash: true, isImpossible: false })
  })

  test('a semicolon, dots within a name and glob characters are ordinary', () => {
    assert.deepEqual(names('/a;v=1/foo..bar.txt/.../*'), ['a;v=1', 'foo..bar.txt', '...', '*'])
  })

  test('names that Windows reads as something else are impossible there and ordinary elsewhere', () => {
    for (const path of ['/C:/x', '/.env::$DATA', '/TLS~1.PEM', '/aux.txt', '/secret.', '/x/nul']) {
      assert.equal(decodePath(path, 'win32')?.isImpossible, true, path)
      assert.equal(decodePath(path, 'posix')?.isImpossible, false, path)
    }
    assert.equal(decodePath('/%5c%5chost%5cshare', 'win32'), undefined)
    assert.equal(decodePath('/C:%5cx', 'win32'), undefined)
  })
})

test('a name is valid if a path can name it', () => {
  assert.equal(isUrlName('a b.txt', 'posix'), true)
  assert.equal(isUrlName('a:b', 'posix'), true)
  for (const name of ['a\\b', 'a\nb', '..;', '..']) assert.equal(isUrlName(name, 'posix'), false, JSON.stringify(name))
  assert.equal(isUrlName('a:b', 'win32'), false)
})

const refused = {
  'a drive': ['C:', 'c:secret.txt'],
  'an NTFS stream': ['.env::$DATA', 'index.html:hidden', 'index.html::$INDEX_ALLOCATION'],
  'a short 8.3 name': ['TLS~1.PEM', 'HTACCE~1', 'secret~2.p', 'a~10.htm'],
  'a device': ['CON', 'con.txt', 'nul', 'NUL.tar.gz', 'aux .txt', 'COM1', 'lpt9.log', 'com¹', 'CONIN$', 'conout$.x'],
  'a name that Windows would trim': ['secret.', 'secret ', '.env.', 'a. ', '...'],
  'a character of patterns, pipes and quotes': ['a*', 'a?', 'a|b', '<a>', 'a"b'],
}
describe('a Windows name', () => {
  for (const [what, names] of Object.entries(refused)) {
    test(`refuses ${what}`, () => names.forEach((name) => assert.equal(isWindowsName(name), false, name)))
  }

  test('accepts ordinary names, also those that resemble invalid ones', () => {
    for (const name of [
      'index.html',
      'console.log',
      'communication.txt',
      'com10.txt',
      'a~b.txt',
      'nullable.ts',
      '.env',
      'ä ö',
      'my-long-file~1.txt',
    ]) {
      assert.equal(isWindowsName(name), true, name)
    }
  })
})
