import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'valibot'
import { renderScan, type ScanView } from '../../../../src/cli/commands/scan-table.ts'
import { scanFacts } from '../../../../src/cli/commands/scan-facts.ts'
import { scanJsonSchema, scanSchema } from '../../../../src/cli/commands/scan-schema.ts'
import { homeFolder } from '../../../../src/core/util/home.ts'
import { textWidth } from '../../../../src/core/util/text-width.ts'
import type { Finding, ProcessInfo, ScannedPort, ScanResult } from '../../../../src/scan/scan.ts'

const now = Date.parse('2026-01-02T12:00:00Z')
const view: ScanView = { isWhole: false, verbose: false, now }
const terminal = { isTerminal: true, color: false, columns: 80 }

function processOf(facts: Partial<ProcessInfo> = {}): ProcessInfo {
  return {
    pid: 4242,
    ppid: 1,
    parents: [],
    user: 'ada',
    uid: 1000,
    program: 'node',
    command: 'vite',
    cwd: '/srv/shop',
    project: undefined,
    unit: undefined,
    container: undefined,
    supervisor: undefined,
    startedAt: new Date(now - 12 * 60_000),
    stopped: false,
    role: undefined,
    ...facts,
  }
}

type Facts = Partial<ScannedPort> & { readonly product?: string; readonly http?: string | undefined }

function rowOf(port: number, { product, http, ...facts }: Facts = {}): ScannedPort {
  return {
    port,
    addresses: ['127.0.0.1'],
    families: ['ipv4'],
    reach: 'machine',
    pid: 4242,
    uid: 1000,
    clients: 0,
    process: processOf(),
    identity: {
      protocol: { name: undefined, tls: false, alpn: undefined, http: http ?? '1.1' },
      product,
      version: undefined,
      evidence: [],
    },
    findings: [],
    ...facts,
  }
}

const silent = {
  protocol: { name: undefined, tls: false, alpn: undefined, http: undefined },
  product: undefined,
  version: undefined,
  evidence: [],
}

function lines(ports: readonly ScannedPort[], more: Partial<ScanView> = {}, idle: ScanResult['idle'] = []): string[] {
  return renderScan({ ports, idle, findings: [] }, { ...view, ...more }, terminal)
    .trimEnd()
    .split('\n')
}

test('groups the ports by project, those without one last', () => {
  const folder = `${homeFolder()}/shop`
  const process = processOf({ project: { name: 'shop', folder, file: 'package.json' } })
  const vite = {
    protocol: { name: undefined, tls: true, alpn: 'h2', http: '2' },
    product: 'Vite',
    version: '8.4',
    evidence: [],
  }
  assert.deepEqual(
    lines([
      rowOf(3000, {
        process: processOf({ command: undefined, startedAt: new Date(now - 3 * 86_400_000) }),
        reach: 'lan',
      }),
      rowOf(5173, { process, identity: vite }),
    ]),
    [
      'shop  ~/shop',
      '   5173  Vite 8.4 (TLS)              this machine  pid 4242 ada      12 min',
      '',
      'no project',
      '   3000  node                        the LAN       pid 4242 ada      3 d',
    ],
  )
})

test('says why a finding matters and what fixes it, in lines of at most 80 columns', () => {
  const finding: Finding = {
    code: 'S8008_EXPOSED',
    severity: 'warning',
    why: 'Everyone in your network can open it: it listens on 0.0.0.0 and asks for no password.',
    fix: 'start it with the host 127.0.0.1',
  }
  assert.deepEqual(lines([rowOf(3000, { findings: [finding] })]).slice(1), [
    '         warning  Everyone in your network can open it: it listens on 0.0.0.0 and',
    '                  asks for no password.',
    '                  S8008_EXPOSED   start it with the host 127.0.0.1',
  ])
})

test('names the container that a port forwards to', () => {
  const container = { id: 'c', name: 'shop-db-1', image: 'postgres', compose: 'shop', engine: 'docker' as const }
  const row = rowOf(5432, { product: 'PostgreSQL', process: processOf({ program: 'com.docker.backend', container }) })
  assert.match(renderScan({ ports: [row], idle: [], findings: [] }, view, terminal), /PostgreSQL .* shop-db-1 /)
})

test('hides ports of the system and short-lived ones without HTTP, but none with a finding or of a container', () => {
  const unit = processOf({ unit: 'sshd.service' })
  const danger: Finding = { code: 'S8008_DOCKER', severity: 'danger', why: 'x.', fix: 'y' }
  const container = { id: 'c', name: 'db', image: 'postgres', compose: undefined, engine: 'docker' as const }
  const ports = [
    rowOf(22, { process: unit }),
    rowOf(2375, { process: unit, findings: [danger] }),
    rowOf(5432, { process: processOf({ unit: 'docker.service', container }) }),
    rowOf(631, { process: undefined, pid: undefined }),
    rowOf(40_000, { identity: silent }),
    rowOf(40_001),
  ]
  const numbers = (text: readonly string[]): string[] => text.flatMap((line) => /^ +(\d+)  /.exec(line)?.[1] ?? [])
  assert.deepEqual(numbers(lines(ports)), ['2375', '5432', '40001'])
  assert.equal(lines(ports).at(-1), '3 more of the system or short-lived: serve8008 scan --all')
  assert.deepEqual(numbers(lines(ports, { isWhole: true })), ['22', '2375', '5432', '631', '40000', '40001'])
})

test('a process that is stopped is called so', () => {
  const stopped = rowOf(9000, { process: processOf({ stopped: true }), identity: silent })
  assert.match(lines([stopped])[0] ?? '', /^ {3}9000 {2}vite \(stopped\) /)
})

test('a process that the system hides is held, not free', () => {
  const hidden = rowOf(9000, { process: undefined, pid: undefined, uid: 33, identity: silent })
  assert.deepEqual(lines([hidden], { isWhole: true }), [
    '   9000  hidden process (not HTTP)   this machine  hidden uid 33',
  ])
})

test('lists the ports that are free, and those that only look so', () => {
  const idle: ScanResult['idle'] = [
    { port: 591, state: 'denied' },
    { port: 8008, state: 'free' },
    { port: 8080, state: 'free' },
    { port: 8000, state: 'held' },
  ]
  assert.deepEqual(lines([], {}, idle), [
    'Nothing listens here that you started.',
    '8008, 8080: free',
    '591: free, but needs administrator rights',
    '8000: held by a process that the system hides',
  ])
})

test('text of other programs moves no cursor and makes no line too long', () => {
  const nasty = `\u001B[2J${'漢字'.repeat(40)}\n`
  const project = { name: nasty, folder: `/srv/${nasty}`, file: 'package.json' }
  const row = rowOf(3000, {
    process: processOf({ project, user: nasty, command: nasty }),
    identity: { ...silent, product: nasty, version: nasty, evidence: [nasty] },
    findings: [{ code: 'S8008_GIT', severity: 'note', why: nasty, fix: nasty }],
  })
  const text = renderScan({ ports: [row], idle: [], findings: [] }, { ...view, verbose: true }, terminal)
  assert.doesNotMatch(text, /\u001B/)
  for (const line of text.split('\n').slice(0, 3)) assert.ok(textWidth(line) <= 80, line)
})

test('for programs every key is there, null where a value is unknown', () => {
  const facts = scanFacts({
    ports: [rowOf(1, { process: undefined, pid: undefined, uid: undefined })],
    idle: [],
    findings: [],
  })
  const [row] = (JSON.parse(JSON.stringify(facts)) as { ports: Record<string, unknown>[] }).ports
  const keys =
    'port addresses families reach pid hidden ppid user uid program command cwd project unit container supervisor startedAt stopped parents protocol product version evidence findings clients'
  assert.deepEqual(Object.keys(row ?? {}), keys.split(' '))
  assert.deepEqual(
    [row?.['pid'], row?.['project'], row?.['protocol']],
    [null, null, { name: null, tls: false, alpn: null, http: '1.1' }],
  )
})

test('the published schema describes what is printed', () => {
  const full = processOf({
    project: { name: 'shop', folder: '/srv/shop', file: 'go.mod' },
    container: { id: 'c', name: undefined, image: 'postgres', compose: undefined, engine: 'docker' as const },
    supervisor: { name: 'nodemon', pid: 7, stop: undefined },
    parents: [{ pid: 7, program: 'nodemon' }],
  })
  const findings: Finding[] = [{ code: 'S8008_GIT', severity: 'note', why: 'x.', fix: 'y' }]
  const rows = [rowOf(1, { process: full, findings }), rowOf(2, { process: undefined, pid: undefined })]
  const facts: unknown = JSON.parse(
    JSON.stringify(scanFacts({ ports: rows, idle: [{ port: 3, state: 'held' }], findings: [] })),
  )
  assert.deepEqual(parse(scanSchema, facts), facts)
  assert.match(JSON.stringify(scanJsonSchema()), /"additionalProperties":false/)
})
