import assert from 'node:assert/strict'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { confirm, canPrompt } from '../../../../src/cli/commands/prompt.ts'
import { authorityOwner } from '../../../../src/cli/authority-owner.ts'
import { applyTrustChanges, runStep, stepText } from '../../../../src/cli/commands/apply-trust-changes.ts'
import { commandWords, type FoundStore } from '../../../../src/cli/commands/open-authority.ts'
import { currentProgram, type Program } from '../../../../src/cli/process-io.ts'
import { failure, otherPrograms, storeLines, trustJson } from '../../../../src/cli/commands/trust-stores.ts'
import { homeFolder } from '../../../../src/core/util/home.ts'
import type { Step } from '../../../../src/tls/trust/types.ts'

/** A program whose user types an answer, or that has no user. */
function answering(answer: string | undefined): { program: Program; text: () => string } {
  let text = ''
  const isTTY = answer !== undefined
  const stderr = { isTTY, write: (chunk: string) => void (text += chunk), on: () => {} }
  const stdin = Object.assign(new PassThrough(), { isTTY })
  stdin.end(answer)
  return { program: { ...currentProgram(), stderr, stdin }, text: () => text }
}

function storeOf(name: string, ...scripts: string[]): FoundStore {
  const steps = scripts.map((script): Step => ({ argv: [process.execPath, '-e', script], as: 'user' }))
  const store = {
    name,
    isOfBrowsers: true,
    find: () => Promise.resolve({ present: true }),
    status: () => Promise.resolve('untrusted' as const),
    install: () => steps,
    remove: () => [],
  }
  return { store, status: 'untrusted', lacks: undefined }
}

const plainUser = { uid: 1000, sudoUser: undefined, isInteractive: true }
const change = {
  command: 'trust',
  stepsOf: ({ store }: FoundStore) => store.install(),
  rights: plainUser,
  yes: false,
  quiet: false,
  json: false,
}

test('only y and yes confirm', async () => {
  for (const [answer, yes] of [
    ...[['y\n', true] as const, ['YES\n', true] as const],
    ...[['\n', false] as const, ['n\n', false] as const, ['', false] as const, ['yeah\n', false] as const],
  ]) {
    const { program, text } = answering(answer)
    assert.equal(canPrompt(program), true)
    assert.equal(await confirm('Run them?', program), yes, JSON.stringify(answer))
    assert.equal(text(), 'Run them? [y/N] ')
  }
})

test('shows every command before the first runs, and runs none after a no', async () => {
  const { program, text } = answering('n\n')
  const stores = [storeOf('first', 'process.exit(1)'), storeOf('second', 'process.exit(1)')]
  assert.equal(await applyTrustChanges({ ...change, stores, program }), undefined)
  assert.match(text(), /# first\n.*process\.exit.*\n.*# second\n.*process\.exit.*\nRun them\?/)
})

test('runs nothing without a terminal, unless --yes is given', async () => {
  const stores = [storeOf('first', 'process.exit(0)')]
  const { program } = answering(undefined)
  const refusal = { code: 'E8008_USAGE', message: /This is not a terminal/, hint: 'serve8008 trust --yes' }
  await assert.rejects(applyTrustChanges({ ...change, stores, program }), refusal)
  await assert.rejects(applyTrustChanges({ ...change, json: true, stores, program: answering('y\n').program }), refusal)
  assert.deepEqual(await applyTrustChanges({ ...change, yes: true, stores, program }), new Map())
})

test('prepares after a yes and before the commands, and not after a no', async () => {
  const told: string[] = []
  const store = storeOf('first', 'process.exit(0)')
  const prepare = (): Promise<void> => Promise.resolve(void told.push('prepared'))
  const stepsOf = (found: FoundStore) => {
    told.push('steps')
    return found.store.install()
  }
  const one = { ...change, command: 'trust --renew', stores: [store], stepsOf, prepare }
  assert.equal(await applyTrustChanges({ ...one, program: answering('n\n').program }), undefined)
  assert.equal(told.includes('prepared'), false)
  await assert.rejects(applyTrustChanges({ ...one, program: answering(undefined).program }), {
    hint: 'serve8008 trust --renew --yes',
  })
  assert.equal(told.includes('prepared'), false)
  told.length = 0
  assert.deepEqual(await applyTrustChanges({ ...one, program: answering('y\n').program }), new Map())
  assert.deepEqual(told, ['steps', 'prepared', 'steps'])
  const { program, text } = answering('n\n')
  assert.equal(await applyTrustChanges({ ...one, stores: [], program }), undefined)
  assert.equal(text(), 'Continue? [y/N] ')
})

test('a command that fails ends its store, not the others', async () => {
  const { program } = answering(undefined)
  const stores = [
    storeOf('bad', 'console.error("no \\u001b[2Jway"); process.exit(3)', 'process.exit(4)'),
    storeOf('good', '0'),
  ]
  const problems = await applyTrustChanges({ ...change, yes: true, quiet: true, stores, program })
  assert.deepEqual(
    [...(problems ?? [])].map(([, problem]) => problem),
    ['bad: no \\x1b[2Jway'],
  )
})

test('commands for root use sudo, which does not wait for a password without a terminal', () => {
  const root: Step = { argv: ['update-ca-trust'], as: 'root' }
  const user: Step = { argv: ['certutil', '-L'], as: 'user' }
  assert.deepEqual(commandWords(root, plainUser), ['sudo', '--', 'update-ca-trust'])
  assert.deepEqual(commandWords(root, { ...plainUser, isInteractive: false }), ['sudo', '-n', '--', 'update-ca-trust'])
  assert.deepEqual(commandWords(root, { ...plainUser, uid: 0 }), ['update-ca-trust'])
  assert.deepEqual(commandWords(root, { ...plainUser, uid: undefined }), ['update-ca-trust'])
  assert.deepEqual(commandWords(user, plainUser), ['certutil', '-L'])
  // What root would make in the folders of a user would be root's.
  const words = ['sudo', '-H', '-u', 'ann', '--', 'certutil', '-L']
  assert.deepEqual(commandWords(user, { uid: 0, sudoUser: 'ann', isInteractive: true }), words)
  assert.equal(
    stepText({ argv: ['rm', '/a b'], as: 'root' }, { ...plainUser, isInteractive: false }),
    'sudo -- rm "/a b"',
  )
})

test('a program that is not there, and one that may fail', async () => {
  assert.equal(
    await runStep({ argv: ['serve8008-no-such-program'], as: 'user' }, plainUser),
    'serve8008-no-such-program is not installed',
  )
  const failing = { argv: [process.execPath, '-e', 'process.exit(7)'], as: 'user' } as const
  assert.match((await runStep(failing, plainUser)) ?? '', /ended with 7$/)
  assert.equal(await runStep({ ...failing, mayFail: true }, plainUser), undefined)
})

test('under sudo the authority is that of the user who typed it', () => {
  const passwd = () => 'root:x:0:0::/root:/bin/sh\nann:x:1000:1000:Ann:/home/ann:/bin/sh\n'
  const env = { SUDO_USER: 'ann', XDG_DATA_HOME: '/root/data' }
  const { user, home, folder, isSudo } = authorityOwner(env, 0, passwd)
  assert.deepEqual([user, home, isSudo], ['ann', '/home/ann', true])
  if (process.platform === 'linux') assert.equal(folder, '/home/ann/.local/share/serve8008')
  const others = [
    authorityOwner(env, 1000, passwd),
    authorityOwner({ SUDO_USER: 'root' }, 0, passwd),
    authorityOwner({ SUDO_USER: 'unknown-user' }, 0, passwd),
    authorityOwner({}, 0, passwd),
  ]
  for (const other of others) assert.equal(other.isSudo, false)
  if (process.platform === 'linux') assert.equal(others[0]?.folder, '/root/data/serve8008')
})

test('the home folder is that of the given environment', () => {
  const name = process.platform === 'win32' ? 'USERPROFILE' : 'HOME'
  const home = join(tmpdir(), 'bob')
  const owner = authorityOwner({ [name]: home }, 1000)
  assert.equal(owner.home, home)
  assert.ok(owner.folder.startsWith(home), owner.folder)
  // A relative one would put the authority into the current folder.
  for (const env of [{ [name]: 'bob' }, { [name]: '' }, {}]) assert.equal(authorityOwner(env, 1000).home, homeFolder())
})

test('text and JSON have one word for the status of a store', () => {
  for (const status of ['trusted', 'outdated', 'untrusted'] as const) {
    const [, word = ''] = /^ {2}.*? {3}(\w+)/.exec(storeLines([{ ...storeOf('system'), status }])) ?? []
    const { stores } = JSON.parse(trustJson(undefined, '/ca.pem', [{ ...storeOf('system'), status }]))
    assert.deepEqual([word, stores[0].status], [status, status])
  }
})

test('programs that read the system store need no setting', () => {
  assert.match(otherPrograms('/ca.pem'), /^A program that does not read the system store needs .*\n.*elsewhere:$/m)
})

test('the path of the certificate can be pasted into a shell', () => {
  assert.match(otherPrograms('/home/ann/ca.pem'), /^ {2}curl {6}curl --cacert \/home\/ann\/ca\.pem$/m)
  assert.match(otherPrograms('/home/$ann o/ca.pem'), /NODE_EXTRA_CA_CERTS='\/home\/\$ann o\/ca\.pem'$/m)
})

test('the hint is to use a terminal if sudo could not ask', () => {
  const problem = 'system: sudo: a password is required'
  assert.match(failure('Not trusted', [problem]).hint ?? '', /in a terminal/)
  assert.equal(failure('Not trusted', ['system: no room']).hint, undefined)
})
