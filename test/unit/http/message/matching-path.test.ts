import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { leavesPrefix, matchingPath } from '../../../../src/http/message/matching-path.ts'

const folded = (path: string): string => `/${matchingPath(path).folded.join('/')}`
const plain = (path: string): string => `/${matchingPath(path).plain.join('/')}`

describe('matchingPath', () => {
  test('keeps a path that every server reads alike', () => {
    const path = matchingPath('/api/users/7')
    assert.equal(path.plain, path.folded)
    assert.deepEqual(path.folded, ['api', 'users', '7'])
  })

  for (const [path, expected] of [
    ['/%61pi/x', '/api/x'],
    ['//api///x', '/api/x'],
    ['/./api/./x', '/api/x'],
    ['/api/../private', '/private'],
    ['/api/%2e%2e/private', '/private'],
    ['/api/.%2E/private', '/private'],
    ['/api/..%2fprivate', '/private'],
    ['/api/..%5Cprivate', '/private'],
    ['/api\\..\\private', '/private'],
    ['/api/..;/private', '/private'],
    ['/api/..;a=b/private', '/private'],
    ['/api/..%3b/private', '/private'],
    ['/api;v=1/x;y', '/api/x'],
    ['/../../x', '/x'],
    ['/api/x/..', '/api/'],
    ['/api//', '/api/'],
    ['/api/%252e%252e/x', '/api/%2e%2e/x'],
    ['/api/%zz/100%', '/api/%zz/100%'],
    ['/caf%C3%A9', '/caf\u00c3\u00a9'],
  ] as const) {
    test(`folds ${path} once`, () => assert.equal(folded(path), expected))
  }

  test('decodes letters only in the plain form', () => {
    assert.equal(plain('/%61pi/..%2fx/%5Cy/;z'), '/api/..%2Fx/%5Cy/;z')
  })

  test('detects a NUL', () => assert.equal(matchingPath('/api/x%00.html').hasNul, true))

  test('detects a path that leaves its first segments and returns', () => {
    assert.equal(leavesPrefix(matchingPath('/api/../api/x'), 1), true)
    assert.equal(leavesPrefix(matchingPath('/api/a/../b'), 1), false)
    assert.equal(leavesPrefix(matchingPath('/../x'), 0), true)
    assert.equal(leavesPrefix(matchingPath('/api/x'), 1), false)
  })
})
