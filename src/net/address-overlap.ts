/**
 * Whether two listening addresses compete for connections: they are the same, or one is a wildcard that takes in
 * the other. `::` counts as dual-stack, as it nearly always is; `*` is how lsof writes a wildcard.
 */
export function overlaps(a: string, b: string): boolean {
  return a === b || covers(a, b) || covers(b, a)
}

function covers(wildcard: string, address: string): boolean {
  return wildcard === '*' || wildcard === '::' || (wildcard === '0.0.0.0' && !address.includes(':'))
}
