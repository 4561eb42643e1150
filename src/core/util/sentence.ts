/**
 * A first word that must keep its case: a command, or a name such as `allowHost`, `tls.ca` and `serve8008.config.mjs`.
 */
const typed = /^(?:npx|serve8008) |^\S*[a-z\d](?:[A-Z]|\.[a-z])/

/** Capitalizes the first letter, unless the first word must keep its case. */
export function asSentence(text: string): string {
  return typed.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1)
}
