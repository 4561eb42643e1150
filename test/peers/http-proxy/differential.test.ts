import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultCases } from './cases/faults.ts'
import { replyCases } from './cases/replies.ts'
import { requestCases } from './cases/requests.ts'
import { upgradeCases } from './cases/upgrades.ts'
import { Peer } from './contenders.ts'
import { isExpected, requestDifferences, type Difference } from './differences.ts'
import { changesOf, observeBoth, type Case, type Change } from './observe.ts'
import { replyDifferences } from './reply-differences.ts'

/*
 * The same bytes go through http-proxy and through this server to an upstream that records what it gets. Both ends are
 * compared; each difference is in a reviewed list, with the reason for ours.
 */

const cases: readonly Case[] = [...requestCases, ...replyCases, ...faultCases, ...upgradeCases]
const differences: readonly Difference[] = [...requestDifferences, ...replyDifferences]

/** What the list allows in a case. */
function allowedIn(name: string): Difference['changes'] {
  return differences.flatMap((each) => (each.cases?.includes(name) === false ? [] : each.changes))
}

/** Listed differences that do not occur, as sentences. */
function absent(seen: ReadonlyMap<string, readonly Change[]>): string[] {
  const occurs = (name: string, change: Difference['changes'][number]): boolean =>
    seen.get(name)?.some((each) => isExpected(each, change)) === true
  return differences.flatMap(({ cases: names, changes }) =>
    changes.flatMap((change) => {
      if (names !== undefined)
        return names
          .filter((name) => !occurs(name, change))
          .map((name) => `${name}: ${change.map(String).join(' -> ')}`)
      return [...seen.keys()].some((name) => occurs(name, change))
        ? []
        : [`everywhere: ${change.map(String).join(' -> ')}`]
    }),
  )
}

test('differs from http-proxy where the reviewed list says so, and nowhere else', async (t) => {
  await using peer = new Peer()
  const seen = new Map<string, readonly Change[]>()
  for (const each of cases) {
    assert.ok(!seen.has(each.name), `two cases have the name ${each.name}`)
    await t.test(each.name, async () => {
      const { theirs, ours } = await observeBoth(each, peer)
      const changes = changesOf(theirs, ours)
      seen.set(each.name, changes)
      const allowed = allowedIn(each.name)
      const unlisted = changes.filter((change) => !allowed.some((known) => isExpected(change, known)))
      assert.deepEqual(unlisted, [], 'each difference is in the list (fact, http-proxy, this server)')
    })
  }
  await t.test('every listed difference still occurs', () => assert.deepEqual(absent(seen), []))
  assert.ok(cases.length >= 80, 'enough cases to be a second opinion')
})
