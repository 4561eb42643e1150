import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdersOf, refusalOf, type Asking } from '../../../../src/cli/commands/free-refusal.ts'
import type { PortOwner, ProcessInfo } from '../../../../src/scan/scan.ts'

const asking: Asking = {
  uid: 1000,
  chain: new Set([900, 901]),
  container: 'aaaa',
  named: undefined,
}

function owner(its: Partial<ProcessInfo>, pid: number | undefined = 4242): PortOwner {
  const process = { pid, uid: 1000, parents: [], program: 'node', ...its } as unknown as ProcessInfo
  return { port: 8008, addresses: ['127.0.0.1'], pid, uid: process.uid, clients: 0, process }
}

const again = (pid: number): string => `serve8008 free 8008 --pid ${pid}`

function why(its: Partial<ProcessInfo>, pid?: number, named?: number): string | undefined {
  return refusalOf(owner(its, pid), { ...asking, named })?.why
}

test('stops programs of this user only, also when another is named', () => {
  assert.equal(why({}), undefined)
  assert.equal(why({ uid: 33, user: 'www-data' }), 'It belongs to another user (www-data)')
  assert.equal(why({ uid: 33 }, 4242, 4242), 'It belongs to another user (uid 33)')
  assert.equal(
    refusalOf({ ...owner({}), uid: undefined, process: undefined }, asking)?.why,
    'It belongs to another user (uid unknown)',
  )
  assert.equal(
    refusalOf({ ...owner({}), pid: undefined, hidden: 'search' }, asking)?.why,
    'The system hides its process',
  )
})

test('refuses what a user does not mean, unless it is named', () => {
  const container = { id: 'bbbb', name: 'web', image: undefined, compose: undefined, engine: 'docker' as const }
  const docker = { name: 'Docker', pid: undefined, stop: 'docker stop web' }
  const systemd = { name: 'systemd', pid: undefined, stop: 'sudo systemctl stop nginx.service' }
  const cases: readonly (readonly [Partial<ProcessInfo>, RegExp, number?])[] = [
    [{}, /first process/, 1],
    [{}, /This command runs in it/, 901],
    [{ container, supervisor: docker }, /container/],
    [{ program: 'docker-proxy' }, /container/],
    [{ program: 'com.docker.backend', container, supervisor: docker }, /forwards to a container/],
    [{ program: 'rootlessport' }, /container/],
    [{ unit: 'nginx.service', supervisor: systemd }, /the system's nginx.service/],
    [{ role: 'shell' }, /shell/],
    [{ role: 'editor' }, /editor/],
    [{ role: 'database' }, /database/],
  ]
  for (const [its, expected, pid = 4242] of cases) {
    assert.match(why(its, pid) ?? '', expected, JSON.stringify(its))
    assert.equal(why(its, pid, pid), undefined, JSON.stringify(its))
    assert.notEqual(why(its, pid, pid + 1), undefined)
  }
  assert.equal(refusalOf(owner({ container, supervisor: docker }), asking)?.instead, 'docker stop web')
  // The container that we are in ourselves, and a unit of the user, are no reason.
  assert.equal(why({ container: { ...container, id: 'aaaa' } }), undefined)
  const user = { name: 'systemd', pid: undefined, stop: 'systemctl --user stop shop.service' }
  assert.equal(why({ unit: 'shop.service', supervisor: user }), undefined)
  for (const program of ['node', 'python']) assert.equal(why({ program }), undefined, program)
})

test('does not say that a process has no port whose process the system hides', () => {
  const hidden = { ...owner({}), pid: undefined, process: undefined, uid: 0, hidden: 'user' as const }
  const named = { ...asking, named: 4242 }
  assert.throws(() => holdersOf([hidden], named, again), {
    code: 'E8008_PORT_HELD',
    message:
      'The system hides the process of uid 0 that listens on port 8008. It may be process 4242, so nothing was stopped.',
    hint: 'serve8008 --port 0',
  })
  assert.throws(() => holdersOf([hidden, owner({}, 5)], named, again), /^ServeError: The system hides/)
  assert.throws(() => holdersOf([owner({}, 5)], named, again), {
    message: 'Process 4242 does not listen on port 8008.',
    hint: 'serve8008 free 8008 --pid 5',
  })
})
