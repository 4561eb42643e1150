import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { flags } from '../../../../src/cli/args/flags.ts'
import { readCommand } from '../../../../src/cli/read-command.ts'
import { isServeError } from '../../../../src/core/serve-error.ts'

const folders = new Set(['./site', './docs', '.', '/srv', '-'])

/** What is read from a command line, or why it is refused. The word of the command is left out. */
async function outcome(argv: readonly string[]): Promise<unknown> {
  try {
    const {
      name,
      words,
      values,
      flags: options,
      config,
      quiet,
      verbose,
      json,
    } = await readCommand(argv, (word) => folders.has(word))
    const page = name === 'help' ? [] : words
    const asked = name === 'check' ? 'serve' : name
    return { name: asked, words: page, values: [...values], options, config, quiet, verbose, json }
  } catch (error) {
    if (!isServeError(error)) throw error
    return { message: error.message, hint: error.hint?.replace(/^serve8008 check(?= |$)/, 'serve8008') }
  }
}

/** `check` takes the flags of serving, by way of yargs; serving uses the parser alone. */
async function assertAlike(line: readonly string[]): Promise<void> {
  assert.deepEqual(await outcome(['check', ...line]), await outcome(line), line.join(' '))
}

const corpus = `

./site
./site --port 3000
--port=3000 ./site
-p 3000 ./site
-p3000
-p=3000
-p=
-S=
-S= --no-mount=./site
--no-mount=./site -qv=
-qS=
-qS=yes ./site
-qs=
-sp=3000 ./site
-qp=
-xv=1
-qv=maybe
-sp 3000 ./site
-so ./site
--open ./site
--open=/a ./site
--open /a ./site
--open /srv
--open /srv ./site
--open --no-open
--no-port
--no-help
--port
--port=
--port 1 --port 2
--header A:1 --header=B:2 -H c
--cors ./site --cors https://a.test
--cors https://a.test --cors
--listing=yes --live=no
--listing=maybe
--no-listing ./site
--cache 10m ./site
--cache ./site
--single app.html
--single=app.html ./site
-c my.json
-c-1
--no-config
--json -q --verbose
--proxy /api=:3000 --proxy /b=:4000
--proxy /api 3000
/docs=./docs ./site
/docs=./docs --mount /a=./b
docs.localhost=./docs
-- --port
./site -- -x
--prot 3000
--prot=3000 ./site
--no-prot
-Hlocalhost
-auser:hunter2
-d ./site
--open-x 1
--openx=1
--places x
--:word x
--__proto__ 1
--constructor 1
-
-- -
-1
--port -1
--limit headerBytes=1
--header
--header --json
--help
--help --prot
-h ./site nope
-v --json
3000
./site ./docs
./site nope
'' ./site
'quoted'
"quoted"
a.b=c
--port 08 ./site
--header true --header 1e3
./site true 1e3`
  .split('\n')
  .map((line) => (line === '' ? [] : line.split(' ').map((word) => (word === "''" ? '' : word))))

test('a command reads the flags of serving as serving does', async () => {
  for (const line of corpus) await assertAlike(line)
})

test('a command reads any line of flags and words as serving does', async () => {
  const names = flags.flatMap(({ name, aliases }) => [name, ...aliases])
  const spelling = fc
    .constantFrom(...names)
    .chain((name) =>
      name.length === 1 ? fc.constantFrom(`-${name}`, `-q${name}`) : fc.constantFrom(`--${name}`, `--no-${name}`),
    )
  const value = fc.constantFrom('./site', './docs', '3000', '/a', '/a=./docs', 'on', 'no', '', '-', 'a:b', '10m', '*')
  const word = fc.oneof(
    spelling,
    value,
    fc.tuple(spelling, value).map(([flag, text]) => `${flag}=${text}`),
  )
  await fc.assert(fc.asyncProperty(fc.array(word, { maxLength: 6 }), assertAlike), { numRuns: 60 })
})

test('flags of serving may stand before a command', async () => {
  const read = async (...argv: string[]): Promise<unknown> => {
    const { name, flags: options, words } = await readCommand(argv, (word) => folders.has(word))
    return { name, options, words }
  }
  const checked = { name: 'check', options: { port: ['1'], root: './site' }, words: [] }
  assert.deepEqual(await read('--port', '1', 'check', './site'), checked)
  assert.deepEqual(await read('--open', 'check'), { name: 'check', options: { open: true }, words: [] })
  assert.deepEqual(await read('--host', 'check', 'check'), { name: 'check', options: { host: ['check'] }, words: [] })
  assert.deepEqual(await read('-q', 'ls'), { name: 'status', options: {}, words: [] })
  assert.deepEqual(await read('reload', 'reload', 'ls'), { name: 'reload', options: {}, words: ['reload', 'ls'] })
})

test('refuses flags and words that a command does not take', async () => {
  const cases: readonly (readonly [line: string, message: string, hint: string])[] = [
    ['status --prot', 'Unknown flag --prot.', 'serve8008 status --help'],
    ['status x --prot', 'Unknown flag --prot.', 'serve8008 status --help'],
    ['status --quite', 'Unknown flag --quite.', 'serve8008 status --quiet'],
    ['status --json-x', 'Unknown flag --json-x.', 'serve8008 status --json'],
    ['status x', 'serve8008 status takes no arguments, but got x.', 'serve8008 status'],
    ['status json', 'serve8008 status takes no arguments, but got json.', 'serve8008 status --json'],
    ['status -- x', 'serve8008 status takes no arguments, but got x.', 'serve8008 status --'],
    ['status status', 'serve8008 status takes no arguments, but got status.', 'serve8008 status'],
    ['help check x', 'serve8008 help takes one argument, but got x.', 'serve8008 help check'],
    ['completion --file bash', 'Unknown flag --file.', 'serve8008 completion --help'],
    ['cert --names a.test', 'Unknown flag --names.', 'serve8008 cert --help'],
    ['free', 'Missing argument: PORT.', 'serve8008 free PORT'],
    ['cert --out tls', 'Missing argument: NAME.', 'serve8008 cert NAME --out tls'],
    [
      'completion',
      'Missing argument: SHELL; it must be one of: bash, zsh, fish, powershell.',
      'serve8008 completion bash',
    ],
    ['trust --no-yes', '--yes cannot be negated.', 'serve8008 trust --yes'],
  ]
  for (const [line, message, hint] of cases) {
    await assert.rejects(
      readCommand(line.split(' '), () => false),
      { code: 'E8008_USAGE', message, hint },
      line,
    )
  }
})

test('a flag for what a command takes as a word is corrected', async () => {
  for (const [line, hint] of [
    ['scan --port 3000', 'serve8008 scan 3000'],
    ['completion --shell zsh', 'serve8008 completion zsh'],
    ['scan -p 3000-3010 --json', 'serve8008 scan 3000-3010 --json'],
    ['free --port=3000 --yes', 'serve8008 free 3000 --yes'],
    ['explain -X POST /api', 'serve8008 explain POST /api'],
    ['explain /api --method=put', 'serve8008 explain PUT /api'],
    ['explain -x /api=9 -X GET /api', 'serve8008 explain GET -x /api=9 /api'],
    ['cert --host app.localhost', 'serve8008 cert app.localhost'],
    // Without a value, or with one that is no such word, it may be anything.
    ['scan --port', 'serve8008 scan --help'],
    ['explain -X hunter2! /', 'serve8008 explain --help'],
  ] as const) {
    await assert.rejects(
      readCommand(line.split(' '), () => false),
      { code: 'E8008_USAGE', hint },
      line,
    )
  }
})
