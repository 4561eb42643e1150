import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isWindowsName } from '../../../src/static/windows-name.ts'

const refused = {
  'a drive': ['C:', 'c:secret.txt'],
  'an NTFS stream': ['.env::$DATA', 'index.html:hidden', 'index.html::$INDEX_ALLOCATION'],
  'a short 8.3 name': ['TLS~1.PEM', 'HTACCE~1', 'secret~2.p', 'a~10.htm'],
  'a device': ['CON', 'con.txt', 'nul', 'NUL.tar.gz', 'aux .txt', 'COM1', 'lpt9.log', 'com¹', 'CONIN$', 'conout$.x'],
  'a name that Windows would trim': ['secret.', 'secret ', '.env.', 'a. ', '...'],
  'a character of patterns, pipes and quotes': ['a*', 'a?', 'a|b', '<a>', 'a"b'],
}
for (const [what, names] of Object.entries(refused)) {
  test(`refuses ${what}`, () => names.forEach((name) => assert.equal(isWindowsName(name), false, name)))
}

test('takes ordinary names, also ones that only look like trouble', () => {
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
