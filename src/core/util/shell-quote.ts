/** A word as it is typed in a shell: plain where it can be, otherwise in quotes. */
export function shellQuote(word: string): string {
  // A shell takes `~` at the beginning for a home folder, and zsh `=` for the place of a program.
  if (/^[\w@%+:,./-][\w@%+=:,./~-]*$/.test(word)) return word
  // Double quotes are what every shell knows; where they would not hold, single ones do in all but cmd.exe.
  return /["$`\\!]/.test(word) ? `'${word.replaceAll("'", `'\\''`)}'` : `"${word}"`
}
