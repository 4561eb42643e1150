/**
 * A pattern that is compiled when it is first used. V8 reads the properties of Unicode (`\p{L}`) of every pattern in a file
 * that it loads, even in functions that never run, which takes up to 1 ms for one.
 *
 * @param source The pattern without slashes, in a text without escapes: String.raw`\p{L}+`.
 */
export function latePattern(source: string, flags = 'u'): () => RegExp {
  let pattern: RegExp | undefined
  return () => (pattern ??= new RegExp(source, flags))
}
