/** Fields in which this server tells backends who asked it, and for what: the client's own are continued or replaced. */
export const forwardedFields: ReadonlySet<string> = new Set([
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-port',
  'x-forwarded-prefix',
])
