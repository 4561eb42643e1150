const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const month = months.join('|')
const time = '(?<hour>\\d\\d):(?<minute>\\d\\d):(?<second>\\d\\d)'

/** The three formats that a recipient must accept; names are case-sensitive (RFC 9110 section 5.6.7). */
const forms = [
  // Sun, 06 Nov 1994 08:49:37 GMT
  `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?<day>\\d\\d) (?<month>${month}) (?<year>\\d{4}) ${time} GMT`,
  // Sunday, 06-Nov-94 08:49:37 GMT
  `(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day, (?<day>\\d\\d)-(?<month>${month})-(?<year>\\d\\d) ${time} GMT`,
  // Sun Nov  6 08:49:37 1994
  `(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?<month>${month}) (?<day>\\d\\d| \\d) ${time} (?<year>\\d{4})`,
].map((form) => new RegExp(`^${form}$`))

/**
 * Parses an HTTP date to milliseconds since 1970. Returns undefined for other formats, and for days or hours that do
 * not exist. A wrong weekday is ignored.
 *
 * @param now The current time in milliseconds, which decides the century of a two-digit year.
 */
export function parseHttpDate(value: string, now: number = Date.now()): number | undefined {
  for (const form of forms) {
    const parts = form.exec(value)?.groups
    if (parts === undefined) continue
    const { day, hour, minute, second } = parts
    const year = parts.year?.length === 2 ? fullYear(Number(parts.year), now) : Number(parts.year)
    return toTime(year, months.indexOf(parts.month ?? ''), Number(day), Number(hour), Number(minute), Number(second))
  }
  return undefined
}

/** RFC 9110 section 5.6.7: a year more than 50 years ahead is in the previous century. */
function fullYear(year: number, now: number): number {
  const current = new Date(now).getUTCFullYear()
  const guess = current - (current % 100) + year
  return guess > current + 50 ? guess - 100 : guess
}

function toTime(year: number, monthIndex: number, day: number, hour: number, minute: number, second: number) {
  // The grammar allows 60 for a leap second, which JavaScript time stamps do not have.
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, monthIndex, day)
  if (date.getUTCMonth() !== monthIndex || date.getUTCDate() !== day) return undefined
  return date.setUTCHours(hour, minute, Math.min(second, 59))
}

/** Formats milliseconds since 1970 as an HTTP date, cut to whole seconds. */
export function formatHttpDate(time: number): string {
  return new Date(time).toUTCString()
}
