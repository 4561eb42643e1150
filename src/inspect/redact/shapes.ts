import { isSecretWord } from './marks.ts'

/** What stands for a secret. */
export type MarkSecret = (secret: string) => string

/**
 * Tokens that are known by their form, wherever they stand: JWT, GitHub, GitLab, Slack, Stripe, OpenAI and Anthropic,
 * AWS, Google, npm, SendGrid; and what follows `Bearer` or `Basic`. No part repeats what its neighbour can match.
 */
const shapes =
  /(?<![\w-])eyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]+)?|\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}|(?:sk|pk|rk)[-_](?:live|test|proj|ant)[-_][\w-]{10,}|sk-\w{20,}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}|ya29\.[\w-]{20,}|npm_\w{30,}|whsec_\w{16,}|SG\.[\w-]{16,}\.[\w-]{16,})/g
const schemes = /\b(Bearer|Basic)(\s+)([\w.~+/-]{8,}=*)/gi
const keyStart = /-----BEGIN [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----/g

/** A text without tokens that are known by their form. */
export function redactShapes(text: string, mark: MarkSecret): string {
  // Most texts have no word that is long enough.
  const bare = /[\w-]{11}/.test(text) ? text.replace(shapes, (token) => mark(token)) : text
  const named = /\bB(?:earer|asic)\s/i.test(bare)
    ? bare.replace(schemes, (all, scheme: string, space: string, token: string) =>
        // `basic information` is no token.
        /[\d.=+/]/.test(token) ? `${scheme}${space}${mark(token)}` : all,
      )
    : bare
  return /PRIVATE KEY(?: BLOCK)?-----/.test(named) ? withoutKeys(named, mark) : named
}

function withoutKeys(text: string, mark: MarkSecret): string {
  let result = ''
  let from = 0
  keyStart.lastIndex = 0
  for (let found = keyStart.exec(text); found !== null; found = keyStart.exec(text)) {
    const start = keyStart.lastIndex
    const end = text.indexOf('-----END', start)
    const next = end === -1 ? text.length : end
    result += text.slice(from, start) + mark(text.slice(start, next))
    from = next
    keyStart.lastIndex = next
  }
  return result + text.slice(from)
}

/** `password: "x"`, `"token" = 'x'`: how programs, GraphQL and scripts within pages write a value. */
const quotedValue =
  /(?<![\w.$-])(["']?)([\w.$-]{1,64})\1\s{0,8}[:=]\s{0,8}(?:"([^"\\\n]*(?:\\.[^"\\\n]*)*)"|'([^'\\\n]*(?:\\.[^'\\\n]*)*)'|`([^`]*)`)/g
/** `TOKEN=x`, `password: x`: how files of settings and logs write one. */
const bareValue = /(?<![\w.$-])([\w.$-]{1,64})[ \t]{0,8}[:=][ \t]{0,8}(?!["'`[{(=>])([^\s"'`,;&<>]+)/g

/** JSON within a text of a program or an attribute of HTML: its quotes are escaped. */
const escapedValue = /(\\{1,3}["']|&quot;|&#0?34;|&#x22;)([\w.$-]{1,64})\1\s{0,8}:\s{0,8}\1((?:(?!\1)[^\n])*)/gi

/** A text without the values of names that suggest a secret. @param isLoose Whether values may stand without quotes. */
export function redactAssignments(text: string, mark: MarkSecret, isLoose: boolean): string {
  const bare = text.replace(escapedValue, (all, _quote: string, name: string, value: string) =>
    value !== '' && isSecretWord(name) ? all.slice(0, all.length - value.length) + mark(value) : all,
  )
  const strict = bare.replace(
    quotedValue,
    (all, _quote: string, name: string, double?: string, single?: string, template?: string) => {
      const value = double ?? single ?? template ?? ''
      if (value === '' || !isSecretWord(name)) return all
      return `${all.slice(0, all.length - value.length - 1)}${mark(value)}${all.at(-1)}`
    },
  )
  if (!isLoose) return strict
  return strict.replace(bareValue, (all, name: string, value: string) =>
    isSecretWord(name) ? all.slice(0, all.length - value.length) + mark(value) : all,
  )
}
