/**
 * What a browser keeps. It sends the cookie to every port of the name, also to a server of another user of the machine; the
 * key stays in the page, which reads it from the fragment of its address.
 */
export interface Pass {
  readonly cookie: string
  readonly key: string
}

/** What opens the dashboard: a ticket in a link, which a browser exchanges for a session. */
export interface Passes {
  /** Makes a ticket: for one visit, within {@link ticketMs}. */
  ticket(): string
  /** Exchanges a ticket for a session; undefined for one that was used, is too old or was never made. */
  redeem(ticket: string): Pass | undefined
  isCookie(given: string): boolean
  /** Whether a key belongs to the cookie. */
  isPass(given: Pass): boolean
}

/** How long the link from the terminal works, in milliseconds. */
export const ticketMs = 60_000
/** Most tickets that wait, and most sessions; beyond it the oldest one ends. */
const most = 32

/** @param token Makes a value that no client can guess. */
export function createPasses(token: () => string, now: () => number = () => performance.now()): Passes {
  const tickets = new Map<string, number>()
  const cookies = new Set<string>()
  const both = new Set<string>()

  return {
    ticket() {
      const ticket = token()
      tickets.set(ticket, now() + ticketMs)
      forgetOldest(tickets)
      return ticket
    },
    redeem(ticket) {
      const until = tickets.get(ticket)
      tickets.delete(ticket)
      if (until === undefined || until < now()) return undefined
      const pass: Pass = { cookie: token(), key: token() }
      cookies.add(pass.cookie)
      both.add(textOf(pass))
      forgetOldest(cookies)
      forgetOldest(both)
      return pass
    },
    isCookie: (given) => cookies.has(given),
    isPass: (given) => both.has(textOf(given)),
  }
}

/** A set is asked, and no text compared: how long that takes tells nothing of what is right. */
function textOf({ cookie, key }: Pass): string {
  return `${cookie} ${key}`
}

/** Maps and sets keep the order of their making. */
function forgetOldest(kept: Map<string, unknown> | Set<string>): void {
  const [oldest] = kept.size > most ? kept.keys() : []
  if (oldest !== undefined) kept.delete(oldest)
}
