/** What has to be typed as it is: a command, or a name such as `allowHost`, `tls.ca` and `serve8008.config.mjs`. */
const typed = /^(?:npx|serve8008) |^\S*[a-z\d](?:[A-Z]|\.[a-z])/

/** Begins with a capital letter, unless its first word is to be typed. */
export function asSentence(text: string): string {
  return typed.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1)
}
