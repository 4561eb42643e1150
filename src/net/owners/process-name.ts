import { printable } from '../../core/util/sanitize.ts'

/** What the system says about a process. */
export interface ProcessFacts {
  /** Path of the running program; undefined when we may not read it. */
  readonly executable?: string | undefined
  /** Arguments, the program itself first. */
  readonly argv: readonly string[]
  /** Short name that the kernel keeps. */
  readonly comm?: string | undefined
}

/** Longest name or command that is shown. */
const longest = 60

/** Options of interpreters whose value is the next argument. */
const takesValue: Readonly<Record<string, ReadonlySet<string>>> = {
  node: new Set(['-r', '--require', '--import', '--loader', '--experimental-loader', '-C', '--conditions', '--title']),
  python: new Set(['-W', '-X']),
  ruby: new Set(['-I', '-r', '-C']),
  java: new Set(['-cp', '-classpath', '--class-path', '-p', '--module-path', '--add-opens', '--add-modules']),
}

/** Programs that users know by the script that they run. */
const interpreters: ReadonlySet<string> = new Set(['node', 'bun', 'deno', 'python', 'ruby', 'perl', 'php', 'java'])

/** Options that are followed by code, so there is no script. */
const inlineCode: ReadonlySet<string> = new Set(['-e', '--eval', '-p', '--print', '-c', '-pe'])

/** Options whose value is the script: `python -m http.server`, `java -jar app.jar`, `php -S localhost:8000`. */
const namesModule: ReadonlySet<string> = new Set(['-m', '-jar', '-S'])

/** Interpreters that take the command `run` before the script. */
const subcommands: ReadonlySet<string> = new Set(['bun', 'deno'])

/**
 * Names a process as its user would: `node` that runs `vite`, `python` that runs `python -m http.server`. The texts come
 * from other processes, so unprintable characters are replaced.
 */
export function processName(facts: ProcessFacts): { name: string | undefined; command: string | undefined } {
  const { executable, argv, comm } = facts
  const path = executable ?? (isTitle(argv) ? comm : argv[0]) ?? ''
  const name = programName(path === '' ? (comm ?? '') : path)
  const command = interpreters.has(name) ? commandText(name, argv) : undefined
  return { name: shown(name), command: shown(command ?? '') }
}

/** `node` of `/usr/bin/nodejs`, `python` of `python3.11`. */
function programName(path: string): string {
  const base = baseName(path).replace(/\.exe$/i, '')
  return base.replace(/^(node|python|ruby|perl|php)(?:js|[\d.]+)$/, '$1')
}

/** Whether a program replaced its arguments by a title with spaces, such as `next-server (v15.0.0)`. */
function isTitle(argv: readonly string[]): boolean {
  return argv.length === 1 && /\s/.test((argv[0] as string).trim()) && !/^(?:\/|[a-z]:\\)/i.test(argv[0] as string)
}

function commandText(name: string, argv: readonly string[]): string | undefined {
  const [title = ''] = argv
  // A program may copy its options, and with them secrets, into its title.
  if (isTitle(argv) || (argv.length === 1 && programName(title) !== name))
    return title.trim().split(/\s+(?=-|\S*(?:=|:\/\/))/)[0]
  const [first, ...rest] = withoutOptions(name, argv.slice(1))
  if (first === undefined || inlineCode.has(first)) return undefined
  if (namesModule.has(first)) return [name, first, ...rest.slice(0, 1)].join(' ')
  return [scriptName(first), ...plainWords(rest)].join(' ')
}

/** The arguments from the script on, or from the option that names it. */
function withoutOptions(name: string, args: readonly string[]): readonly string[] {
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string
    if (takesValue[name]?.has(arg) === true) i++
    else if (namesModule.has(arg) || inlineCode.has(arg)) return args.slice(i)
    else if (arg === '--') return args.slice(i + 1)
    else if (!arg.startsWith('-') && !(arg === 'run' && subcommands.has(name))) return args.slice(i)
  }
  return []
}

/** Names of entry files that say nothing: the package is named instead. */
const nameless = /^(?:index|main|cli|bin|run|start|server|cmd|app)$/

/** `vite` for a tool within node_modules or a bin folder, the file name for a script of the user's own. */
function scriptName(script: string): string {
  // Deno and Bun run URLs, whose query may hold a token.
  const path = script.replace(/^(https?:[^?#]*).*/, '$1').replaceAll('\\', '/')
  const base = baseName(path)
  const bare = base.replace(/\.[cm]?[jt]sx?$|\.py$|\.rb$/, '')
  const owner = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1]
  if (owner === undefined || owner === '.bin') return /\/s?bin\/[^/]+$/.test(path) ? bare : base
  if (owner === 'npm') return bare.replace(/-cli$/, '')
  return nameless.test(bare) ? owner : bare
}

/** Up to two leading words, such as `dev` or `run start`. Stops at what may be a secret: an option, a path, a digit. */
function plainWords(args: readonly string[]): string[] {
  const end = args.findIndex((arg) => !/^[a-z][a-z_:.-]{0,23}$/i.test(arg))
  return args.slice(0, Math.min(2, end === -1 ? args.length : end))
}

function baseName(path: string): string {
  return path
    .replace(/ \(deleted\)$/, '')
    .split(/[\\/]/)
    .at(-1) as string
}

function shown(text: string): string | undefined {
  return text === '' ? undefined : printable(text, longest)
}
