// slow: looks at every port and process of the machine
import assert from 'node:assert/strict'
import { existsSync, readdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { examine } from '../../src/cli/doctor/doctor.ts'
import { createReporter } from '../../src/cli/output/reporter.ts'
import type { Output, Program } from '../../src/cli/process-io.ts'
import { freePort } from '../support/free-port.ts'
import { folderOf, registered, serve, start } from './command.ts'
import { runHere } from './here.ts'

const without6 =
  process.platform === 'linux' && existsSync('/proc/net/if_inet6')
    ? false
    : 'needs IPv6, and a system that shows processes'

interface Report {
  readonly checks: readonly {
    readonly name: string
    readonly seen: string
    readonly findings: readonly {
      readonly code: string
      readonly severity: string
      readonly fix: string
      readonly why: string
    }[]
  }[]
}

test('doctor has a line for each check, exits with 1 for a warning, and changes nothing', async (t) => {
  const runtime = await folderOf(t, {})
  const home = await folderOf(t, {})
  const cwd = await folderOf(t, { 'serve8008.config.json': '{ "port": 0 }' })
  const env = { XDG_RUNTIME_DIR: runtime, XDG_DATA_HOME: home }
  const { exitCode, stdout, stderr } = await runHere(t, ['doctor', '--json'], { cwd, env })
  assert.equal(stderr, '')
  const { checks } = JSON.parse(stdout) as Report
  assert.deepEqual(
    checks.map(({ name }) => name),
    [
      'node',
      'serve8008',
      'config',
      'ports',
      'loopback',
      'names',
      'proxies',
      'watching',
      'files',
      'temporary',
      'registry',
      'authority',
      'certificates',
      'environment',
      'clock',
      'surroundings',
    ],
  )
  const findings = checks.flatMap((check) => check.findings)
  assert.equal(exitCode, findings.some(({ severity }) => severity !== 'note') ? 1 : 0)
  for (const { code, fix } of findings) assert.ok(fix !== '' && /^[DEW]8008_/.test(code), code)
  assert.deepEqual([readdirSync(runtime), readdirSync(home), readdirSync(cwd)], [[], [], ['serve8008.config.json']])

  const proxied = await runHere(t, ['doctor'], { cwd, env: { ...env, http_proxy: 'http://127.0.0.1:9' } })
  assert.equal(proxied.exitCode, 1)
  assert.match(
    proxied.stdout,
    /^ {2}warn {2}proxies .*http_proxy=http:\/\/127\.0\.0\.1:9\n(?: .*\n){3} +export NO_PROXY=/m,
  )
  assert.match(proxied.stdout, /\n\d+ of 16 checks found something to fix\.\n$/)
})

/** The checks without their limit of a second, which a busy machine exceeds. */
async function examined(t: TestContext, cwd: string, env: Readonly<Record<string, string>>): Promise<Report['checks']> {
  const silent: Output = { write: (_text, done) => done?.(), on() {} }
  const program: Program = {
    argv: ['doctor'],
    env,
    cwd,
    pid: process.pid,
    stdout: silent,
    stderr: silent,
    elapsed: () => performance.now(),
    on() {},
    exit: () => t.diagnostic('exit'),
  }
  const report = createReporter(program, { quiet: false, verbose: false, json: false, suggestFix: () => undefined })
  return examine(program, report, 120_000)
}

test('doctor finds a port that is one program over IPv4 and another over IPv6', { skip: without6 }, async (t) => {
  const first = createServer().listen(await freePort(), '127.0.0.1')
  t.after(() => first.close())
  await once(first, 'listening')
  const { port } = first.address() as { port: number }
  const code = `require('net').createServer().listen(${port}, '::1', () => console.log('listens'))`
  const { child, stdout } = start(t, [], { words: [process.execPath, '-e', code] })
  await stdout(/listens/)
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}), XDG_DATA_HOME: await folderOf(t, {}) }
  const cwd = await folderOf(t, { 'serve8008.config.json': JSON.stringify({ port: [port, await freePort()] }) })
  const ports = (await examined(t, cwd, env)).find(({ name }) => name === 'ports')
  const finding = ports?.findings.find((each) => each.code === 'D8008_TWO_OWNERS')
  assert.match(finding?.why ?? '', new RegExp(`^localhost:${port} is two programs: .* on \\S+, .* on \\S+\\.$`))
  assert.match(finding?.why ?? '', new RegExp(`node \\(pid ${process.pid}\\b.*\\) on 127\\.0\\.0\\.1[,.]`))
  assert.match(finding?.why ?? '', new RegExp(`node \\(pid ${child.pid}\\) on ::1[,.]`))
  // The fix ends one of them.
  const fixes = [process.pid, child.pid].map((pid) => `serve8008 free ${port} --pid ${pid}`)
  assert.ok(fixes.includes(finding?.fix ?? ''), finding?.fix)
})

test('doctor reports a broken configuration once, and its own server on a port', async (t) => {
  const env = { XDG_RUNTIME_DIR: await folderOf(t, {}), XDG_DATA_HOME: await folderOf(t, {}) }
  const broken = await folderOf(t, { 'serve8008.config.json': '{ "prot": 1 }' })
  const bad = await examined(t, broken, env)
  assert.deepEqual(
    bad.filter(({ findings }) => findings.some(({ code }) => code.startsWith('E8008_'))).map(({ name }) => name),
    ['config'],
  )
  assert.deepEqual(
    bad.flatMap(({ findings }) => findings.filter(({ code }) => /SLOW|FAILED/.test(code))),
    [],
  )

  const holder = createServer().listen(0, '127.0.0.1')
  t.after(() => holder.close())
  await once(holder, 'listening')
  const { port: held } = holder.address() as { port: number }
  const site = await folderOf(t, {})
  const { port, child } = await serve(t, [], { cwd: site, env })
  await registered(env)
  const cwd = await folderOf(t, { 'serve8008.config.json': JSON.stringify({ port: [held, port] }) })
  const checks = await examined(t, cwd, env)
  const seen = (check: string): string => checks.find(({ name }) => name === check)?.seen ?? ''
  assert.equal(seen('config'), `${join(cwd, 'serve8008.config.json')} is valid`)
  assert.ok(seen('ports').includes(`${held} is in use by`), seen('ports'))
  assert.ok(seen('ports').endsWith(`${port} is serve8008 (pid ${child.pid})`), seen('ports'))
})
