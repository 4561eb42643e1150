import * as v from 'valibot'
import type { Problem } from '../diagnostic.ts'
import type { JointConfig } from '../joint-config.ts'
import type { Checked } from '../plain-object.ts'
import {
  parseList,
  parsePorts,
  parseSwitch,
  parseSwitchOrText,
  parseText,
  type TextParser,
} from '../values/parse-text.ts'
import { flag, plainText, ports, textOrTexts } from './shapes.ts'

/** What an option is resolved with. */
export interface OptionContext {
  /** Folder against which relative paths are resolved. */
  readonly cwd: string
  /** The resolved option `base`. */
  readonly base: string
  readonly problems: Problem[]
}

/**
 * An option: what people write, its value in `ResolvedConfig`, and its default. `Resolved` is never where `resolve/`
 * computes the value together with other options, or under another name. The options of a group are fields of a class: there
 * the type, which declarations need in writing, stands between docstring and value.
 */
export interface Option<Given, Resolved = Given, Default = Given> {
  readonly default: Default
  readonly resolve: ((value: Given, context: OptionContext) => Resolved) | undefined
  /** @internal */
  readonly facts: OptionFacts<Given>
}

/** A switch that is resolved as it is. */
export type Toggle = Option<boolean>

/** An option that `resolve/` resolves. */
export type Joint<Given> = Option<Given, never>

/** The same, without a default. */
export type Unset<Given> = Option<Given, never, undefined>

/** An option that the server has as a whole, in a group whose other options each site has for itself. */
export type OfServer<Each> = Each & { readonly isOfServer: true }

/** The options of definitions, as people write them. */
export type GivenBy<Definitions> = {
  -readonly [Key in keyof Definitions]?:
    | (Definitions[Key] extends Option<infer Given, infer _Resolved, infer _Default> ? WithUndefined<Given> : never)
    | undefined
}

/** Where keys are free, an undefined value is as good as none: `{ '/api': process.env.API }`. */
type WithUndefined<Given> = Given extends object
  ? string extends keyof Given
    ? { readonly [Key in keyof Given]: WithUndefined<Given[Key]> | undefined }
    : Given
  : Given

/** The defaults of definitions. @internal */
export type DefaultsOf<Definitions> = {
  readonly [Key in keyof Definitions]: Definitions[Key] extends { readonly default: infer Default }
    ? Default extends undefined
      ? undefined
      : Checked<Default>
    : never
}

/** What definitions resolve to. */
export type ResolvedBy<Definitions, Key extends keyof Definitions = OwnKeys<Definitions>> = {
  readonly [Each in Key]: ResolvedOf<Definitions[Each]>
}

type OwnKeys<Definitions> = {
  [Key in keyof Definitions]: [ResolvedOf<Definitions[Key]>] extends [never] ? never : Key
}[keyof Definitions]

type ResolvedOf<Definition> = Definition extends Option<infer _Given, infer Resolved, infer _Default> ? Resolved : never

/** Names that other servers give to an option, and what to write instead. */
type Foreign<Hint> = readonly (readonly [names: readonly string[], hint: Hint])[]

/** What the command line, the environment, validation, help and documentation need to know of an option. @internal */
export interface OptionFacts<Given = unknown> {
  /** The shape. Its messages are nouns: `expected a port, got 70000`. */
  readonly schema: v.GenericSchema<Given>
  /** The flag without dashes, where it is not the name of the option; false for none. */
  readonly flag?: string | false
  /** Whether the value is code: no flag, no variable and no JSON can hold it. */
  readonly isCode?: true
  /** Other names of the flag; one letter is a short flag. */
  readonly aliases?: readonly string[]
  /** The values of a flag: `boolean` none, `value` one, `list` one each time it is given, `optional` one or none. */
  readonly kind: 'boolean' | 'value' | 'list' | 'optional'
  /** Whether a repeated flag adds a value; otherwise the last one counts. Default: whether it is a list. */
  readonly repeats?: true
  /** Name of the value in help, for example `PORT`. */
  readonly valueName?: string
  /** The form of an optional value. A word of another form behind the flag is the folder. */
  readonly form?: () => RegExp
  /** Every value, where they are few. */
  readonly choices?: readonly string[]
  /** Whether the value is a path; a relative one is resolved against the folder of its source. */
  readonly isPath?: true
  /** What stands for the value in hints. Messages never show the value of an option that has one. */
  readonly mask?: string
  /** Another variable, which many programs share; the `SERVE8008_` variable overrides it. */
  readonly shared?: string
  /** Reads the option from text. */
  readonly parse: TextParser
  /** Help, in one sentence. */
  readonly description: string
  /** A shorter sentence for the first page of help, which has the flags that most people need. */
  readonly overview?: string
  /** The values, for the end of a sentence: `a host name or an IP address`. */
  readonly accepts: string
  /** The default in words, where its value is not clear. */
  readonly defaultText?: string
  /** The default in the command, where it is another one. */
  readonly commandDefault?: Given
  /** Options that exclude it, and that it excludes: the one of the stronger source overrides the others. One side states it. */
  readonly excludes?: readonly string[]
  /** For an object whose keys are free: the one spelling of a key. Sources are merged by it. */
  readonly innerKey?: (key: string) => string
  /** Whether it makes a site of the options beside `sites`. */
  readonly makesSite?: true
  /** Whether setting it turns on HTTPS, unless `tls` is false. */
  readonly impliesTls?: true
  /** Whether an edit of the config file holds at once: routes are replaced while the server runs. Others need a restart. */
  readonly takesEdits?: true
  /** Whether two starts that differ in it alone may mean one server: the terminal has its own, or it is compared apart. */
  readonly isOfStart?: true
  /** Whether it may hold header fields with credentials. */
  readonly holdsFields?: true
  /** What `serve8008 check` shows. Default: the resolved value. */
  readonly show?: (config: JointConfig, given: Given | undefined) => unknown
  /** Removes secrets from the resolved value. */
  readonly redact?: (resolved: never) => unknown
  /** Flags of other servers; a hint that begins with a dash is our flag. */
  readonly foreignFlags?: Foreign<string>
  /** Options of other servers. */
  readonly foreignKeys?: Foreign<string | ((value: unknown) => string)>
  /** What to write instead of a value that another server takes for the option. */
  readonly correct?: (value: unknown) => string | undefined
}

/** The definition of an option that is resolved by itself. */
type Definition<Schema extends v.GenericSchema, Resolved> = Omit<
  OptionFacts<v.InferOutput<Schema>>,
  'schema' | 'redact'
> & {
  readonly schema: Schema
  readonly default: v.InferOutput<Schema>
  /** Checks the meaning of the value, and completes it. It adds problems to the context instead of throwing. */
  readonly resolve: (value: v.InferOutput<Schema>, context: OptionContext) => Resolved
  readonly redact?: (resolved: Resolved) => unknown
}

/** An option that is resolved by itself. @internal */
export function option<Schema extends v.GenericSchema, Resolved>(
  definition: Definition<Schema, Resolved>,
): Option<v.InferOutput<Schema>, Resolved> {
  return { default: definition.default, resolve: definition.resolve, facts: definition }
}

/** An option that is resolved as it is. @internal */
export function plain<Schema extends v.GenericSchema>(
  definition: Omit<Definition<Schema, never>, 'resolve' | 'redact'>,
): Option<v.InferOutput<Schema>> {
  return option({ ...definition, resolve: (value) => value })
}

/** An option that `resolve/` resolves together with others, or under another name. @internal */
export function joint<Schema extends v.GenericSchema>(
  definition: Omit<Definition<Schema, never>, 'resolve' | 'redact'>,
): Joint<v.InferOutput<Schema>> {
  return { default: definition.default, resolve: undefined, facts: definition }
}

/** The same, without a default. @internal */
export function unset<Schema extends v.GenericSchema>(
  facts: Omit<Definition<Schema, never>, 'default' | 'resolve' | 'redact'>,
): Unset<v.InferOutput<Schema>> {
  return { default: undefined, resolve: undefined, facts }
}

/** An option that no site has for itself. @internal */
export function ofServer<Each extends object>(each: Each): OfServer<Each> {
  return { ...each, isOfServer: true }
}

/** What options of a kind have in common. */
type Kind<Given> = Pick<OptionFacts, 'kind' | 'parse'> & { readonly schema: v.GenericSchema<Given> }

/** A switch. @internal */
export const toggle: Kind<boolean> & Pick<OptionFacts, 'accepts'> = {
  kind: 'boolean',
  schema: flag,
  parse: parseSwitch,
  accepts: 'true or false',
}

/** A text. @internal */
export const oneText: Kind<string> = { kind: 'value', schema: plainText, parse: parseText }

/** Texts; a flag takes one each time it is given, or several separated by commas. @internal */
export const severalTexts: Kind<string | readonly string[]> = { kind: 'list', schema: textOrTexts, parse: parseList }

/** One of a few words. @internal */
export function choice<const Word extends string>(
  choices: readonly Word[],
  noun?: string,
): Kind<Word> & Pick<OptionFacts, 'choices' | 'accepts'> {
  const accepts = `${choices.slice(0, -1).join(', ')} or ${choices.at(-1)}`
  return { kind: 'value', schema: v.picklist(choices, noun ?? accepts), parse: parseText, choices, accepts }
}

/** A text, which is the path of a file. @internal */
export const filePath: Kind<string> & Pick<OptionFacts, 'valueName' | 'isPath'> = {
  ...oneText,
  valueName: 'FILE',
  isPath: true,
}

/** A port, or several to try in order. @internal */
export const portList: Kind<number | string | readonly (number | string)[]> &
  Pick<OptionFacts, 'valueName' | 'accepts'> = {
  kind: 'value',
  schema: ports,
  valueName: 'PORT',
  parse: parsePorts,
  accepts: 'a whole number from 0 to 65535, or a list of them',
}

/** A switch, or a text. @internal */
export function switchOrText(noun: string): Kind<boolean | string> {
  return { kind: 'optional', schema: v.union([flag, plainText], noun), parse: parseSwitchOrText }
}

/** A switch, or one word. @internal */
export function switchOr<const Word extends string>(
  word: Word,
): Kind<boolean | Word> & Pick<OptionFacts, 'valueName' | 'form' | 'accepts'> {
  const accepts = `true, false or ${word}`
  return {
    kind: 'optional',
    schema: v.union([flag, v.literal(word)], accepts),
    valueName: word,
    form: () => new RegExp(`^${word}$`, 'i'),
    parse: parseSwitchOrText,
    accepts,
  }
}
