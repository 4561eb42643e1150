import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readCommand } from '../../../../src/cli/args/command.ts'

const read = (line: string) => readCommand(line.split(' '), () => false)
const none = { yes: false, status: false, ca: false, renew: false, out: undefined }

test('trust, untrust and cert have flags of their own', () => {
  assert.deepEqual([read('trust').name, read('trust').authority], ['trust', none])
  assert.deepEqual(read('trust --yes').authority, { ...none, yes: true })
  assert.deepEqual(read('trust -y').authority, { ...none, yes: true })
  assert.deepEqual(read('trust --status').authority, { ...none, status: true })
  assert.deepEqual(read('trust --ca').authority, { ...none, ca: true })
  assert.deepEqual(read('trust --renew -y').authority, { ...none, renew: true, yes: true })
  assert.deepEqual([read('untrust --yes').name, read('untrust --yes').authority], ['untrust', { ...none, yes: true }])
  const cert = read('cert a.localhost 10.0.0.1 --out ./keys')
  assert.deepEqual([cert.name, cert.words, cert.authority?.out], ['cert', ['a.localhost', '10.0.0.1'], './keys'])
  assert.deepEqual(read('cert *.a.test').words, ['*.a.test'])
})

test('the flags of the voice may stand before them', () => {
  const { name, json, quiet } = read('--json -q trust --status')
  assert.deepEqual([name, json, quiet], ['trust', true, true])
  assert.deepEqual([read('trust --help').name, read('trust --help').words], ['help', ['trust']])
  assert.equal(read('cert --version').name, 'version')
})

test('what they do not take is an error, not left out', () => {
  assert.throws(() => read('trust --port 1'), {
    code: 'E8008_USAGE',
    message: 'Unknown flag --port.',
    hint: 'serve8008 trust --help',
  })
  assert.throws(() => read('untrust --status'), { code: 'E8008_USAGE' })
  assert.throws(() => read('trust ./site'), { code: 'E8008_USAGE', message: 'serve8008 trust takes no ./site.' })
  assert.throws(() => read('trust status'), { code: 'E8008_USAGE', hint: 'serve8008 trust --status' })
  for (const line of ['trust --status --ca', 'trust --renew --status', 'trust --ca --renew']) {
    assert.throws(() => read(line), { code: 'E8008_USAGE', message: /^--\w+ and --\w+ are two things\.$/ })
  }
  assert.throws(() => read('cert a.test --out'), {
    code: 'E8008_USAGE',
    message: '--out needs a value.',
    hint: 'serve8008 cert --out DIR',
  })
})

test('a folder of such a name is reached as ./trust, and the value of a flag is no command', () => {
  assert.deepEqual([read('./trust').name, read('./trust').flags], ['serve', { root: './trust' }])
  assert.equal(read('--host trust').name, 'serve')
})
