import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import {
  ofServer,
  oneText,
  option,
  plain,
  toggle,
  type GivenBy,
  type OfServer,
  type Option,
  type Toggle,
} from '../../../../src/config/options/option.ts'
import { pageOptions } from '../../../../src/config/options/pages.ts'
import type { OfSite, SiteGroupOptions } from '../../../../src/config/options/site-groups.ts'
import type { SiteOptions } from '../../../../src/index.ts'

// own process: it adds options to the definitions, which the tests of other files must not see

// The one edit of someone who adds options. Everything else is imported below it, since the table is built on import.
Object.assign(pageOptions, {
  trackers: plain({
    ...toggle,
    default: true,
    description: 'Let pages count their visitors.',
    overview: 'let pages count',
    makesSite: true,
    takesEdits: true,
    isOfStart: true,
    foreignFlags: [[['--no-beacons'], '--no-trackers']],
    foreignKeys: [[['beaconUrl'], 'did you mean "trackers"? It is on']],
    correct: (value) => (value === 'index' ? 'did you mean true?' : undefined),
  }),
  badge: option({
    ...oneText,
    valueName: 'TEXT',
    mask: 'BADGE',
    default: 'none',
    description: 'Badge of the visitor.',
    accepts: 'a text in lower case',
    excludes: ['auth'],
    resolve(badge, { problems }) {
      if (/[A-Z]/.test(badge)) problems.push({ path: ['badge'], message: 'it has a capital', hint: 'use lower case' })
      return `<${badge}>`
    },
    redact: () => '…',
  }),
  greeting: ofServer(plain({ ...toggle, default: false, holdsFields: true, description: 'Greet every client.' })),
})

const { runHere, serveHere } = await import('../../../cli/here.ts')
const { folderOf } = await import('../../../cli/command.ts')
const { serverStart, settingsHash } = await import('../../../../src/cli/server-settings.ts')
const { tables } = await import('../../../../scripts/docs.ts')
const { readCommand } = await import('../../../../src/cli/read-command.ts')
const { flags } = await import('../../../../src/cli/args/flags.ts')
const { renderCompletion } = await import('../../../../src/cli/commands/completion.ts')
const { loadCommands } = await import('../../../../src/cli/commands/registry.ts')
const { settingsOf } = await import('../../../../src/cli/commands/settings.ts')
const { renderHelp } = await import('../../../../src/cli/commands/help.ts')
const { loadConfig } = await import('../../../../src/config/load.ts')
const { defaults } = await import('../../../../src/config/options/option-table.ts')
const { publicConfig } = await import('../../../../src/config/public-config.ts')
const { jsonSchema } = await import('../../../../src/config/validate/json-schema.ts')
const { problemOf } = await import('../problems-of.ts')
const { resolveConfig } = await import('../../../../src/config/resolve/resolve.ts')

const commands = await loadCommands()

type New = Readonly<Record<'trackers' | 'badge' | 'greeting', unknown>>

const read = (...argv: string[]): ReturnType<typeof readCommand> => readCommand(argv, () => false)
const page = (word: string): string =>
  renderHelp(word, '0.1.0', { isTerminal: false, color: false, columns: 80 }, commands)

describe('an option that was added in one place', () => {
  test('has flags', async () => {
    assert.deepEqual((await read('--no-trackers', '--badge', 'x')).flags, { trackers: false, badge: ['x'] })
    assert.equal(flags.find(({ key }) => key === 'trackers')?.canBeOff, true)
    await assert.rejects(read('--tracker'), { hint: 'serve8008 --trackers' })
    await assert.rejects(read('--no-beacons'), { hint: 'serve8008 --no-trackers' })
  })

  test('is completed', () => assert.match(renderCompletion('bash', flags, commands), /--trackers/))

  test('has a variable, and is read from sources by their strength', async () => {
    const env = { SERVE8008_TRACKERS: 'off', SERVE8008_BADGE: 'y' }
    const { config, origins } = await loadConfig({ cwd: '/', config: false, env, flags: { badge: 'x' } as never })
    assert.deepEqual([(config as unknown as New).trackers, (config as unknown as New).badge], [false, '<x>'])
    assert.deepEqual([origins['trackers'], origins['badge']], ['env SERVE8008_TRACKERS', 'flag --badge'])
  })

  test('overrides what it excludes, and is overridden', async () => {
    const load = { cwd: '/', config: false } as const
    const env = { SERVE8008_AUTH: 'a:b' }
    const { config } = await loadConfig({ ...load, env, flags: { badge: 'x' } as never })
    assert.equal(config.auth, undefined)
    const other = await loadConfig({ ...load, env: { SERVE8008_BADGE: 'x' }, flags: { auth: 'a:b' } })
    assert.equal((other.config as unknown as New).badge, '<none>')
  })

  test('is on help pages', () => {
    assert.match(page('trackers'), /--\[no-\]trackers +Let pages count their visitors\. Default on\./)
    assert.match(page('trackers'), /SERVE8008_TRACKERS/)
    assert.match(page('pages'), /--badge TEXT +Badge of the visitor\. Default none\./)
    assert.match(page('help'), /^ {6}--\[no-\]trackers +let pages count$/m)
    assert.doesNotMatch(page('help'), /badge/)
  })

  test('is in the JSON Schema', () => {
    const { properties } = jsonSchema() as { properties: Readonly<Record<string, unknown>> }
    const description = 'Let pages count their visitors. Accepts true or false.'
    assert.deepEqual(properties['trackers'], { description, type: 'boolean', default: true })
  })

  test('is validated', () => {
    assert.equal(problemOf({ trackers: 1 }), 'trackers: expected true or false, got 1; serve8008 help trackers')
    assert.equal(problemOf({ trackers: 'index' }), 'trackers: expected true or false, got "index"; did you mean true?')
    assert.equal(problemOf({ tracker: true }), 'tracker: unknown option; did you mean "trackers"?')
    assert.equal(problemOf({ beaconUrl: 1 }), 'beaconUrl: unknown option; did you mean "trackers"? It is on')
    assert.equal(problemOf({ badge: 5 }), 'badge: expected a string; use a text in lower case')
  })

  test('is resolved, with its default', () => {
    const config = resolveConfig({}) as unknown as New
    assert.deepEqual([config.trackers, config.badge], [true, '<none>'])
    assert.equal((defaults as unknown as New).trackers, true)
    assert.equal(problemOf({ badge: 'X' }), 'badge: it has a capital; use lower case')
  })

  test('is a setting, and shows no secret', async () => {
    const loaded = await loadConfig({ cwd: '/', config: false, flags: { badge: 'x', trackers: false } as never })
    const shown = settingsOf(loaded).filter(({ key }) => key === ('trackers' as never) || key === ('badge' as never))
    assert.deepEqual(shown, [
      { key: 'trackers', value: false, origin: 'flag --trackers' },
      { key: 'badge', value: '…', origin: 'flag --badge' },
    ])
    assert.equal((publicConfig(loaded.config) as unknown as New).badge, '…')
    await assert.rejects(read('--badge', 'hunter', '--prot'), { hint: 'serve8008 --badge BADGE --port' })
  })

  test('is in the banner, checked and explained', async (t) => {
    const cwd = await folderOf(t, { 'index.html': 'x' })
    const checked = await runHere(t, ['check', '--no-trackers', '--badge', 'secret'], { cwd })
    assert.match(checked.stdout, /^trackers +off +flag --trackers$/m)
    assert.match(checked.stdout, /^badge +… +flag --badge$/m)
    const explained = await runHere(t, ['explain', '/', '--no-trackers'], { cwd })
    assert.match(explained.stdout, /Read +--trackers$/m)
    const server = await serveHere(t, ['--verbose', '--no-trackers'], { cwd })
    await server.stdout(/^Set by: .*trackers: flag --trackers/m)
  })

  test('belongs to a site, unless it belongs to the server', () => {
    const sites = (...given: object[]): object => ({ sites: given })
    const { sites: resolved } = resolveConfig({
      ...sites({ host: 'a.localhost', trackers: false }),
      greeting: true,
    } as never)
    const config = resolved[0]?.config as unknown as New | undefined
    assert.deepEqual([config?.trackers, config?.greeting], [false, true])
    assert.equal(
      problemOf(sites({ host: 'a.localhost', greeting: true }) as never),
      'sites.0.greeting: it belongs to the server, not to a site; write it beside "sites"',
    )
    const { properties } = jsonSchema() as { properties: { sites: { items: { properties: object } } } }
    const keys = Object.keys(properties.sites.items.properties)
    assert.deepEqual([keys.includes('trackers'), keys.includes('greeting')], [true, false])

    type Group = { readonly trackers: Toggle; readonly greeting: OfServer<Toggle> }
    const own: GivenBy<OfSite<Group>> = { trackers: false }
    // @ts-expect-error: the server has it as a whole
    const other: GivenBy<OfSite<Group>> = { greeting: true }
    const isWhole: [Exclude<keyof OfSite<SiteGroupOptions>, keyof SiteOptions>] extends [never] ? true : false = true
    assert.ok(own && other && isWhole)
  })

  test('says what follows from it', () => {
    const site = { sites: [{ host: 'a.localhost' }] }
    assert.equal(resolveConfig(site).defaultSite, false)
    assert.equal(resolveConfig({ ...site, trackers: true } as never).defaultSite, true)
    assert.equal(resolveConfig({ ...site, badge: 'x' } as never).defaultSite, false)
    const flagsOf = (given: object): { flags: never; config: undefined } => ({
      flags: given as never,
      config: undefined,
    })
    assert.deepEqual(serverStart(flagsOf({ badge: 'token', greeting: true, trackers: false }) as never, {}).hidden, [
      'badge',
      'greeting',
    ])
    const hash = (given: object, env = {}): string => settingsHash(undefined, flagsOf(given), env)
    assert.equal(hash({ trackers: false }, { SERVE8008_TRACKERS: 'on' }), hash({}))
    assert.notEqual(hash({ greeting: true }), hash({}))
  })

  test('needs a restart when an edit changes it, unless it takes edits', async (t) => {
    const text = (isOn: boolean): string => JSON.stringify({ trackers: isOn, greeting: isOn })
    const cwd = await folderOf(t, { 'serve8008.config.json': text(false) })
    const server = await serveHere(t, [], { cwd })
    await writeFile(join(cwd, 'serve8008.config.json'), text(true))
    await server.stderr(/ need a restart of serve8008: greeting becomes on \(now off\)\.$/m)
  })

  test('is in the tables of the reference', () => {
    const row = (path: string, name: string): string => tables[path]?.[name]?.() ?? ''
    assert.match(
      row('docs/reference/command-line.md', 'options'),
      /^\| `--trackers`, `--no-trackers` \| Let pages .*\| on \|$/m,
    )
    assert.match(
      row('docs/reference/config-file.md', 'keys'),
      /^\| `trackers` \| true or false \| `--trackers` \| on \|$/m,
    )
    assert.match(row('docs/reference/environment.md', 'variables'), /^\| `SERVE8008_BADGE` \| `badge` \|$/m)
  })

  test('has the type of its schema', () => {
    const definition = { ...toggle, default: true, description: 'A switch.' }
    const right: () => Option<boolean> = () => plain(definition)
    // @ts-expect-error: the schema refuses a string
    const wider: () => Option<boolean | string> = () => plain(definition)
    // @ts-expect-error: the schema accepts false
    const narrower: () => Option<true> = () => plain(definition)
    // @ts-expect-error: resolving returns a string
    const other: () => Option<boolean, number> = () => option({ ...definition, resolve: String })
    for (const define of [right, wider, narrower, other]) assert.equal(define().default, true)
  })
})
