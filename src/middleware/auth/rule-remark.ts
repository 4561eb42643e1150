/** What a client learns of a rule that refuses it: the rule itself is for the user of the command. */
export const ownerHint = 'the terminal of serve8008 shows the rule'

/** A rule that refused a request. */
interface RefusingRule {
  /** The option that holds it. */
  readonly option: 'allow' | 'origin'
  /** The id of the route that the rule belongs to; undefined for the site. */
  readonly route: string | undefined
  /** The entry that would admit the client; undefined where no entry can. */
  readonly missing: string | undefined
  /** What stands in its place. */
  readonly unknown: string
  /** Its entries. */
  readonly rule: readonly string[]
}

/**
 * The remark for the log: `not in allow (--allow 10.9.8.1 --allow loopback)`. The flags are all that are needed, as they replace
 * the entries of a preset or a config file. What to add comes first, as a line may be cut.
 */
export function ruleRemark({ option, route, missing, unknown, rule }: RefusingRule): string {
  if (route === undefined && missing !== undefined)
    return `not in ${option} (${[missing, ...rule].map((entry) => `--${option} ${entry}`).join(' ')})`
  const place = route === undefined ? option : `${option} of ${route}`
  return `not in ${place} (${missing === undefined ? unknown : `add ${missing}`}): ${rule.join(', ')}`
}
