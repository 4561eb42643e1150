import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { usualLimits, type Limits } from '../../../../src/config/options/limits.ts'
import { createAuth, type AuthUsers } from '../../../../src/middleware/auth/auth.ts'
import { parseCredentials } from '../../../../src/middleware/auth/credentials.ts'
import { createGuesses } from '../../../../src/middleware/auth/guesses.ts'
import { matchesHash } from '../../../../src/middleware/auth/match-hash.ts'
import { createPasswordChecks } from '../../../../src/middleware/auth/password-checks.ts'
import { followPasswordFile } from '../../../../src/middleware/auth/password-file.ts'
import { isServeError, type ServeError } from '../../../../src/core/serve-error.ts'
import type { Exchange, Handler, Layer } from '../../../../src/http/message/exchange.ts'
import { createGate } from '../../../support/gate.ts'
import { syntheticExchange } from '../../../../src/http/synthetic-exchange.ts'
import { emptyReply } from '../../../../src/http/message/reply.ts'

/** The layer that asks for a password. */
function createLayer(users: AuthUsers, limits: Partial<Limits> = {}): Layer {
  const usersOf = (file: string): ReturnType<typeof followPasswordFile> => followPasswordFile(file)
  const admit = createAuth({ limits: { ...usualLimits, ...limits }, trust: [], usersOf, matches: matchesHash })
  const open = { allow: undefined, origin: undefined, passAuthorization: false }
  return admit({ ...open, users, route: undefined, realm: 'serve8008' }).admission
}

const inside = emptyReply(204)
const enter: Handler = () => inside

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
}

function exchange(authorization?: string, signal?: AbortSignal): Exchange {
  const headers = authorization === undefined ? [] : ['Authorization', authorization]
  return syntheticExchange({ method: 'GET', target: '/', headers, ...(signal && { signal }) })
}

async function ask(layer: Layer, authorization?: string, signal?: AbortSignal): Promise<string> {
  try {
    assert.equal(await layer(enter)(exchange(authorization, signal)), inside)
    return 'in'
  } catch (error) {
    assert.ok(isServeError(error), String(error))
    return error.code
  }
}

const pair = createLayer({ user: 'ann', password: 'p:ä' })

test('the right user and password pass synchronously, and the user is noted', () => {
  const x = exchange(basic('ann', 'p:ä'))
  assert.equal(pair(enter)(x), inside)
  assert.equal(x.notes.user, 'ann')
})

for (const [title, authorization] of [
  ['no field', undefined],
  ['an empty field', ''],
  ['a wrong password', basic('ann', 'p')],
  ['a wrong user', basic('bob', 'p:ä')],
  ['both wrong', basic('bob', 'x')],
  ['user and password exchanged', basic('p:ä', 'ann')],
  ['an empty password', basic('ann', '')],
  ['no colon', `Basic ${Buffer.from('annp').toString('base64')}`],
  ['the text itself', 'Basic ann:p'],
  ['another scheme', basic('ann', 'p:ä').replace('Basic', 'Bearer')],
  ['no scheme', basic('ann', 'p:ä').slice(6)],
  ['something behind', `${basic('ann', 'p:ä')} x`],
  ['two fields joined', `${basic('ann', 'p:ä')}, ${basic('ann', 'p:ä')}`],
  ['another encoding of the text', `Basic ${Buffer.from('ann:p:ä', 'latin1').toString('base64')}`],
  ['a control character', basic('ann', 'p:ä\0')],
] as const) {
  test(`${title}: 401 with a challenge`, () => {
    const x = exchange(authorization)
    assert.throws(
      () => pair(enter)(x),
      (error: ServeError) => {
        assert.equal(error.code, 'E8008_UNAUTHORIZED')
        assert.equal(error.status, 401)
        assert.deepEqual(error.headers, ['WWW-Authenticate', 'Basic realm="serve8008", charset="UTF-8"'])
        assert.ok(!`${error.message} ${error.hint ?? ''}`.includes('p:ä'))
        return true
      },
    )
    assert.equal(x.notes.user, undefined)
  })
}

test('the scheme is matched in any case and the password may have colons', () => {
  assert.deepEqual(parseCredentials('bASIC   YTpiOmM='), { user: 'a', password: 'b:c' })
  assert.deepEqual(parseCredentials('Basic Og=='), { user: '', password: '' })
})

const bcrypt = 'ann:$2b$04$Vtc40AHCStrj9ddZqRj0KutxR/zriS3Vx69sHCXz0iA3EiJwx/MiS'
const apr1 = 'bob:$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/'
const sha = 'cid:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ='

function passwordFile(t: TestContext, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'serve8008-'))
  t.after(() => rmSync(folder, { recursive: true }))
  const file = join(folder, 'users')
  writeFileSync(file, text)
  return file
}

test('only the users of a password file pass', async (t) => {
  const file = passwordFile(t, `\ufeff# users\r\n\r\n${bcrypt}\r\n${apr1}\n  ${sha}`)
  const layer = createLayer({ file })
  for (const user of ['ann', 'bob', 'cid']) {
    assert.equal(await ask(layer, basic(user, 'secret')), 'in')
    assert.equal(await ask(layer, basic(user, 'secret')), 'in', 'again')
    assert.equal(await ask(layer, basic(user, 'Secret')), 'E8008_UNAUTHORIZED')
  }
  for (const user of ['dan', '', '# users', '__proto__']) {
    assert.equal(await ask(layer, basic(user, 'secret')), 'E8008_UNAUTHORIZED')
  }
  assert.equal(await ask(layer), 'E8008_UNAUTHORIZED')
})

test('a verified user passes synchronously afterwards', async (t) => {
  const layer = createLayer({ file: passwordFile(t, bcrypt) })
  const first = layer(enter)(exchange(basic('ann', 'secret')))
  assert.ok(first instanceof Promise)
  await first
  const x = exchange(basic('ann', 'secret'))
  assert.equal(layer(enter)(x), inside)
  assert.equal(x.notes.user, 'ann')
})

test('requests that arrive together share one check, and none waits for a client that disconnected', async (t) => {
  const layer = createLayer({ file: passwordFile(t, bcrypt) })
  const gone = AbortSignal.abort()
  assert.deepEqual(await Promise.all([ask(layer, basic('ann', 'secret'), gone), ask(layer, basic('ann', 'secret'))]), [
    'in',
    'in',
  ])
  assert.equal(await ask(layer, basic('ann', 'wrong'), gone), 'E8008_UNAUTHORIZED')
  const alone = createLayer({ file: passwordFile(t, bcrypt) })
  assert.equal(await ask(alone, basic('ann', 'secret'), gone), 'E8008_UNAUTHORIZED', 'no client waits: not checked')
  assert.equal(await ask(alone, basic('ann', 'secret')), 'in')
})

test('a change of the file is seen by the next request', async (t) => {
  const file = passwordFile(t, `${bcrypt}\n${sha}`)
  const layer = createLayer({ file })
  assert.equal(await ask(layer, basic('ann', 'secret')), 'in')
  writeFileSync(file, sha)
  assert.equal(await ask(layer, basic('ann', 'secret')), 'E8008_UNAUTHORIZED')
  assert.equal(await ask(layer, basic('cid', 'secret')), 'in')
})

test('a change within one tick of the clock of the file system, of the same size, is seen', (t) => {
  const file = passwordFile(t, sha)
  const current = followPasswordFile(file)
  for (let i = 0; i < 200; i++) {
    const user = i % 2 === 0 ? 'dan' : 'eve'
    writeFileSync(file, sha.replace('cid', user))
    assert.deepEqual([...current().keys()], [user])
  }
})

test('a file with a new time and equal content causes no second check', async (t) => {
  const file = passwordFile(t, sha)
  const layer = createLayer({ file })
  await ask(layer, basic('cid', 'secret'))
  utimesSync(file, new Date(), new Date())
  assert.equal(layer(enter)(exchange(basic('cid', 'secret'))), inside)
})

describe('a password file that breaks while it is used', () => {
  const warnings: string[] = []
  const follow = (file: string): ReturnType<typeof followPasswordFile> =>
    followPasswordFile(file, ({ code, message }) => warnings.push(`${code} ${message.replaceAll(file, 'FILE')}`))
  /** The state of a file settles with its ctime, which no program sets: a look in the future sees a file at rest. */
  const later = (t: TestContext): void =>
    t.mock.method(
      Date,
      'now',
      (
        (now) => () =>
          now + 60_000
      )(Date.now()),
    ) as never

  test('keeps its last users, and warns once until it is valid again', (t) => {
    warnings.length = 0
    const file = passwordFile(t, sha)
    const current = follow(file)
    assert.deepEqual([...current().keys()], ['cid'])
    later(t)
    for (const round of [1, 2]) {
      writeFileSync(file, `${sha.replace('cid', 'new')}\nbroken`)
      for (let i = 0; i < 3; i++) assert.deepEqual([...current().keys()], ['cid'])
      assert.equal(warnings.length, round)
      writeFileSync(file, sha)
      assert.deepEqual([...current().keys()], ['cid'])
    }
    assert.equal(
      warnings[0],
      'W8008_AUTH_FILE The password file FILE cannot be used: line 2: expected USER:HASH. Its last users stay valid.',
    )
  })

  test('also when it is deleted, replaced by a folder or not readable', (t) => {
    warnings.length = 0
    const file = passwordFile(t, sha)
    const current = follow(file)
    current()
    unlinkSync(file)
    assert.deepEqual([...current().keys()], ['cid'])
    mkdirSync(file)
    later(t)
    assert.deepEqual([...current().keys()], ['cid'])
    rmSync(file, { recursive: true })
    writeFileSync(file, bcrypt)
    assert.deepEqual([...current().keys()], ['ann'])
    assert.deepEqual(warnings, [
      'W8008_AUTH_FILE The password file FILE does not exist. Its last users stay valid.',
      'W8008_AUTH_FILE The password file FILE is not a file. Its last users stay valid.',
    ])
  })

  test('does not warn while it is being written', (t) => {
    warnings.length = 0
    const file = passwordFile(t, sha)
    const current = follow(file)
    current()
    for (const half of ['', 'cid:{SH', '# users']) {
      writeFileSync(file, half)
      assert.deepEqual([...current().keys()], ['cid'])
    }
    writeFileSync(file, bcrypt)
    assert.deepEqual([...current().keys()], ['ann'])
    assert.deepEqual(warnings, [])
  })

  test('admits no user when it stays empty, and warns', (t) => {
    warnings.length = 0
    const file = passwordFile(t, sha)
    const current = follow(file)
    current()
    later(t)
    writeFileSync(file, '')
    for (let i = 0; i < 3; i++) assert.equal(current().size, 0)
    assert.deepEqual(warnings, ['W8008_AUTH_FILE The password file FILE has no users any more, so no user can log in.'])
  })
})

test('no user passes with an empty file', async (t) => {
  const layer = createLayer({ file: passwordFile(t, '# no users yet\n') })
  assert.equal(await ask(layer, basic('', '')), 'E8008_UNAUTHORIZED')
})

test('a file with invalid lines is an error with their numbers and without their content', (t) => {
  const lines = [sha, 'plain:hunter2', 'crypt:rqXexS6ZhobKA', '', 'no colon', ':{SHA}x', sha]
  const file = passwordFile(t, lines.join('\n'))
  assert.throws(
    () => followPasswordFile(file)(),
    (error: ServeError) => {
      assert.equal(error.code, 'E8008_AUTH_FILE')
      assert.equal(error.exitCode, 2)
      assert.deepEqual(
        error.problems.map((problem) => problem.split(':')[0]),
        ['line 2', 'line 3', 'line 5', 'line 6', 'line 7'],
      )
      assert.match(error.message, /line 2/)
      assert.match(error.hint ?? '', /htpasswd -B/)
      for (const secret of ['hunter2', 'rqXexS6ZhobKA', 'plain:', 'no colon']) {
        assert.ok(!JSON.stringify([error.message, error.hint, error.problems]).includes(secret))
      }
      return true
    },
  )
})

test('a missing file, or a folder, is an error', (t) => {
  const file = passwordFile(t, sha)
  const code = 'E8008_AUTH_FILE'
  assert.throws(() => followPasswordFile(`${file}.missing`)(), { code, hint: /^create it: htpasswd -cB \S+ USER$/ })
  assert.throws(() => followPasswordFile(join(file, '..'))(), { code, message: /is not a file/ })
})

test('an unknown user takes as long as a known one', async (t) => {
  const layer = createLayer({ file: passwordFile(t, bcrypt.replace('$04$', '$10$')) }, { passwordGuesses: 100 })
  let attempts = 0
  const time = async (user: string): Promise<number> => {
    const times: number[] = []
    for (let i = 0; i < 3; i++) {
      const start = performance.now()
      assert.equal(await ask(layer, basic(user, `wrong ${attempts++}`)), 'E8008_UNAUTHORIZED')
      times.push(performance.now() - start)
    }
    return Math.min(...times)
  }
  await time('ann')
  const known = await time('ann')
  const unknown = await time('unknown')
  // If one of them skipped the check, the ratio would be a hundred.
  assert.ok(unknown > known / 5 && known > unknown / 5, `known ${known} ms, unknown ${unknown} ms`)
})

/** The password of Ann is `secret`. A check at cost 12 takes most of a second. */
const slow = bcrypt.replace('$04$', '$12$')

test('guesses that arrive together are counted before the first is checked', async () => {
  const gate = createGate()
  let checked = 0
  const users = {
    state: () => 1,
    has: () => true,
    matches: async (): Promise<boolean> => {
      checked++
      await gate.opened
      return false
    },
  }
  const check = createPasswordChecks(users, createGuesses({ ...usualLimits, passwordGuesses: 3 }))
  const { signal } = new AbortController()
  const answers = Array.from({ length: 20 }, (_, i) => {
    const guess = async (): Promise<boolean> => check({ user: 'ann', password: `${i}` }, '', signal)
    return guess().catch((error: ServeError) => error.code)
  })
  gate.open()
  const all = await Promise.all(answers)
  assert.equal(checked, 3)
  assert.deepEqual(
    all.map((answer) => answer === false),
    all.map((_, i) => i < 3),
  )
  assert.equal(all[3], 'E8008_GUESSES')
})

test('a check that fails counts as no guess', async () => {
  const users = {
    state: () => 1,
    has: () => true,
    matches: (): Promise<boolean> => Promise.reject(new Error('no thread')),
  }
  const check = createPasswordChecks(users, createGuesses({ ...usualLimits, passwordGuesses: 1 }))
  const ann = { user: 'ann', password: 'secret' }
  const { signal } = new AbortController()
  for (let i = 0; i < 3; i++) await assert.rejects(async () => check(ann, '', signal), /no thread/)
  users.matches = () => Promise.resolve(true)
  assert.equal(await check(ann, '', signal), true)
})

test('a flood of wrong passwords is rejected beyond a few, and delays no verified user', async (t) => {
  const layer = createLayer(
    { file: passwordFile(t, `${slow}\n${sha}`) },
    { passwordGuesses: 1000, clientGuesses: 1000 },
  )
  assert.equal(await ask(layer, basic('cid', 'secret')), 'in')
  const leave = new AbortController()
  const answers: Promise<string>[] = []
  let refused = 0
  for (let i = 0; i < 500; i++) {
    try {
      answers.push(
        Promise.resolve(layer(enter)(exchange(basic('ann', `wrong ${i}`), leave.signal))).then(String, String),
      )
    } catch (error) {
      assert.ok(isServeError(error))
      assert.equal(error.code, 'E8008_BUSY')
      assert.equal(error.headers[error.headers.indexOf('Retry-After') + 1], '1')
      refused++
    }
  }
  assert.equal(refused, 500 - 8)
  assert.equal(layer(enter)(exchange(basic('cid', 'secret'))), inside, 'at once')
  leave.abort()
  await Promise.all(answers)
  assert.equal(await ask(layer, basic('cid', 'secret')), 'in')
  assert.equal(await ask(layer, basic('dan', 'secret'), leave.signal), 'E8008_UNAUTHORIZED', 'there is room again')
})
