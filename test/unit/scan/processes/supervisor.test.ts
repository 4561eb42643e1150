import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processName } from '../../../../src/net/owners/owners.ts'
import { readCgroup } from '../../../../src/scan/processes/cgroup.ts'
import { findSupervisor, type NamedProcess, type SupervisedProcess } from '../../../../src/scan/processes/supervisor.ts'

/** A process with these arguments, one for each word unless given as a list. */
function parent(pid: number, line: string | readonly string[], executable?: string): NamedProcess {
  const argv = typeof line === 'string' ? line.split(' ') : line
  const none = { ppid: undefined, uid: 1000, user: undefined, startedAt: undefined, stopped: false }
  return { ...none, pid, argv, executable, comm: undefined, ...processName({ argv, executable }) }
}

function supervisorOf(parents: readonly NamedProcess[], facts: Partial<SupervisedProcess> = {}): unknown {
  const none = { names: {}, unit: undefined, container: undefined, isRoot: false, platform: 'linux' as const }
  const found = findSupervisor({ parents, ...none, ...facts })
  return found && [found.name, found.pid, found.stop]
}

const shell = parent(40, '/bin/sh -c vite')

const watchers: [string, string][] = [
  ['node /app/node_modules/.bin/nodemon server.js', 'nodemon'],
  ['node /app/node_modules/.bin/tsx watch server.ts', 'tsx watch'],
  ['node /app/node_modules/tsx/dist/cli.mjs watch server.ts', 'tsx watch'],
  ['node --watch server.js', 'node --watch'],
  ['node --watch-path=src server.js', 'node --watch'],
  ['/app/node_modules/turbo-linux-64/bin/turbo run dev', 'turbo'],
  ['node /app/node_modules/.bin/concurrently npm:dev npm:api', 'concurrently'],
  ['/usr/bin/ruby /usr/bin/foreman start', 'foreman'],
  ['/usr/local/bin/watchexec -r cargo run', 'watchexec'],
]

for (const [line, name] of watchers) {
  test(`${line} is the supervisor ${name}`, () => {
    assert.deepEqual(supervisorOf([shell, parent(50, line), parent(60, '/bin/bash')]), [name, 50, 'kill 50'])
    assert.deepEqual(supervisorOf([parent(50, line)], { platform: 'win32' }), [name, 50, 'taskkill /PID 50 /T'])
  })
}

test('takes the nearest supervisor, and none for shells, editors and script runners', () => {
  const nodemon = parent(50, 'node /app/node_modules/.bin/nodemon')
  const foreman = parent(60, ['foreman: master'], '/usr/bin/ruby3.1')
  assert.deepEqual(supervisorOf([shell, foreman, nodemon]), ['foreman', 60, 'kill 60'])
  for (const line of [
    '/bin/bash',
    'node /usr/lib/node_modules/npm/bin/npm-cli.js run dev',
    '/usr/bin/code',
    'tsx a.ts',
  ]) {
    assert.equal(supervisorOf([parent(50, line)]), undefined)
  }
  assert.equal(supervisorOf([]), undefined)
  // A worker that is to be watched is no watcher.
  assert.equal(supervisorOf([parent(50, 'node server.js --watchful')]), undefined)
})

test('names the process as pm2 and supervisord know it', () => {
  const god = parent(50, ['PM2 v6.0.8: God Daemon (/home/ann/.pm2)'], '/usr/bin/node')
  assert.deepEqual(supervisorOf([god], { names: { pm_id: '3' } }), ['pm2', 50, 'pm2 delete 3'])
  assert.deepEqual(supervisorOf([god]), ['pm2', 50, undefined])
  const daemon = parent(51, '/usr/bin/python3 /usr/bin/supervisord -c /etc/supervisord.conf')
  const names = { SUPERVISOR_PROCESS_NAME: 'web', SUPERVISOR_GROUP_NAME: 'web' }
  assert.deepEqual(supervisorOf([daemon], { names }), ['supervisord', 51, 'supervisorctl stop web'])
  const grouped = { ...names, SUPERVISOR_GROUP_NAME: 'shop' }
  assert.deepEqual(supervisorOf([daemon], { names: grouped }), ['supervisord', 51, 'supervisorctl stop shop:web'])
  assert.deepEqual(supervisorOf([daemon]), ['supervisord', 51, undefined])
  assert.deepEqual(supervisorOf([parent(52, 'runsv web')]), ['runit', 52, 'sv down web'])
  // What another process says never becomes a command.
  const [, , stop] = supervisorOf([god], { names: { pm_id: '3; rm -rf $HOME' } }) as string[]
  assert.equal(stop, "pm2 delete '3; rm -rf $HOME'")
})

const id = '0123456789abcdef'.repeat(4)

// Paths recorded on Debian 12 with systemd 252; those of containers by the documentation of Docker, Podman and Kubernetes.
const cgroups: [string, string | undefined, string | undefined][] = [
  ['/system.slice/nginx.service', 'nginx.service', undefined],
  ['/system.slice/system-getty.slice/getty@tty1.service', 'getty@tty1.service', undefined],
  ['/user.slice/user-1000.slice/session-3.scope', undefined, undefined],
  ['/user.slice/user-1000.slice/user@1000.service/app.slice/shop.service', 'shop.service', undefined],
  ['/user.slice/user-1000.slice/user@1000.service/init.scope', undefined, undefined],
  ['/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.kde.konsole@1.service', undefined, undefined],
  ['/user.slice/user-1000.slice/user@1000.service/app.slice/gnome-terminal-server.service', undefined, undefined],
  [`/system.slice/docker-${id}.scope`, undefined, 'docker'],
  [`/docker/${id}`, undefined, 'docker'],
  [`/machine.slice/libpod-${id}.scope/container`, undefined, 'podman'],
  [`/machine.slice/libpod-conmon-${id}.scope`, undefined, undefined],
  [`/kubepods.slice/kubepods-pod1.slice/cri-containerd-${id}.scope`, undefined, 'unknown'],
  ['/', undefined, undefined],
]

for (const [path, unit, engine] of cgroups) {
  test(`${path.replace(id, '<id>')} is ${unit ?? engine ?? 'no unit'}`, () => {
    const facts = readCgroup(path)
    assert.equal(facts.unit?.name, unit)
    assert.deepEqual(
      facts.container,
      engine === undefined ? undefined : { id, engine: engine === 'unknown' ? undefined : engine },
    )
  })
}

test('stops a systemd unit by its manager, unless the unit is a session', () => {
  const { unit } = readCgroup('/system.slice/nginx.service')
  const master = parent(50, 'nginx: master process nginx')
  assert.deepEqual(supervisorOf([master], { unit }), ['systemd', undefined, 'sudo systemctl stop nginx.service'])
  assert.deepEqual(supervisorOf([], { unit, isRoot: true }), ['systemd', undefined, 'systemctl stop nginx.service'])
  const user = readCgroup('/user.slice/user-1000.slice/user@1000.service/app.slice/shop.service').unit
  assert.deepEqual(supervisorOf([], { unit: user }), ['systemd', undefined, 'systemctl --user stop shop.service'])
  // A job of cron, and a shell of an SSH server without PAM, are in its unit.
  const cron = readCgroup('/system.slice/cron.service').unit
  assert.equal(supervisorOf([shell, parent(50, '/usr/sbin/cron -f')], { unit: cron }), undefined)
  // In a unit, a nearer supervisor starts the process again.
  const god = parent(50, ['PM2 v6.0.8: God Daemon (/root/.pm2)'], '/usr/bin/node')
  assert.deepEqual(supervisorOf([god], { unit, names: { pm_id: '0' } }), ['pm2', 50, 'pm2 delete 0'])
})

test('stops a container by its engine', () => {
  const container = { id, name: 'shop-web-1', image: 'nginx', compose: 'shop', engine: 'docker' as const }
  assert.deepEqual(supervisorOf([shell], { container }), ['Docker', undefined, 'docker stop shop-web-1'])
  const unnamed = { ...container, name: undefined, engine: 'podman' as const }
  assert.deepEqual(supervisorOf([], { container: unnamed }), ['Podman', undefined, 'podman stop 0123456789ab'])
  assert.equal(supervisorOf([], { container: { ...container, engine: undefined } }), undefined)
})
