import type { ResolvedProxy, ResolvedUpstream } from '../../config/route-types.ts'
import { cookieValue } from '../../http/message/cookie.ts'
import type { Exchange } from '../../http/message/exchange.ts'
import { PassiveHealth } from './circuit-breaker.ts'
import { hashText, mixHashes } from '../../core/util/hash.ts'

/** How requests are shared. */
export interface BalanceOptions {
  readonly balance: ResolvedProxy['balance']
  readonly hashBy: ResolvedProxy['hashBy']
  /** Milliseconds on a clock that never goes back. Default `performance.now`. */
  readonly now?: () => number
  /** A number from 0 up to 1. Default `Math.random`. */
  readonly random?: () => number
}

/** Chooses among the upstreams of one route, and remembers how they do. */
export interface Balancer {
  /**
   * The upstream for the next attempt, or undefined when every one was tried. When all are down, the one whose
   * failure is longest ago is given another chance.
   */
  pick(x: Exchange, tried: ReadonlySet<ResolvedUpstream>): ResolvedUpstream | undefined
  /** Counts a request as under way until the returned function is called; calling it twice is harmless. */
  begin(upstream: ResolvedUpstream): () => void
  /** The upstream could not be reached, or broke off. */
  failed(upstream: ResolvedUpstream): void
  /** The upstream answered, whatever the status. */
  succeeded(upstream: ResolvedUpstream): void
  /** What an active check found. */
  checked(upstream: ResolvedUpstream, isHealthy: boolean): void
  /** Whether requests go there for now. */
  isUp(upstream: ResolvedUpstream): boolean
}

interface Member {
  readonly upstream: ResolvedUpstream
  readonly health: PassiveHealth
  readonly hash: number
  active: number
}

type Choose = (x: Exchange, members: readonly Member[]) => Member

/** Builds the balancer of a route. Its upstreams are compared by identity. */
export function createBalancer(upstreams: readonly ResolvedUpstream[], options: BalanceOptions): Balancer {
  const now = options.now ?? ((): number => performance.now())
  const members = upstreams.map((upstream): Member => {
    return { upstream, health: new PassiveHealth(now), hash: hashText(upstream.label), active: 0 }
  })
  const known = new Map(members.map((member) => [member.upstream, member]))
  const choose = chooser(options)

  function memberOf(upstream: ResolvedUpstream): Member {
    const member = known.get(upstream)
    if (member === undefined) throw new Error(`${upstream.label} is no upstream of this route.`)
    return member
  }

  return {
    pick(x, tried) {
      const left = tried.size === 0 ? members : members.filter(({ upstream }) => !tried.has(upstream))
      if (left.length <= 1) return left[0]?.upstream
      const up = left.filter(({ health }) => health.isUp)
      if (up.length === 0) return least(left, ({ health }) => health.failedAt).upstream
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
    failed: (upstream) => memberOf(upstream).health.failed(),
    succeeded: (upstream) => memberOf(upstream).health.succeeded(),
    checked: (upstream, isHealthy) => memberOf(upstream).health.checked(isHealthy),
    isUp: (upstream) => memberOf(upstream).health.isUp,
  }
}

function chooser({ balance, hashBy, random = Math.random }: BalanceOptions): Choose {
  let turn = 0
  const inTurn: Choose = (_, members) => members[turn++ % members.length] as Member
  switch (balance) {
    case 'round':
      return inTurn
    case 'least':
      // Begins elsewhere each time, so that equals take turns.
      return (_, members) => {
        const start = turn++ % members.length
        return least([...members.slice(start), ...members.slice(0, start)], ({ active }) => active)
      }
    case 'random':
      return (_, members) => {
        const one = Math.floor(random() * members.length)
        // Any but the first one.
        const other = (one + 1 + Math.floor(random() * (members.length - 1))) % members.length
        return least([members[one] as Member, members[other] as Member], ({ active }) => active)
      }
    case 'hash':
      return (x, members) => {
        const key = hashBy === undefined ? undefined : keyOf(x, hashBy)
        if (key === undefined) return inTurn(x, members)
        // Rendezvous hashing: when one upstream goes, only its own keys move.
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
