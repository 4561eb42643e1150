import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseArguments, type FlagTexts } from '../../../../src/cli/args/arguments.ts'
import type { Line } from '../../../../src/cli/args/command-line.ts'
import { commandNames } from '../../../../src/cli/commands/registry.ts'
import { readCommand } from '../../../../src/cli/read-command.ts'
import { flags } from '../../../../src/cli/args/flags.ts'
import { isServeError } from '../../../../src/core/serve-error.ts'

function lineOf(argv: readonly string[], folders: readonly string[] = []): Line {
  return { argv, isFolder: (word) => folders.includes(word), commandNames: commandNames() }
}

async function parse(
  line: string,
  folders: readonly string[] = [],
): Promise<[words: readonly string[], values: Record<string, FlagTexts>]> {
  const argv = line === '' ? [] : line.split(' ')
  const { words, values } = await parseArguments(lineOf(argv, folders), flags)
  return [words, Object.fromEntries(values)]
}

async function refusal(line: string): Promise<{ message: string; hint: string | undefined }> {
  try {
    await parse(line)
  } catch (error) {
    assert.ok(isServeError(error))
    assert.equal(error.code, 'E8008_USAGE')
    assert.equal(error.exitCode, 2)
    return { message: error.message, hint: error.hint }
  }
  return assert.fail(`accepted: ${line}`)
}

const accepted: readonly (readonly [string, readonly string[], Record<string, FlagTexts>])[] = [
  ['', [], {}],
  ['./site', ['./site'], {}],
  ['--port 3000', [], { port: ['3000'] }],
  ['--port=3000', [], { port: ['3000'] }],
  ['-p 3000', [], { port: ['3000'] }],
  ['-p3000', [], { port: ['3000'] }],
  ['-p=3000', [], { port: ['3000'] }],
  ['-sp 3000', [], { single: true, port: ['3000'] }],
  ['-qs', [], { quiet: true, single: true }],
  ['--port 1 --port=2 -p 3', [], { port: ['3'] }],
  ['--host a --log json --host b --log none', [], { host: ['b'], log: ['none'] }],
  ['--auth-file a --auth-file b --base /a --base=/b', [], { authFile: ['b'], base: ['/b'] }],
  ['--open /a --open=/b', [], { open: ['/b'] }],
  ['--open=/a --open', [], { open: true }],
  ['--cache 60 --cache 1h', [], { cache: ['1h'] }],
  ['--single=a.html --no-single', [], { single: false }],
  ['--no-single --single a.html', [], { single: ['a.html'] }],
  ['--quiet --no-quiet', [], { quiet: false }],
  ['-c a.json -c b.json', [], { config: ['b.json'] }],
  ['--limit ranges=1 --limit idle-ms=10', [], { limits: ['ranges=1', 'idle-ms=10'] }],
  ['--cors=http://a.test --cors', [], { cors: true }],
  ['--port 8008,3000', [], { port: ['8008,3000'] }],
  ['--host ::1', [], { host: ['::1'] }],
  ['--no-listing ./site', ['./site'], { listing: false }],
  ['--listing ./site', ['./site'], { listing: true }],
  ['--listing=false', [], { listing: false }],
  ['--listing=no', [], { listing: false }],
  ['--listing=on', [], { listing: true }],
  ['--listing=true --no-listing', [], { listing: false }],
  ['--spa', [], { single: true }],
  ['--header a:1 --headers=b:2 ./site', ['./site'], { headers: ['a:1', 'b:2'] }],
  ['--header x=y:1', [], { headers: ['x=y:1'] }],
  ['--no-config', [], { config: false }],
  ['--no-auth', [], { auth: false }],
  ['--cors', [], { cors: true }],
  ['--cors http://a.test --cors http://b.test', [], { cors: ['http://a.test', 'http://b.test'] }],
  ['--no-cors', [], { cors: false }],
  ['--cache 60', [], { cache: ['60'] }],
  ['--cache -1', [], { cache: ['-1'] }],
  ['--cache 10m ./site', ['./site'], { cache: ['10m'] }],
  ['--cache must-revalidate', [], { cache: ['must-revalidate'] }],
  ['--cache no-store ./site', ['./site'], { cache: ['no-store'] }],
  ['--cache ./site', ['./site'], { cache: true }],
  ['--open off', [], { open: ['off'] }],
]

for (const [line, words, values] of accepted) {
  test(`reads "${line}"`, async () => assert.deepEqual(await parse(line), [words, values]))
}

test('takes the word after a flag with an optional value by its form', async () => {
  assert.deepEqual(await parse('--open ./site'), [['./site'], { open: true }])
  assert.deepEqual(await parse('--open site'), [['site'], { open: true }])
  assert.deepEqual(await parse('--open /docs/'), [[], { open: ['/docs/'] }])
  assert.deepEqual(await parse('./site --open /docs/'), [['./site'], { open: ['/docs/'] }])
  assert.deepEqual(await parse('-o intro.html'), [[], { open: ['intro.html'] }])
  assert.deepEqual(await parse('-s build'), [['build'], { single: true }])
  assert.deepEqual(await parse('-s app.html build'), [['build'], { single: ['app.html'] }])
  assert.deepEqual(await parse('--cors ./site'), [['./site'], { cors: true }])
  assert.deepEqual(await parse('-so ./dist'), [['./dist'], { single: true, open: true }])
  assert.deepEqual(await parse('--open --port 1'), [[], { open: true, port: ['1'] }])
})

test('takes an existing folder for the folder, unless another word names one or = gives the value', async () => {
  assert.deepEqual(await parse('--open /var/www', ['/var/www']), [['/var/www'], { open: true }])
  assert.deepEqual(await parse('./site --open /var/www', ['/var/www']), [['./site'], { open: ['/var/www'] }])
  assert.deepEqual(await parse('--open=/var/www', ['/var/www']), [[], { open: ['/var/www'] }])
  assert.deepEqual(await parse('--open=site ./x'), [['./x'], { open: ['site'] }])
  assert.deepEqual(await parse('--open /', ['/']), [[], { open: ['/'] }])
})

test('ends flags at --', async () => {
  const { words, literals, values } = await parseArguments(lineOf(['-q', '--', '--port', '--listing=maybe']), flags)
  assert.deepEqual(words, [])
  assert.deepEqual(literals, ['--port', '--listing=maybe'])
  assert.deepEqual([...values.keys()], ['quiet'])
})

test('names the nearest flag in the corrected command', async () => {
  assert.deepEqual(await refusal('--prot 3000 ./site'), {
    message: 'Unknown flag --prot.',
    hint: 'serve8008 --port 3000 ./site',
  })
  assert.equal((await refusal('--prot=3000')).hint, 'serve8008 --port=3000')
  assert.equal((await refusal('--trailing always')).hint, 'serve8008 --trailing-slash always')
  assert.equal((await refusal('--base-path /x/')).hint, 'serve8008 --base /x/')
  assert.equal((await refusal('--strictPort')).hint, 'serve8008 --strict-port')
  assert.equal((await refusal('--no-listng')).hint, 'serve8008 --no-listing')
  assert.equal((await refusal('--open-x')).message, 'Unknown flag --open-x.')
  assert.equal((await refusal('---port 3000')).message, 'Unknown flag ---port.')
  assert.equal((await refusal('--nothing-like-it')).hint, 'serve8008 --help')
  assert.equal((await refusal('-qz')).hint, 'serve8008 --help')
  assert.equal((await refusal('-1')).message, 'Unknown flag -1.')
  assert.equal((await refusal('-')).message, 'Unknown flag -.')
})

test('suggests the command that a flag names', async () => {
  for (const [line, hint] of [
    ['--fetch', 'serve8008 fetch /'],
    ['--fetch /api', 'serve8008 fetch /api'],
    ['--fetch=/api -p 3000', 'serve8008 fetch /api -p 3000'],
    ['./site --explain /api', 'serve8008 explain ./site /api'],
    ['--free 3000', 'serve8008 free 3000'],
    ['--status', 'serve8008 status'],
    ['--stop hunter2 --token=hunter2', 'serve8008 stop VALUE --token=VALUE'],
  ] as const) {
    const { message } = await refusal(line)
    assert.match(message, /^Unknown flag --[a-z]+\. It is a command, which comes first\.$/)
    assert.equal((await refusal(line)).hint, hint)
  }
})

test('shows how a config file sets an option that has no flag', async () => {
  assert.deepEqual(await refusal('--sites x'), {
    message: 'Unknown flag --sites. A config file sets sites.',
    hint: 'write to serve8008.config.mjs: export default { sites: [{ "host": "docs.localhost", "root": "./docs" }] }',
  })
  for (const key of ['listeners', 'routes', 'certificates', 'plugins']) {
    assert.match((await refusal(`--${key}=x`)).hint ?? '', new RegExp(`export default \\{ ${key}: \\[\\{.+\\}\\] \\}$`))
  }
})

test('never repeats what is behind an unknown flag, unless it can be no secret', async () => {
  for (const [line, hint] of [
    ['-a ann:hunter2', 'serve8008 --host HOST'],
    ['-a=hunter2', 'serve8008 --host=HOST'],
    ['-ahunter2', 'serve8008 --host HOST'],
    ['--secret hunter2', 'serve8008 --socket FILE'],
    ['--token=hunter2', 'serve8008 --open=PATH'],
    ['-u ann:hunter2 ./my', 'serve8008 --no-compress VALUE ./my'],
    ['-P hunter2', 'serve8008 --proxy /=URL'],
    ['--prot 3000 --pasword=hunter2 -z hunter2', 'serve8008 --port 3000 --pasword=VALUE -z VALUE'],
    ['--htpasswd=users', 'serve8008 --auth-file=FILE'],
    ['--prot 3000 -sp 1 --trailing always ./my', 'serve8008 --port 3000 -sp 1 --trailing VALUE ./my'],
  ] as const) {
    const refused = await refusal(line)
    assert.equal(refused.hint, hint)
    assert.doesNotMatch(refused.message, /hunter2/)
  }
})

test('never takes a word for a property of an object', async () => {
  assert.equal((await refusal('--__proto__ x')).message, 'Unknown flag --__proto__.')
  assert.equal((await refusal('--constructor=x')).message, 'Unknown flag --constructor.')
  assert.equal((await refusal('--toString')).message, 'Unknown flag --toString.')
})

test('takes the folder as a word or by --root, and none by --no-root', async () => {
  assert.equal((await readCommand(['./my'], () => true)).flags.root, './my')
  assert.deepEqual((await readCommand(['--root=my'], () => false)).flags.root, ['my'])
  assert.deepEqual([(await readCommand(['--root', './my'], () => true)).flags.root].flat(), ['./my'])
  assert.equal((await readCommand(['--no-root'], () => true)).flags.root, false)
  await assert.rejects(
    readCommand(['--no-root', './my'], () => true),
    /The folder is given twice/,
  )
  await assert.rejects(
    readCommand(['--root=a', './my'], () => true),
    /The folder is given twice/,
  )
})

test('translates the habits of other servers', async () => {
  for (const flag of ['--directory ', '--directory=', '-d ']) {
    assert.equal((await refusal(`${flag}./my`)).hint, 'serve8008 ./my')
  }
  assert.equal((await refusal('-d false')).hint, 'serve8008 --listing false')
  assert.equal((await refusal('-l 3000')).hint, 'serve8008 --port 3000')
  assert.equal((await refusal('-l3000')).hint, 'serve8008 --port 3000')
  assert.equal((await refusal('--listen=3000')).hint, 'serve8008 --port=3000')
  assert.equal((await refusal('--https-port 9443')).hint, 'serve8008 --tls-port 9443')
  assert.equal((await refusal('-Hlocalhost')).hint, 'serve8008 --host localhost')
  assert.equal((await refusal('-H fe80::1')).hint, 'serve8008 --host HOST')
  assert.equal((await refusal('-H Authorization:hunter2')).hint, 'serve8008 --header NAME:VALUE')
  assert.equal((await refusal('-p8008,3000 ./my')).hint, 'serve8008 --port 8008,3000 ./my')
  assert.equal((await refusal('--silent ./site')).hint, 'serve8008 --quiet ./site')
  assert.equal((await refusal('./a -P http://x --tls')).hint, 'serve8008 ./a --proxy /=http://x --tls')
  assert.equal((await refusal('./a -P=http://x')).hint, 'serve8008 ./a --proxy /=http://x')
  assert.equal((await refusal('./a -P')).hint, 'serve8008 ./a --proxy /=URL')
  assert.equal((await refusal('./a -P 3000')).hint, 'serve8008 ./a --port 3000')
  assert.equal((await refusal('./a -P3000')).hint, 'serve8008 ./a --port 3000')
  assert.equal((await refusal('-C')).hint, 'serve8008 --cors')
  assert.equal((await refusal('-S -C my.pem')).hint, 'serve8008 -S --cert my.pem')
  assert.equal((await refusal('--htpasswd=./users')).hint, 'serve8008 --auth-file=./users')
  assert.equal((await refusal('--files *.css')).hint, 'serve8008 --watch "*.css"')
  assert.equal((await refusal('--startPath /x')).hint, 'serve8008 --open /x')
  for (const flag of ['--server ', '--server=', '--outDir ']) {
    assert.equal((await refusal(`${flag}dist`)).hint, 'serve8008 dist')
  }
})

test('names the setting of a route for flags of other proxies', async () => {
  assert.equal((await refusal('-x /api=3000 --proxy-timeout 30')).hint, 'serve8008 -x /api=3000 --timeout 30')
  assert.match(
    (await refusal('-x /api=3000 --change-origin')).hint ?? '',
    /^write it behind the target: -x \S+,changeOrigin$/,
  )
  assert.match(
    (await refusal('-x /api=3000 --secure=false')).hint ?? '',
    /^write it behind the target: -x \S+,insecure$/,
  )
  assert.match((await refusal('-x /api=3000 --rewrite /api=/')).hint ?? '', /--proxy \/api=:3000\/v1$/)
})

test('says which flags of other servers are left out', async () => {
  const flags =
    '-b --brotli --no-clipboard --no-etag -e --ext --hot --livereload --live-reload --server --ws --no-ui --ui-port --reload-delay --wait'
  for (const flag of flags.split(' ')) assert.match((await refusal(flag)).hint ?? '', /^leave it out: /, flag)
})

test('quotes words that a shell would split', async () => {
  await assert.rejects(parseArguments(lineOf(['--prot', '1', 'my site']), flags), {
    hint: 'serve8008 --port 1 "my site"',
  })
})

test('refuses a missing value, and a value for a flag that takes none', async () => {
  assert.deepEqual(await refusal('--port'), { message: '--port needs a value.', hint: 'serve8008 --port PORT' })
  assert.equal((await refusal('site --port')).hint, 'serve8008 site --port PORT')
  assert.equal((await refusal('site --port= --listing')).hint, 'serve8008 site --port PORT --listing')
  assert.equal((await refusal('site -sp')).hint, 'serve8008 site -sp --port PORT')
  assert.equal((await refusal('site --no-help')).hint, 'serve8008 site --help')
  assert.equal((await refusal('site --listing=maybe -q')).hint, 'serve8008 site --listing -q')
  assert.equal((await refusal('--host=')).message, '--host needs a value.')
  // `--cors=$ORIGIN` in a script whose variable is empty must not let every origin in.
  assert.deepEqual(await refusal('--cors='), { message: '--cors needs a value.', hint: 'serve8008 --cors ORIGIN' })
  assert.equal((await refusal('--open= --port 3000')).message, '--open needs a value.')
  assert.equal((await refusal('--header --quiet')).message, '--header needs a value.')
  assert.deepEqual(await refusal('--listing=maybe'), {
    message: '--listing: expected true or false, got "maybe"; --no-listing switches it off.',
    hint: 'serve8008 --listing',
  })
  assert.equal((await refusal('--no-help')).message, '--help cannot be negated.')
})
