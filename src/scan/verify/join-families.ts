import type { CheckVerdict, RelayResult, VerifyCheck, VerifyResult } from './types.ts'

/** Verdicts, what matters most first. */
const byWeight: readonly CheckVerdict[] = ['failed', 'not tested', 'passed', 'not applicable']
const relayByWeight: readonly RelayResult['verdict'][] = [
  'relays to loopback',
  'not tested',
  'not shown to relay',
  'refuses',
]

/**
 * One result for a name with servers of both families: clients take either, so a check has the worse of both verdicts. Where
 * the servers differ, the check says what each address showed.
 *
 * @param results One for each address, at least one, with the same checks.
 */
export function joinFamilies(results: readonly VerifyResult[]): VerifyResult {
  const [first, ...others] = results as [VerifyResult, ...VerifyResult[]]
  if (others.length === 0) return first
  const attempts = results.flatMap(({ addresses, relay }) =>
    relay.attempts.map((each) => ({ ...each, protocol: `${each.protocol} at ${addresses.join()}` })),
  )
  const verdicts = results.map(({ relay }) => relay.verdict)
  return {
    ...first,
    addresses: results.flatMap(({ addresses }) => addresses),
    protocols: [...new Set(results.flatMap(({ protocols }) => protocols))],
    relay: { verdict: worst(relayByWeight, verdicts), attempts },
    checks: first.checks.map((_check, i) => joinChecks(results, i)),
    passed: results.every(({ passed }) => passed),
  }
}

function joinChecks(results: readonly VerifyResult[], i: number): VerifyCheck {
  const found = results.map(({ addresses, checks }) => ({ address: addresses.join(), check: checks[i] as VerifyCheck }))
  const verdict = worst(
    byWeight,
    found.map(({ check }) => check.verdict),
  )
  // Of a check that failed only the proof counts.
  const told = verdict === 'failed' ? found.filter(({ check }) => check.verdict === 'failed') : found
  const [{ check }] = told as [(typeof found)[number]]
  const isSame = found.every((each) => each.check.why === check.why)
  return {
    ...check,
    verdict,
    why: isSame ? check.why : told.map((each) => `at ${each.address}, ${each.check.why}`).join('; '),
    sent: [...new Set(told.flatMap((each) => each.check.sent))],
  }
}

function worst<Verdict>(weights: readonly Verdict[], verdicts: readonly Verdict[]): Verdict {
  return weights.find((each) => verdicts.includes(each)) as Verdict
}
