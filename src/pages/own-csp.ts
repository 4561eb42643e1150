const own = new Set<string>()

/**
 * Marks a Content-Security-Policy as one of our own pages' and returns it, so that whoever adds something to these
 * pages knows that the policy may be widened for it. Made of templates, so there are only a few.
 */
export function ownPolicy(text: string): string {
  own.add(text)
  return text
}

/** Whether a field value is the policy of one of our own pages, byte for byte. */
export function isOwnPolicy(text: string): boolean {
  return own.has(text)
}
