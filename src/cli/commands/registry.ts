import { addPlaceholders } from '../args/command-line.ts'
import type { CommandDefinition } from './definition.ts'

/** A command by its words. */
export interface CommandEntry {
  /** The words that call it; the first is its name. A folder of such a name is written ./check. */
  readonly words: readonly [name: string, ...aliases: string[]]
  /** Loads its definition, which serving never does. */
  load(): Promise<CommandDefinition>
}

/** Every command, in the order of the help pages. */
export const registry: readonly CommandEntry[] = [
  { words: ['check'], load: async () => (await import('./check.ts')).checkCommand },
  { words: ['explain'], load: async () => (await import('./explain.ts')).explainCommand },
  { words: ['fetch'], load: async () => (await import('./fetch.ts')).fetchCommand },
  { words: ['verify'], load: async () => (await import('./verify.ts')).verifyCommand },
  { words: ['presets'], load: async () => (await import('./presets.ts')).presetsCommand },
  { words: ['init'], load: async () => (await import('./init.ts')).initCommand },
  { words: ['reload'], load: async () => (await import('./reload.ts')).reloadCommand },
  { words: ['tail'], load: async () => (await import('./tail.ts')).tailCommand },
  { words: ['record'], load: async () => (await import('./record.ts')).recordCommand },
  { words: ['dashboard'], load: async () => (await import('./dashboard.ts')).dashboardCommand },
  { words: ['status', 'list', 'ls', 'ps'], load: async () => (await import('./status.ts')).statusCommand },
  { words: ['stop'], load: async () => (await import('./stop.ts')).stopCommand },
  { words: ['scan'], load: async () => (await import('./scan.ts')).scanCommand },
  { words: ['free'], load: async () => (await import('./free.ts')).freeCommand },
  { words: ['doctor'], load: async () => (await import('./doctor.ts')).doctorCommand },
  { words: ['trust'], load: async () => (await import('./trust.ts')).trustCommand },
  { words: ['untrust'], load: async () => (await import('./untrust.ts')).untrustCommand },
  { words: ['cert'], load: async () => (await import('./cert.ts')).certCommand },
  { words: ['completion'], load: async () => (await import('./completion.ts')).completionCommand },
  { words: ['version'], load: async () => (await import('./version.ts')).versionCommand },
  { words: ['help'], load: async () => (await import('./help.ts')).helpCommand },
]

/** The names of the commands. */
export function commandNames(): string[] {
  return registry.map(({ words: [name] }) => name)
}

/** The name of the command that a word calls, if it calls one. */
export function commandNamed(word: string | undefined): string | undefined {
  return word === undefined ? undefined : entryOf(word)?.words[0]
}

/** The definition of a command. */
export async function loadCommand(name: string): Promise<CommandDefinition> {
  const entry = entryOf(name)
  if (entry === undefined) throw new Error(`There is no command ${name}.`)
  const definition = { ...(await entry.load()), aliases: entry.words.slice(1) }
  const { flags, usage } = definition
  addPlaceholders([...flags.map(({ valueName }) => valueName), ...usage.map(([form]) => form)])
  return definition
}

/** Every definition. */
export function loadCommands(): Promise<CommandDefinition[]> {
  return Promise.all(commandNames().map(loadCommand))
}

function entryOf(word: string): CommandEntry | undefined {
  return registry.find(({ words }) => words.includes(word))
}
