/** What opens the dashboard: a ticket in a link, which a browser exchanges for a session in a cookie. */
export interface Passes {
  /** Makes a ticket: for one visit, within {@link ticketMs}. */
  ticket(): string
  /** Exchanges a ticket for a session; undefined for one that was used, is too old or was never made. */
  redeem(ticket: string): string | undefined
  isSession(given: string): boolean
}

/** How long the link from the terminal works, in milliseconds. */
export const ticketMs = 60_000
/** Most tickets that wait, and most sessions; beyond it the oldest one ends. */
const most = 32

/** @param token Makes a value that no client can guess. */
export function createPasses(token: () => string, now: () => number = () => performance.now()): Passes {
  const tickets = new Map<string, number>()
  const sessions = new Set<string>()

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
      const session = token()
      sessions.add(session)
      forgetOldest(sessions)
      return session
    },
    isSession: (given) => sessions.has(given),
  }
}

/** Maps and sets keep the order of their making. */
function forgetOldest(kept: Map<string, unknown> | Set<string>): void {
  const [oldest] = kept.size > most ? kept.keys() : []
  if (oldest !== undefined) kept.delete(oldest)
}
