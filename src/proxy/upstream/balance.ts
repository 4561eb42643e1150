import type { ResolvedProxy, ResolvedUpstream } from '../../config/kinds/proxy-types.ts'
import { cookieValue } from '../../http/message/cookie.ts'
import type { Exchange } from '../../http/message/exchange.ts'
import { CircuitBreaker } from './circuit-breaker.ts'
import { hashText, mixHashes } from '../../core/util/hash.ts'

/** Options of {@link createBalancer}. */
export interface BalanceOptions {
  readonly balance: ResolvedProxy['balance']
  readonly hashBy: ResolvedProxy['hashBy']
  /** A monotonic clock in milliseconds. Default `performance.now`. */
  readonly now?: () => number
  /** A number from 0 up to 1. Default `Math.random`. */
  readonly random?: () => number
}

/** Chooses an upstream of one route for each request, and records which upstreams fail. */
export interface Balancer {
  /**
   * The upstream for the next attempt, or undefined if every one was tried. If all are down, the one whose last failure
   * is the oldest.
   */
  pick(x: Exchange, tried: ReadonlySet<ResolvedUpstream>): ResolvedUpstream | undefined
  /** Counts a request as active until the returned function is called; a second call has no effect. */
  begin(upstream: ResolvedUpstream): () => void
  /** Records that the upstream was unreachable or closed the connection too early. */
  failed(upstream: ResolvedUpstream): void
  /** Records a response of the upstream, with any status. */
  succeeded(upstream: ResolvedUpstream): void
  /** Records the result of an active health check. */
  checked(upstream: ResolvedUpstream, isHealthy: boolean): void
  /** Whether the upstream gets requests now. */
  isUp(upstream: ResolvedUpstream): boolean
}

interface Member {
  readonly upstream: ResolvedUpstream
  readonly breaker: CircuitBreaker
  readonly hash: number
  active: number
}

type Choose = (x: Exchange, members: readonly Member[]) => Member

/** Creates the balancer of a route. Upstreams are compared by identity. */
export function createBalancer(upstreams: readonly ResolvedUpstream[], options: BalanceOptions): Balancer {
  const now = options.now ?? ((): number => performance.now())
  const members = upstreams.map((upstream): Member => {
    return { upstream, breaker: new CircuitBreaker(now), hash: hashText(upstream.label), active: 0 }
  })
  const known = new Map(members.map((member) => [member.upstream, member]))
  const choose = chooser(options)

  function memberOf(upstream: ResolvedUpstream): Member {
    const member = known.get(upstream)
    if (member === undefined) throw new Error(`${upstream.label} is not an upstream of this route.`)
    return member
  }

  return {
    pick(x, tried) {
      const left = tried.size === 0 ? members : members.filter(({ upstream }) => !tried.has(upstream))
      if (left.length <= 1) return left[0]?.upstream
      const up = left.filter(({ breaker }) => breaker.isUp)
      if (up.length === 0) return least(left, ({ breaker }) => breaker.failedAt).upstream
      return (up.length === 1 ? (up[0] as Member) : choose(x, up)).upstream
    },
    begin(upstream) {
      const member = memberOf(upstream)
      let open = true
      member.active++
      return () => {
        if (open) member.active--
        open = false
      }
    },
    failed: (upstream) => memberOf(upstream).breaker.failed(),
    succeeded: (upstream) => memberOf(upstream).breaker.succeeded(),
    checked: (upstream, isHealthy) => memberOf(upstream).breaker.checked(isHealthy),
    isUp: (upstream) => memberOf(upstream).breaker.isUp,
  }
}

function chooser({ balance, hashBy, random = Math.random }: BalanceOptions): Choose {
  let turn = 0
  const inTurn: Choose = (_, members) => members[turn++ % members.length] as Member
  switch (balance) {
    case 'round':
      return inTurn
    case 'least':
      // Each search begins at another member, so that equally busy members take turns.
      return (_, members) => {
        const start = turn++ % members.length
        return least([...members.slice(start), ...members.slice(0, start)], ({ active }) => active)
      }
    case 'random':
      return (_, members) => {
        const one = Math.floor(random() * members.length)
        // A second member that differs from the first.
        const other = (one + 1 + Math.floor(random() * (members.length - 1))) % members.length
        return least([members[one] as Member, members[other] as Member], ({ active }) => active)
      }
    case 'hash':
      return (x, members) => {
        const key = hashBy === undefined ? undefined : keyOf(x, hashBy)
        if (key === undefined) return inTurn(x, members)
        // Rendezvous hashing: when one upstream fails, only its own keys move to others.
        const hash = hashText(key)
        return least(members, (member) => -mixHashes(hash, member.hash))
      }
  }
}

/** The first member with the lowest score. */
function least(members: readonly Member[], score: (member: Member) => number): Member {
  return members.reduce((best, member) => (score(member) < score(best) ? member : best))
}

function keyOf({ headers }: Exchange, { kind, name }: NonNullable<ResolvedProxy['hashBy']>): string | undefined {
  return kind === 'header' ? headers.get(name.toLowerCase()) : cookieValue(headers.get('cookie'), name)
}
