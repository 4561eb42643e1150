import { ServeError } from '../errors/serve-error.ts'
import type { Flag } from './flags.ts'

/** The words that may stand in the folder's place. */
const commands = ['check', 'completion', 'help'] as const

const shells: Readonly<Record<string, (flags: readonly Flag[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
  powershell: powershellCompletion,
}

/**
 * The completion script of a shell, made from the flags themselves.
 *
 * @throws ServeError E8008_USAGE for a shell that we do not know.
 */
export function renderCompletion(shell: string | undefined, flags: readonly Flag[]): string {
  const render = shell !== undefined && Object.hasOwn(shells, shell) ? shells[shell] : undefined
  if (render !== undefined) return render(flags)
  const message = shell === undefined ? 'Which shell?' : `There are no completions for ${shell}.`
  const hint = Object.keys(shells).map((name) => `serve8008 completion ${name}`)
  throw new ServeError('E8008_USAGE', message, { hint: hint.join(', ') })
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`
}

/** Every way to write a flag, with `--no-` where it switches something off. */
function spellings(flag: Flag): string[] {
  const negated = flag.canBeOff ? [`--no-${flag.name}`] : []
  return [flag.name, ...flag.aliases].map(dashed).concat(negated)
}

function takesWord(flag: Flag): boolean {
  return flag.kind === 'value' || flag.kind === 'list'
}

function bashCompletion(flags: readonly Flag[]): string {
  const words = (list: readonly string[]) => `$'${list.join('\\n')}'`
  const cases = flags.filter(takesWord).map((flag) => {
    const pattern = [flag.name, ...flag.aliases].map(dashed).join('|')
    const reply = flag.isPath ? 'compgen -f -- "$word"' : `compgen -W ${words(flag.choices)} -- "$word"`
    return `    ${pattern}) COMPREPLY=($(${reply})); return ;;`
  })
  return `# serve8008 in bash: source <(serve8008 completion bash)
_serve8008() {
  local IFS=$'\\n' word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  case $previous in
${cases.join('\n')}
    completion) COMPREPLY=($(compgen -W ${words(Object.keys(shells))} -- "$word")); return ;;
  esac
  case $word in
    -*) COMPREPLY=($(compgen -W ${words(flags.flatMap(spellings))} -- "$word")) ;;
    *) COMPREPLY=($(compgen -W ${words(commands)} -- "$word"; compgen -d -- "$word")) ;;
  esac
}
complete -o filenames -F _serve8008 serve8008
`
}

function zshCompletion(flags: readonly Flag[]): string {
  const escape = (text: string) => text.replace(/[\\[\]:]/g, '\\$&').replaceAll("'", "'\\''")
  const rows = flags.flatMap((flag) => {
    const action = flag.isPath ? '_files' : flag.choices.length > 0 ? `(${flag.choices.join(' ')})` : ' '
    const value = takesWord(flag) ? `:${escape(flag.valueName)}:${action}` : ''
    return spellings(flag).map((spelling) => {
      const star = flag.kind === 'list' ? '*' : ''
      return `    '${star}${spelling}[${escape(flag.description)}]${spelling.startsWith('--no-') ? '' : value}' \\`
    })
  })
  return `#compdef serve8008
# serve8008 in zsh: source <(serve8008 completion zsh)
_serve8008() {
  _arguments -s \\
${rows.join('\n')}
    '1:folder:{ _alternative "commands:command:(${commands.join(' ')})" "folders:folder:_files -/" }' \\
    '*:folder:_files -/'
}
compdef _serve8008 serve8008
`
}

function fishCompletion(flags: readonly Flag[]): string {
  const quote = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`
  const rows = flags.flatMap((flag) => {
    const names = [flag.name, ...flag.aliases]
      .map((name) => (name.length === 1 ? `-s ${name}` : `-l ${name}`))
      .join(' ')
    const choices = flag.choices.length > 0 ? ` -a ${quote(flag.choices.join(' '))}` : ''
    const value = takesWord(flag) ? (flag.isPath ? ' -r -F' : ` -x${choices}`) : ''
    const negated = spellings(flag).filter((spelling) => spelling.startsWith('--no-'))
    return [
      `complete -c serve8008 ${names}${value} -d ${quote(flag.description)}`,
      ...negated.map((spelling) => `complete -c serve8008 -l ${spelling.slice(2)}`),
    ]
  })
  return `# serve8008 in fish: serve8008 completion fish | source
complete -c serve8008 -f -a '(__fish_complete_directories)'
complete -c serve8008 -n __fish_use_subcommand -a '${commands.join(' ')}'
complete -c serve8008 -n '__fish_seen_subcommand_from completion' -a '${Object.keys(shells).join(' ')}'
${rows.join('\n')}
`
}

function powershellCompletion(flags: readonly Flag[]): string {
  const quote = (text: string) => `'${text.replaceAll("'", "''")}'`
  const rows = flags.flatMap((flag) =>
    spellings(flag).map((spelling) => `    @(${quote(spelling)}, ${quote(flag.description)})`),
  )
  return `# serve8008 in PowerShell: serve8008 completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName serve8008 -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $flags = @(
${rows.join('\n')}
  )
  if ($wordToComplete -like '-*') {
    $flags | Where-Object { $_[0] -clike "$wordToComplete*" } | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterName', $_[1])
    }
  } else {
    @(${commands.map(quote).join(', ')}) | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
    Get-ChildItem -Directory -Path "$wordToComplete*" | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($_.FullName, $_.Name, 'ProviderContainer', $_.FullName)
    }
  }
}
`
}
