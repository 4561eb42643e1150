import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { chmodSync } from 'node:fs'
import { describe, test } from 'node:test'
import { createServer, type ServeOptions } from '../../src/index.ts'
import { freePort } from '../support/free-port.ts'
import { rawGet, rawRequest, type RawReply } from '../support/raw.ts'
import { startServer, TempFolder } from '../support/server.ts'
import { missing, Program } from './program.ts'

const skip = missing('htpasswd')
const password = 'sécret pass:word'

function htpasswd(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('htpasswd', args, { encoding: 'utf8' })
  assert.equal(status, 0, stderr)
}

function ask(port: number, user: string, given: string, path = '/'): Promise<RawReply> {
  return rawGet(port, path, [`Authorization: Basic ${Buffer.from(`${user}:${given}`).toString('base64')}`])
}

describe('files of htpasswd', { skip }, () => {
  for (const [title, ...flags] of [
    ['bcrypt', '-B'],
    ['bcrypt with a cost', '-B', '-C', '7'],
    ['apr1', '-m'],
    ['SHA-1', '-s'],
    ['SHA-256', '-2'],
    ['SHA-512', '-5'],
    ['SHA-512 with rounds', '-5', '-r', '1000'],
  ] as const) {
    test(`with ${title} let the right passwords in, refuse the wrong ones and throttle them`, async () => {
      using folder = await new TempFolder().write({})
      const file = folder.join('users')
      htpasswd('-cb', ...flags, file, 'ann', password)
      htpasswd('-b', ...flags, file, 'bob', 'other')
      await using started = await startServer(
        { 'index.html': 'in' },
        { authFile: file, limits: { passwordGuesses: 3 } },
      )
      const { port } = started
      assert.equal((await ask(port, 'ann', password)).status, 200)
      assert.equal((await ask(port, 'bob', 'other')).status, 200)
      for (const wrong of ['', password.slice(1), 'other']) assert.equal((await ask(port, 'ann', wrong)).status, 401)
      for (const given of ['fourth', password]) {
        const stopped = await ask(port, 'ann', given)
        assert.equal(stopped.status, 429)
        assert.notEqual(stopped.field('retry-after'), '')
      }
      assert.equal((await ask(port, 'bob', 'other')).status, 200)
    })
  }

  for (const [flag, why] of [
    ['-d', 'crypt (htpasswd -d) is not supported'],
    ['-p', 'plain text and this form are not supported'],
  ] as const) {
    test(`with ${flag} are refused at the start, with what to write`, async () => {
      using folder = await new TempFolder().write({})
      const file = folder.join('users')
      htpasswd('-cb', flag, file, 'ann', 'secret')
      assert.throws(() => createServer({ root: folder.path, authFile: file }), {
        code: 'E8008_AUTH_FILE',
        message: new RegExp(`line 1: ${why.replaceAll(/[()]/g, '\\$&')}.*use bcrypt \\(htpasswd -B\\)`),
        hint: `Write each user with bcrypt: htpasswd -B ${file} USER`,
      })
    })
  }

  test('that htpasswd changes while they are used are followed', async () => {
    using folder = await new TempFolder().write({})
    const file = folder.join('users')
    htpasswd('-cbB', file, 'ann', 'secret')
    await using started = await startServer({ 'index.html': 'in' }, { authFile: file })
    const { port } = started
    const warnings: unknown[] = []
    started.server.on('warning', (warning) => void warnings.push(warning))
    assert.equal((await ask(port, 'ann', 'secret')).status, 200)
    htpasswd('-bB', file, 'bob', 'secret')
    assert.equal((await ask(port, 'bob', 'secret')).status, 200)
    htpasswd('-bB', file, 'ann', 'changed')
    assert.equal((await ask(port, 'ann', 'secret')).status, 401)
    assert.equal((await ask(port, 'ann', 'changed')).status, 200)
    htpasswd('-D', file, 'bob')
    assert.equal((await ask(port, 'bob', 'secret')).status, 401)
    assert.deepEqual(warnings, [])
  })
})

describe('the preset admin', { skip: missing('htpasswd', 'apache2') }, () => {
  /** Apache with a status page that has the users of a file, and an echo of POST that is open. */
  async function startApache(folder: TempFolder, users: string): Promise<{ apache: Program; port: number }> {
    const port = await freePort()
    const modules = [
      'mpm_event',
      'authn_core',
      'authn_file',
      'authz_core',
      'authz_user',
      'auth_basic',
      'status',
      'cgid',
    ]
    await folder.write({
      'apache.conf': [
        ...modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
        'LoadModule alias_module /usr/lib/apache2/modules/mod_alias.so',
        `ServerName localhost:${port}\nListen 127.0.0.1:${port}\nScriptSock ${folder.join('cgi.sock')}`,
        `PidFile ${folder.join('apache.pid')}\nErrorLog ${folder.join('error.log')}\nDocumentRoot ${folder.path}`,
        `ScriptAlias /count ${folder.join('count')}\nUser #65534\nGroup #65534`,
        `<Location /server-status>\nSetHandler server-status\nAuthType Basic\nAuthName "admin"`,
        `AuthUserFile ${users}\nRequire valid-user\n</Location>\n`,
      ].join('\n'),
      count: '#!/bin/sh\necho "Content-Type: text/plain"\necho\nwc -c\n',
    })
    chmodSync(folder.path, 0o777)
    chmodSync(folder.join('count'), 0o755)
    const command = ['apache2', '-X', '-d', folder.path, '-f', folder.join('apache.conf')]
    return { apache: await Program.start(command, port), port }
  }

  test('asks for the password once, passes it and large content on, and lets nothing be kept', async () => {
    using folder = new TempFolder()
    const users = folder.join('.htpasswd')
    htpasswd('-cbB', users, 'ann', 'secret')
    chmodSync(users, 0o644)
    const { apache, port: behind } = await startApache(folder, users)
    await using _apache = apache
    const options: ServeOptions = { preset: 'admin', upstream: behind, authFile: users }
    await using started = await startServer({}, { ...options, root: false })
    const { port } = started

    const refused = await rawGet(port, '/server-status?auto')
    assert.equal(refused.status, 401)
    assert.equal(refused.field('www-authenticate'), 'Basic realm="serve8008", charset="UTF-8"')
    const status = await ask(port, 'ann', 'secret', '/server-status?auto')
    assert.equal(status.status, 200)
    assert.match(status.body.toString(), /^ServerVersion: Apache/m)
    assert.equal(status.field('cache-control'), 'no-store')
    assert.equal((await ask(port, 'ann', 'wrong', '/server-status?auto')).status, 401)

    const authorization = `Basic ${Buffer.from('ann:secret').toString('base64')}`
    const size = 20_000_000
    const counted = await fetch(`http://localhost:${port}/count`, {
      method: 'POST',
      headers: { authorization },
      body: new Uint8Array(size),
    })
    assert.equal((await counted.text()).trim(), String(size))

    const foreign = [`POST /count HTTP/1.1`, started.hostLine, `Authorization: ${authorization}`, 'Content-Length: 0']
    const head = [...foreign, 'Origin: https://evil.example', '', ''].join('\r\n')
    assert.equal((await rawRequest(port, head, 'POST')).status, 403)

    await using hidden = await startServer({}, { ...options, root: false, passAuthorization: false })
    assert.equal((await ask(hidden.port, 'ann', 'secret', '/server-status?auto')).status, 401, 'of Apache')
  })
})

test('the preset admin listens on every address only where it is told to', () => {
  const options: ServeOptions = { preset: 'admin', upstream: 3000 }
  for (const more of [{ host: '0.0.0.0' }, { host: '::' }, { host: '::ffff:0.0.0.0' }, { lan: true }]) {
    assert.throws(() => createServer({ ...options, ...more, auth: 'ann:secret' }), {
      message: /the option wildcard forbids listening on every address/,
      hint: 'use the host of one address, or add --wildcard',
    })
    assert.ok(createServer({ ...options, ...more, auth: 'ann:secret', wildcard: true }))
  }
})
