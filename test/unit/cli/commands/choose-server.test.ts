import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { chooseServer } from '../../../../src/cli/commands/choose-server.ts'
import type { RunningServer } from '../../../../src/control/server-registry.ts'
import type { ServeError } from '../../../../src/core/serve-error.ts'
import { TempFolder } from '../../../support/server.ts'

const [mine, other] = [resolve('/home/ann/mine'), resolve('/home/ann/other')]

function at(port: number, folder: string): RunningServer {
  const url = `http://localhost:${port}/`
  return {
    pid: port,
    url,
    port,
    tlsPort: port + 1000,
    root: folder,
    cwd: folder,
    reload: '/__serve8008/reload',
    token: 't',
    settings: '',
    script: 's',
  }
}

/** The program in a folder, as it was started. */
function from(cwd: string, ...argv: string[]): { argv: string[]; cwd: string } {
  return { argv, cwd }
}

function hintOf(choose: () => unknown): string | undefined {
  let hint: string | undefined
  assert.throws(choose, (error: ServeError) => {
    hint = error.hint
    return error.code === 'E8008_NOT_RUNNING'
  })
  return hint
}

test('stop and reload refuse to choose among several servers: the hint says PORT', () => {
  const servers = [at(8008, mine), at(3000, mine), at(3001, other)]
  assert.equal(
    hintOf(() => chooseServer(servers, undefined, from(mine, 'stop'), 'stop')),
    'serve8008 stop --port PORT',
  )
  assert.equal(
    hintOf(() => chooseServer(servers, undefined, from(mine, 'reload'), 'reload')),
    'serve8008 reload --port PORT',
  )
  assert.equal(chooseServer(servers, undefined, from(other, 'stop'), 'stop'), servers[2])
  assert.equal(chooseServer(servers, ['3000'], from(other, 'stop'), 'stop'), servers[1])
})

test('reload says whether several servers are of this folder, and its hint keeps what was typed', () => {
  const choose = (cwd: string) => () =>
    chooseServer([at(8008, mine), at(3000, mine)], undefined, from(cwd, 'reload', 'a.css', '--json'), 'reload')
  const hint = 'serve8008 reload a.css --json --port PORT'
  assert.throws(choose(mine), { message: /^Several servers of this folder are running: /, hint })
  assert.throws(choose(other), { message: /^Several servers are running, and none of them serves this folder: /, hint })
})

test('stop finds the server of a folder that was named by a symbolic link', async () => {
  using folder = await new TempFolder().write({ 'site/a/b.txt': '' })
  const [site, link] = [join(folder.path, 'site'), join(folder.path, 'link')]
  symlinkSync(site, link, 'dir')
  const servers = [at(8008, link)]
  for (const cwd of [site, link, join(site, 'a')]) {
    assert.equal(chooseServer(servers, undefined, from(cwd, 'stop'), 'stop'), servers[0], cwd)
  }
  assert.throws(() => chooseServer(servers, undefined, from(folder.path, 'stop'), 'stop'))
})

test('an invalid port is E8008_USAGE', () => {
  for (const port of ['x', '', '80a', '-1']) {
    assert.throws(
      () => chooseServer([at(8008, mine)], [port], from(mine, 'stop'), 'stop'),
      (error: ServeError) => error.code === 'E8008_USAGE' && error.message === `--port: "${port}" is not a port.`,
    )
  }
})

test('the only server is reloaded from anywhere, and stopped from its folder or by its port', () => {
  const servers = [at(3001, other)]
  assert.equal(chooseServer(servers, undefined, from(mine, 'reload'), 'reload'), servers[0])
  assert.equal(chooseServer(servers, ['3001'], from(mine, 'stop'), 'stop'), servers[0])
  // The port for HTTPS is the one in the address where plain HTTP only redirects.
  assert.equal(chooseServer(servers, ['4001'], from(mine, 'stop'), 'stop'), servers[0])
  assert.equal(
    hintOf(() => chooseServer(servers, undefined, from(mine, 'stop'), 'stop')),
    'serve8008 stop --port 3001',
  )
})

test('a port of any listener names its server', () => {
  const servers = [{ ...at(8008, mine), urls: ['http://localhost:8008/', 'https://localhost:8448/'] }, at(591, other)]
  assert.equal(chooseServer(servers, ['8448'], from('/'), 'stop').port, 8008)
  assert.equal(chooseServer(servers, ['1591'], from('/'), 'stop').port, 591)
  assert.throws(() => chooseServer(servers, ['8449'], from('/'), 'stop'), { code: 'E8008_NOT_RUNNING' })
})

test('a server without a folder is chosen by where it was started', () => {
  const servers = [{ ...at(8008, ''), cwd: mine }, at(591, other)]
  assert.equal(chooseServer(servers, undefined, from(mine), 'stop').port, 8008)
  assert.equal(chooseServer(servers, undefined, from(other), 'stop').port, 591)
})
