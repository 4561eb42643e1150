import assert from 'node:assert/strict'
import { test } from 'node:test'
import { guessOutputOptions } from '../../../../src/cli/args/command.ts'
import { readCommand } from '../../../../src/cli/read-command.ts'

const read = (line: string, folders: readonly string[] = []) =>
  readCommand(line === '' ? [] : line.split(' '), (word) => folders.includes(word))

test('serves by default, with the folder as a plain word', async () => {
  assert.deepEqual(await read(''), {
    name: 'serve',
    words: [],
    values: new Map(),
    quiet: false,
    verbose: false,
    json: false,
    config: undefined,
    flags: {},
  })
  assert.deepEqual((await read('./site --port 1')).flags, { port: ['1'], root: './site' })
})

test('knows its commands in the first place only', async () => {
  assert.equal((await read('check')).name, 'check')
  assert.deepEqual((await read('check ./site')).flags, { root: './site' })
  assert.equal((await read('--json check')).name, 'check')
  assert.deepEqual(
    [(await read('reload a.css b')).name, (await read('reload a.css b')).words],
    ['reload', ['a.css', 'b']],
  )
  assert.equal((await read('help')).name, 'help')
  assert.equal((await read('./site -h')).name, 'help')
  assert.equal((await read('-v')).name, 'version')
  assert.deepEqual([(await read('completion zsh')).name, (await read('completion zsh')).words], ['completion', ['zsh']])
  await assert.rejects(read('./site check', ['./site', 'check']), {
    message: 'Only one folder can be served at /: ./site. To add check, give it a path.',
  })
})

test('each command takes its own flags, and --help shows its page', async () => {
  assert.deepEqual([(await read('check --help')).name, (await read('check --help')).words], ['help', ['check']])
  assert.deepEqual((await read('help trust')).words, ['trust'])
  assert.deepEqual(
    [(await read('help')).words, (await read('--help')).words, (await read('./site -h')).words],
    [[], [], []],
  )
  assert.deepEqual((await read('reload a.css -p 8008')).flags, { port: ['8008'] })
  await assert.rejects(read('reload --cors'), { message: 'Unknown flag --cors.' })
  // A habit is named where the command has what it means: reload and stop have no --host.
  for (const words of ['reload -H 0.0.0.0', 'reload -H0.0.0.0', 'stop -l 3000', 'check --silent', '-H 0.0.0.0']) {
    const [command = '', flag = ''] = words.split(' ')
    const hints: Record<string, string> = {
      '--silent': 'serve8008 check --quiet',
      '0.0.0.0': 'serve8008 --host 0.0.0.0',
    }
    const hint = hints[flag] ?? (command === 'stop' ? 'serve8008 stop --port 3000' : 'serve8008 reload --help')
    await assert.rejects(read(words), { hint }, words)
  }
  await assert.rejects(read('completion zsh --port 1'), { message: 'Unknown flag --port.' })
})

test('reaches a folder that is named like a command as ./check or after --', async () => {
  assert.deepEqual([(await read('./check')).name, (await read('./check')).flags], ['serve', { root: './check' }])
  assert.deepEqual([(await read('-- check')).name, (await read('-- check')).flags], ['serve', { root: 'check' }])
})

test('takes /path=folder for a mount, beside those of --mount', async () => {
  assert.deepEqual((await read('./site /docs=./manual')).flags, { root: './site', mounts: ['/docs=./manual'] })
  assert.deepEqual((await read('/docs=./manual --mount /a=b')).flags, { mounts: ['/a=b', '/docs=./manual'] })
  assert.deepEqual((await read('/srv/a=b', ['/srv/a=b'])).flags, { root: '/srv/a=b' })
  // The check of mounts refuses it as it does in a config file.
  assert.deepEqual((await read('docs.localhost=./docs')).flags, { mounts: ['docs.localhost=./docs'] })
  await assert.rejects(read('docs=./docs'), { hint: 'serve8008 /docs=./docs' })
})

test('reads --config, --no-config and the manner of speaking', async () => {
  assert.equal((await read('-c my.json')).config, 'my.json')
  assert.equal((await read('--no-config')).config, false)
  const { quiet, verbose, json } = await read('--quiet --verbose --json')
  assert.deepEqual([quiet, verbose, json], [true, true, true])
})

test('says how to serve a second folder, and what a second word that is not a folder can mean', async () => {
  const folders = ['./a', './b', '../', 'check']
  const only = 'Only one folder can be served at /: ./a.'
  for (const [line, message, hint] of [
    ['./a ./b', `${only} To add ./b, give it a path.`, 'serve8008 ./a /b=./b'],
    ['./a ../', `${only} To add ../, give it a path.`, 'serve8008 ./a /more=../'],
    ['./a none --single', `${only} none is not a folder.`, 'serve8008 ./a --single'],
    ['none ./a', `${only} none is not a folder.`, 'serve8008 ./a'],
    ['none other', 'none and other are not folders.', 'name one folder that exists'],
    ['-- trust other', 'trust and other are not folders.', 'name one folder that exists'],
    ['relod ./a/x.css --json', 'There is no folder relod, and no command relod.', 'serve8008 reload ./a/x.css --json'],
    ['check relod ./a', `${only} relod is not a folder.`, 'serve8008 check ./a'],
  ] as const) {
    await assert.rejects(read(line, folders), { code: 'E8008_USAGE', message, hint }, line)
  }
})

test('explains a word that is not a folder', async () => {
  const refusals: readonly (readonly [string, string, string])[] = [
    ['serve .', 'There is no folder serve, and no command serve.', 'serve8008 .'],
    ['dev --port 3000', 'There is no folder dev, and no command dev.', 'serve8008 --port 3000'],
    ['port 3000', 'There is no folder port, and no command port.', 'serve8008 --port 3000'],
    ['tls ./a', 'There is no folder tls, and no command tls.', 'serve8008 --tls ./a'],
    ['kill 8008', 'There is no folder kill, and no command kill.', 'serve8008 free 8008'],
    ['kill', 'There is no folder kill, and no command kill.', 'serve8008 stop'],
    [
      './a -s b.txt',
      'b.txt is not a folder. As the value of -s it is written after a =.',
      'serve8008 ./a --single=b.txt',
    ],
    [
      './a --cache x',
      'x is neither a folder nor a value of --cache: seconds, a time such as 30s, 10m, 1h or 7d, off (no-cache), on (1h) or directives such as "no-store".',
      'serve8008 ./a --cache',
    ],
    ['./a 3000', 'There is no folder 3000. To set the port: --port 3000.', 'serve8008 ./a --port 3000'],
    [':3000 ./a', 'There is no folder :3000. To set the port: --port 3000.', 'serve8008 --port 3000 ./a'],
    ['./a 3000 -p 1', 'There is no folder 3000. To set the port: --port 3000.', 'serve8008 ./a --port 3000'],
    [
      'check --port x --single 3',
      'There is no folder 3. To set the port: --port 3.',
      'serve8008 check --single --port 3',
    ],
    ['3000', 'There is no folder 3000. To set the port: --port 3000.', 'serve8008 --port 3000'],
    [':3000', 'There is no folder :3000. To set the port: --port 3000.', 'serve8008 --port 3000'],
    ['localhost:3000', 'There is no folder localhost:3000. To set the port: --port 3000.', 'serve8008 --port 3000'],
    [
      '/api=http://localhost:1',
      '/api=http://localhost:1 is a URL, not a folder. To forward requests to it, use --proxy.',
      'serve8008 --proxy /api=http://localhost:1',
    ],
    [
      'http://ann:s3cret@a.test',
      'http://USER:PASSWORD@a.test is a URL, not a folder. To forward requests to it, use --proxy.',
      'serve8008 --proxy /=http://USER:PASSWORD@a.test',
    ],
    ['-c-1', '--config takes a file, not -1.', 'serve8008 --cache off'],
    ['-c 10', '--config takes a file, not 10.', 'serve8008 --cache 10'],
  ]
  for (const [line, message, hint] of refusals) {
    await assert.rejects(read(line), { code: 'E8008_USAGE', exitCode: 2, message, hint })
  }
  assert.deepEqual((await read('3000', ['3000'])).flags, { root: '3000' })
})

test('guesses the output options of a command line that cannot be parsed', () => {
  assert.deepEqual(guessOutputOptions(['--json', '--nope', '--verbose']), { quiet: false, verbose: true, json: true })
  assert.deepEqual(guessOutputOptions(['--', '--json']), { quiet: false, verbose: false, json: false })
})

test('trust, untrust and cert have flags of their own', async () => {
  const given = async (line: string): Promise<unknown> => Object.fromEntries((await read(line)).values)
  assert.deepEqual([(await read('trust')).name, await given('trust')], ['trust', {}])
  assert.deepEqual([await given('trust --yes'), await given('trust -y')], [{ yes: true }, { yes: true }])
  assert.deepEqual(await given('trust --browsers-only'), { 'browsers-only': true })
  assert.deepEqual(await given('trust --renew -y'), { renew: true, yes: true })
  assert.deepEqual([(await read('untrust --yes')).name, await given('untrust --yes')], ['untrust', { yes: true }])
  const cert = await read('cert a.localhost 10.0.0.1 --out ./keys')
  assert.deepEqual([cert.name, cert.words, cert.values.get('out')], ['cert', ['a.localhost', '10.0.0.1'], ['./keys']])
  assert.deepEqual((await read('cert *.a.test')).words, ['*.a.test'])
})

test('common flags may come before trust, untrust and cert', async () => {
  const { name, json, quiet } = await read('--json -q trust --status')
  assert.deepEqual([name, json, quiet], ['trust', true, true])
  assert.deepEqual([(await read('trust --help')).name, (await read('trust --help')).words], ['help', ['trust']])
  assert.equal((await read('cert --version')).name, 'version')
})

test('trust, untrust and cert refuse flags and words that they do not take', async () => {
  await assert.rejects(read('trust --port 1'), {
    code: 'E8008_USAGE',
    message: 'Unknown flag --port.',
    hint: 'serve8008 trust --help',
  })
  await assert.rejects(read('untrust --status'), { code: 'E8008_USAGE' })
  await assert.rejects(read('trust ./site'), {
    code: 'E8008_USAGE',
    message: 'serve8008 trust takes no arguments, but got ./site.',
  })
  await assert.rejects(read('trust status'), { code: 'E8008_USAGE', hint: 'serve8008 trust --status' })
  for (const line of ['trust --status --ca', 'trust --renew --status', 'trust --ca --renew']) {
    await assert.rejects(read(line), { code: 'E8008_USAGE', message: /^--\w+ and --\w+ cannot be combined\.$/ })
  }
  await assert.rejects(read('cert a.test --out'), {
    code: 'E8008_USAGE',
    message: '--out needs a value.',
    hint: 'serve8008 cert a.test --out DIR',
  })
})

test('serves a folder named trust as ./trust, and does not take the value of a flag for a command', async () => {
  assert.deepEqual([(await read('./trust')).name, (await read('./trust')).flags], ['serve', { root: './trust' }])
  assert.equal((await read('--host trust')).name, 'serve')
})
