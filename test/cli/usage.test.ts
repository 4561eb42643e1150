import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { renderVersion } from '../../src/cli/commands/version.ts'
import { folderOf } from './command.ts'
import { runHere as run } from './here.ts'

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

test('--version prints the version alone', async (t) => {
  assert.deepEqual(await run(t, ['-v']), { exitCode: 0, signal: null, stdout: `${version}\n`, stderr: '' })
})

test('--version --verbose lists the bundled packages; the sources bundle none', async (t) => {
  assert.equal((await run(t, ['--version', '--verbose'])).stdout, `${version}\n`)
  assert.deepEqual(JSON.parse((await run(t, ['version', '--verbose', '--json'])).stdout), { version, packages: {} })
  const [plain, packages] = [
    { quiet: false, verbose: true, json: false },
    { open: '11.0.4', ws: '8.23.0' },
  ]
  assert.equal(renderVersion(plain, packages), `${version}\nopen 11.0.4\nws 8.23.0\n`)
  assert.deepEqual(JSON.parse(renderVersion({ ...plain, json: true }, packages)), { version, packages })
  assert.equal(renderVersion({ ...plain, verbose: false }, packages), `${version}\n`)
})

test('help fits a screen of 80 columns and 24 lines, and has pages for the rest', async (t) => {
  const help = await run(t, ['--help'])
  assert.equal(help.exitCode, 0)
  assert.equal(help.stderr, '')
  assert.match(help.stdout, new RegExp(`^serve8008 ${version}, `))
  const lines = help.stdout.split('\n')
  assert.ok(Math.max(...lines.map((line) => line.length)) <= 80)
  assert.ok(lines.length <= 24, `${lines.length} lines, the prompt included`)
  const [all, group] = [await run(t, ['help', 'all']), await run(t, ['help', 'https'])]
  assert.match(all.stdout, /^Limits, as --limit NAME=VALUE takes them$/m)
  assert.match(group.stdout, /^serve8008 help https: /)
})

test('an unknown flag fails with the corrected command and exit code 2', async (t) => {
  assert.deepEqual(await run(t, ['--prot', '3000', './site']), {
    exitCode: 2,
    signal: null,
    stdout: '',
    stderr: 'Unknown flag --prot.\nE8008_USAGE   try: serve8008 --port 3000 ./site\n',
  })
})

test('an error with --json is one line on standard error', async (t) => {
  const { exitCode, stdout, stderr } = await run(t, ['--json', '--prot', '3000'])
  assert.equal(exitCode, 2)
  assert.equal(stdout, '')
  assert.deepEqual(JSON.parse(stderr), {
    error: {
      code: 'E8008_USAGE',
      message: 'Unknown flag --prot.',
      hint: 'serve8008 --json --port 3000',
      command: 'serve8008 --json --port 3000',
      problems: [],
      exitCode: 2,
    },
  })
})

test('a stack is printed with --verbose', async (t) => {
  assert.match((await run(t, ['--nope', '--verbose'])).stderr, /\n\s+at /)
})

test('a wrong value names its source and fails with exit code 2, every problem at once', async (t) => {
  const cwd = await folderOf(t, {})
  const { exitCode, stderr } = await run(t, ['--port', '99999'], { cwd, env: { SERVE8008_LOG: 'loud' } })
  assert.equal(exitCode, 2)
  assert.match(stderr, /--port/)
  assert.match(stderr, /SERVE8008_LOG/)
  assert.match(stderr, /\nE8008_CONFIG_INVALID\n$/)
})

test('a folder that does not exist is an error with exit code 2', async (t) => {
  const cwd = await folderOf(t, {})
  const { exitCode, stderr } = await run(t, ['./nothing', '--port', '0'], { cwd })
  assert.equal(exitCode, 2)
  assert.match(stderr, /E8008_ROOT_NOT_FOUND/)
})

test('completion prints a script, and lists the shells without an argument', async (t) => {
  const bash = await run(t, ['completion', 'bash'])
  assert.equal(bash.exitCode, 0)
  assert.match(bash.stdout, /complete -o filenames -F _serve8008 serve8008/)
  const none = await run(t, ['completion'])
  assert.equal(none.exitCode, 2)
  assert.match(none.stderr, /serve8008 completion bash/)
})

test('check prints every setting with its origin: flags before environment before file before defaults', async (t) => {
  const cwd = await folderOf(t, {
    'serve8008.config.json': JSON.stringify({
      root: 'site',
      port: 1001,
      cors: true,
      base: '/x/',
      limits: { ranges: 5 },
    }),
    'site/index.html': 'x',
  })
  const env = { PORT: '1002', SERVE8008_BASE: '/y/', SERVE8008_CORS: 'false' }
  const { exitCode, stdout, stderr } = await run(t, ['check', '--json', '--base', '/z/'], { cwd, env })
  assert.equal(stderr, '')
  assert.equal(exitCode, 0)
  const { file, options } = JSON.parse(stdout) as {
    file: string
    options: Record<string, { value: unknown; origin: string } | undefined>
  }
  assert.equal(file, join(cwd, 'serve8008.config.json'))
  assert.deepEqual(options['base'], { value: '/z/', origin: 'flag --base' })
  assert.deepEqual(options['port'], { value: [1002], origin: 'env PORT' })
  assert.deepEqual(options['cors'], { value: null, origin: 'env SERVE8008_CORS' })
  assert.deepEqual(options['root'], { value: join(cwd, 'site'), origin: 'file serve8008.config.json' })
  assert.deepEqual(options['limits.ranges'], { value: 5, origin: 'file serve8008.config.json' })
  assert.deepEqual(options['listing'], { value: true, origin: 'default' })
})

test('check prints a table for people, without the password', async (t) => {
  const cwd = await folderOf(t, {})
  const { exitCode, stdout } = await run(t, ['check', '.', '--auth', 'me:hunter2', '--port', '3000'], { cwd })
  assert.equal(exitCode, 0)
  assert.match(stdout, /^port +3000 +flag --port$/m)
  assert.match(stdout, /^auth +me:… +flag --auth$/m)
  assert.match(stdout, /^listing +on +default$/m)
  assert.match(stdout, /\nThe configuration is valid \(no configuration file\)\.\n$/)
  assert.doesNotMatch(stdout, /hunter2/)
  assert.doesNotMatch((await run(t, ['check', '--json', '--auth', 'me:hunter2'], { cwd })).stdout, /hunter2/)
})

test('check fails like serving does', async (t) => {
  const cwd = await folderOf(t, { 'serve8008.config.json': '{ "prot": 3000 }' })
  const { exitCode, stderr } = await run(t, ['check'], { cwd })
  assert.equal(exitCode, 2)
  assert.match(stderr, /serve8008\.config\.json/)
  assert.match(stderr, /port/)
})

test('a missing page of a single-page app is a warning of check, no error', async (t) => {
  const cwd = await folderOf(t, {})
  const people = await run(t, ['check', '--single', 'app.html'], { cwd })
  assert.equal(people.exitCode, 0)
  assert.match(people.stderr, /^warning {2}There is no app\.html in the served folder.*\n +Build the app first/)
  assert.match(people.stdout, /The configuration is valid \(no configuration file\), with a warning\.\n$/)
  const program = await run(t, ['check', '--json', '--single', 'app.html'], { cwd })
  assert.equal(program.stderr, '')
  const { warnings } = JSON.parse(program.stdout) as { warnings: { code: string; command: unknown }[] }
  assert.deepEqual(
    warnings.map((warning) => [Object.keys(warning).join(' '), warning.code, warning.command]),
    [['code message hint command', 'W8008_SINGLE', null]],
  )
})

test('the last of two flags counts, and an invalid cache value is refused', async (t) => {
  const cwd = await folderOf(t, {})
  const words = ['check', '--json', '--port', '3000', '--port=4000', '--cache', '60', '--cache=1h']
  const { options } = JSON.parse((await run(t, words, { cwd })).stdout) as {
    options: Record<string, { value: unknown } | undefined>
  }
  assert.deepEqual([options['port']?.value, options['cache']?.value], [[4000], 'max-age=3600'])
  const { exitCode, stderr } = await run(t, ['check', '--cache=abc'], { cwd })
  assert.equal(exitCode, 2)
  assert.match(stderr, /^--cache: "abc" is not a Cache-Control directive\nE8008_CONFIG_INVALID {3}Use seconds, a time/)
})

test('no message and no hint repeats a password or a credential', async (t) => {
  const cwd = await folderOf(t, { 'site/index.html': 'x' })
  for (const args of [
    ['site', '--auth', 'ann:hunter2', '--prot', '1'],
    ['sit', '--auth=ann:hunter2'],
    ['site', '--auht', 'ann:hunter2'],
    ['site', '--authh=ann:hunter2'],
    ['site', '-auser:hunter2'],
    ['site', '--header', 'Authorization: Bearer hunter2', '--nope'],
    ['site', '--header', 'Authorization: hunter2\u0001'],
    ['check', 'site', '--header', 'Authorization: Bearer hunter2', '--auth', 'ann:hunter2'],
    ['check', 'site', '--header', 'Authorization: Bearer hunter2', '--json'],
  ]) {
    const { stdout, stderr } = await run(t, args, { cwd })
    const found = (stdout + stderr).split('\n').filter((line) => line.includes('hunter2'))
    assert.deepEqual(found, [], args.join(' '))
  }
})

test('check shows the options of a target, and warns that one is not verified', async (t) => {
  const words = ['check', '-x', '/api=https://localhost:9,changeOrigin,insecure,timeout=30s']
  const { exitCode, stdout, stderr } = await run(t, words)
  assert.equal(exitCode, 0)
  assert.match(stdout, /\/api -> https:\/\/localhost:9 \(changeOrigin, insecure, timeout=30s\) +flag --proxy/)
  assert.match(stderr, /The route \/api does not verify the certificates of its upstreams\./)
  const wrong = await run(t, ['check', '-x', '/api=https://localhost:9,insecur'])
  assert.equal(wrong.exitCode, 2)
  assert.match(wrong.stderr, /--proxy \/api: "insecur" is not an option of a target\n.*did you mean "insecure"\?/i)
})

test('explain shows the options of a target', async (t) => {
  const { stdout } = await run(t, ['explain', 'GET', '/api', '-x', '/api=https://localhost:9,changeOrigin,insecure'])
  assert.match(stdout, /Route +\/api {3}forwards to https:\/\/localhost:9 \(changeOrigin, insecure\)\n/)
  assert.match(stdout, /Host: localhost:9\n/)
})
