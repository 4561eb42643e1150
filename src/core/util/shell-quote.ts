/** Quotes a word for a shell, where it needs quotes. */
export function shellQuote(word: string): string {
  // Shells expand a leading `~` to a home folder, and zsh a leading `=` to the path of a program.
  if (/^[\w@%+:,./-][\w@%+=:,./~-]*$/.test(word)) return word
  // Every shell knows double quotes. Single quotes, which cmd.exe does not know, only where those would not protect.
  return /["$`\\!]/.test(word) ? `'${word.replaceAll("'", `'\\''`)}'` : `"${word}"`
}
