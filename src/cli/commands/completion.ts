import { limitNames } from '../../config/options/limits.ts'
import { presetNames } from '../../config/presets.ts'
import { usageError, withoutSecret } from '../args/command-line.ts'
import { flags as servingFlags, type Flag } from '../args/flags.ts'
import { helpPages } from './help-pages.ts'
import { nameOf, printingFlags, type CommandDefinition } from './definition.ts'

const shells: Readonly<Record<string, (flags: readonly Flag[], commands: readonly CommandDefinition[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
  powershell: powershellCompletion,
}
const shellNames = Object.keys(shells)

export const completionCommand: CommandDefinition = {
  command: 'completion <shell>',
  describe: 'print the completion script of a shell',
  flags: printingFlags,
  words: shellNames,
  usage: [['serve8008 completion SHELL', 'bash, zsh, fish or powershell']],
  examples: [['source <(serve8008 completion bash)', 'load them here and now']],
  notes: ['The first line of each script says how to load it.'],
  row: ['serve8008 completion zsh', 'completions; also bash, fish, powershell'],
  async handler({ words: [shell = ''] }, _program, report, commands) {
    report.print(renderCompletion(shell, servingFlags, await commands()))
    return 0
  },
}

/**
 * The completion script of a shell, made from the flags and the commands themselves. A shell runs nothing of ours at a tab.
 *
 * @throws ServeError E8008_USAGE for a shell that we do not know.
 */
export function renderCompletion(
  shell: string,
  flags: readonly Flag[],
  commands: readonly CommandDefinition[],
): string {
  const render = Object.hasOwn(shells, shell) ? shells[shell] : undefined
  if (render !== undefined) return render(flags, commands)
  throw usageError(
    `There are no completions for ${withoutSecret(shell)}; it must be one of: ${shellNames.join(', ')}.`,
    `serve8008 completion ${shellNames[0]}`,
  )
}

function dashed(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`
}

/** Every way to write a flag, with `--no-` where it switches something off. */
function spellings(flag: Flag): string[] {
  const negated = flag.canBeOff ? [`--no-${flag.name}`] : []
  return [flag.name, ...flag.aliases].map(dashed).concat(negated)
}

/** The words of a command, where they can be listed. */
function choicesOf(words: CommandDefinition['words'], commands: readonly CommandDefinition[]): readonly string[] {
  if (words === 'pages') return helpPages(commands)
  if (words === 'presets') return presetNames()
  return typeof words === 'object' ? words : []
}

/** The values of a flag, where they can be listed; one that ends in `=` is to be gone on with. */
function valuesOf(flag: Flag): readonly string[] {
  if (flag.key === 'preset') return presetNames()
  return flag.key === 'limits' ? limitNames.map((name) => `${name}=`) : flag.choices
}

/** What completions offer behind a command. */
interface Offer {
  readonly name: string
  readonly flags: readonly Flag[]
  /** Those that serving does not have, or all where the command does not take those of serving. */
  readonly ownFlags: readonly Flag[]
  /** Its words, where they can be listed. */
  readonly choices: readonly string[]
  readonly takesFiles: boolean
}

/** The commands for which completions differ from those of serving. */
function offersOf(commands: readonly CommandDefinition[], serving: readonly Flag[]): readonly Offer[] {
  const offers = commands.map((definition): Offer => {
    const { flags, isLikeServing = false, words } = definition
    return {
      name: nameOf(definition),
      flags,
      ownFlags: isLikeServing ? flags.filter(({ key }) => !serving.some((flag) => flag.key === key)) : flags,
      choices: choicesOf(words, commands),
      takesFiles: words === 'files',
    }
  })
  return offers.filter(({ ownFlags }) => ownFlags.length > 0)
}

/** Whether a flag takes a folder and no file. */
function takesFolder(flag: Flag): boolean {
  return flag.isPath && flag.valueName === 'DIR'
}

function takesWord(flag: Flag): boolean {
  return flag.kind === 'value' || flag.kind === 'list'
}

function bashCompletion(flags: readonly Flag[], commands: readonly CommandDefinition[]): string {
  const words = (list: readonly string[]) => `$'${list.join('\\n')}'`
  const cases = flags.filter(takesWord).map((flag) => {
    const pattern = [flag.name, ...flag.aliases].map(dashed).join('|')
    const values = valuesOf(flag)
    const reply = flag.isPath ? 'compgen -f -- "$word"' : `compgen -W ${words(values)} -- "$word"`
    const open = values.some((value) => value.endsWith('=')) ? 'compopt +o filenames -o nospace 2>/dev/null; ' : ''
    return `    ${pattern}) ${open}COMPREPLY=($(${reply})); return ;;`
  })
  const own = offersOf(commands, flags).map(({ name, flags: list, ownFlags, choices, takesFiles }) => {
    const asking = ownFlags
      .filter(takesFolder)
      .flatMap(spellings)
      .map((spelling) => `$previous == ${spelling}`)
    const folders = asking.length === 0 ? '' : `; [[ ${asking.join(' || ')} ]] && compgen -d -- "$word"`
    const files = takesFiles ? '; [[ $word == -* ]] || compgen -f -- "$word"' : ''
    const offered = [...list.flatMap(spellings), ...choices]
    return `    ${name}) COMPREPLY=($(compgen -W ${words(offered)} -- "$word"${folders}${files})); return ;;`
  })
  return `# serve8008 in bash: source <(serve8008 completion bash)
_serve8008() {
  local IFS=$'\\n' word=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  # bash takes --log=json and /docs=./manual for three words each.
  if [[ $word == = ]]; then word=; elif [[ $previous == = ]]; then previous=\${COMP_WORDS[COMP_CWORD-2]}; fi
  case $previous in
${cases.join('\n')}
    /*) if [[ \${COMP_WORDS[COMP_CWORD]} == = || \${COMP_WORDS[COMP_CWORD-1]} == = ]]; then
      COMPREPLY=($(compgen -d -- "$word")); return
    fi ;;
  esac
  case \${COMP_WORDS[1]} in
${own.join('\n')}
  esac
  case $word in
    /*=*) COMPREPLY=($(compgen -d -P "\${word%%=*}=" -- "\${word#*=}")) ;;
    -*) COMPREPLY=($(compgen -W ${words(flags.flatMap(spellings))} -- "$word")) ;;
    *) COMPREPLY=($(compgen -W ${words(commands.map(nameOf))} -- "$word"; compgen -d -- "$word")) ;;
  esac
}
complete -o filenames -F _serve8008 serve8008
`
}

function zshCompletion(flags: readonly Flag[], commands: readonly CommandDefinition[]): string {
  const escape = (text: string) => text.replace(/[\\[\]:]/g, '\\$&').replaceAll("'", "'\\''")
  const rows = flags.flatMap((flag) => {
    const action = zshAction(flag)
    const value = takesWord(flag) ? `:${escape(flag.valueName)}:${action}` : ''
    return spellings(flag).map((spelling) => {
      const star = flag.kind === 'list' ? '*' : ''
      return `    '${star}${spelling}[${escape(flag.description)}]${spelling.startsWith('--no-') ? '' : value}' \\`
    })
  })
  const own = offersOf(commands, flags).map(({ name, flags: list, choices, takesFiles }) => {
    const specs = list.flatMap((flag) => {
      const value = takesWord(flag) ? `:${escape(flag.valueName)}:${zshAction(flag)}` : ''
      const star = flag.kind === 'list' ? '*' : ''
      return spellings(flag).map((spelling) => `'${star}${spelling}[${escape(flag.description)}]${value}'`)
    })
    const rest = takesFiles ? '_files' : choices.length > 0 ? `(${choices.join(' ')})` : ''
    return `    ${name}) shift words; (( CURRENT-- )); _arguments ${specs.join(' ')} '*: :${rest}'; return ;;`
  })
  return `#compdef serve8008
# serve8008 in zsh: source <(serve8008 completion zsh)
_serve8008_folders() {
  # The folder of a mount, /docs=./manual, comes after its path.
  [[ $PREFIX == /*=* ]] && compset -P 1 '*='
  _files -/
}
_serve8008() {
  case $words[2] in
${own.join('\n')}
  esac
  _arguments -s \\
${rows.join('\n')}
    '1:folder:{ _alternative "commands:command:(${commands.map(nameOf).join(' ')})" "folders:folder:_serve8008_folders" }' \\
    '*:folder:_serve8008_folders'
}
compdef _serve8008 serve8008
`
}

function zshAction(flag: Flag): string {
  if (flag.key === 'mounts') return '_serve8008_folders'
  if (flag.isPath) return takesFolder(flag) ? '_files -/' : '_files'
  const values = valuesOf(flag)
  if (values.length === 0) return ' '
  // What is to be gone on with gets no space behind it.
  return values.some((value) => value.endsWith('='))
    ? `{compadd -S "" -- ${values.join(' ')}}`
    : `(${values.join(' ')})`
}

function fishCompletion(flags: readonly Flag[], commands: readonly CommandDefinition[]): string {
  const quote = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`
  const names = (flag: Flag): string =>
    [flag.name, ...flag.aliases].map((name) => (name.length === 1 ? `-s ${name}` : `-l ${name}`)).join(' ')
  const offers = offersOf(commands, flags)
  const apart = offers.filter(({ ownFlags, flags: list }) => ownFlags === list).map(({ name }) => name)
  const others = `-n 'not __fish_seen_subcommand_from ${apart.join(' ')}'`
  const rows = flags.flatMap((flag) => {
    const values = valuesOf(flag)
    const choices = values.length > 0 ? ` -a ${quote(values.join(' '))}` : ''
    const value = takesWord(flag) ? (flag.isPath ? ' -r -F' : ` -x${choices}`) : ''
    const negated = spellings(flag).filter((spelling) => spelling.startsWith('--no-'))
    return [
      `complete -c serve8008 ${others} ${names(flag)}${value} -d ${quote(flag.description)}`,
      ...negated.map((spelling) => `complete -c serve8008 ${others} -l ${spelling.slice(2)}`),
    ]
  })
  const own = offers.flatMap(({ name, ownFlags, choices, takesFiles }) => {
    const seen = `complete -c serve8008 -n '__fish_seen_subcommand_from ${name}'`
    return [
      ...(choices.length > 0 ? [`${seen} -a '${choices.join(' ')}'`] : []),
      ...(takesFiles ? [`${seen} -F`] : []),
      ...ownFlags.map((flag) => {
        const value = takesFolder(flag) ? ' -x -a "(__fish_complete_directories)"' : flag.isPath ? ' -r -F' : ' -x'
        return `${seen} ${names(flag)}${takesWord(flag) ? value : ''} -d ${quote(flag.description)}`
      }),
    ]
  })
  return `# serve8008 in fish: serve8008 completion fish | source
function __serve8008_mounts
  set -l word (commandline -ct)
  string match -qr '^/[^=]*=' -- $word; or return
  for folder in (__fish_complete_directories (string replace -r '^[^=]*=' '' -- $word) folder)
    echo (string replace -r '=.*' '=' -- $word)$folder
  end
end
complete -c serve8008 -f -a '(__fish_complete_directories) (__serve8008_mounts)'
complete -c serve8008 -n __fish_use_subcommand -a '${commands.map(nameOf).join(' ')}'
${[...rows, ...own].join('\n')}
`
}

function powershellCompletion(flags: readonly Flag[], commands: readonly CommandDefinition[]): string {
  const quote = (text: string) => `'${text.replaceAll("'", "''")}'`
  const offers = offersOf(commands, flags)
  const further = offers.flatMap(({ flags: list, ownFlags }) => (ownFlags === list ? [] : ownFlags))
  const rows = [...flags, ...further].flatMap((flag) =>
    spellings(flag).map((spelling) => `    @(${quote(spelling)}, ${quote(flag.description)})`),
  )
  const values = flags.flatMap((flag) => {
    const list = valuesOf(flag).map(quote).join(', ')
    return list === '' ? [] : [flag.name, ...flag.aliases].map((name) => `    ${quote(dashed(name))} = @(${list})`)
  })
  // What follows the word of a command: its words where they can be listed, else its flags.
  const own = offers
    .filter(({ flags: list, ownFlags, takesFiles }) => ownFlags === list && !takesFiles)
    .map(({ name, flags: list, choices }) => {
      const offered = choices.length > 0 ? choices : list.flatMap(spellings)
      return `    ${quote(name)} = @(${offered.map(quote).join(', ')})`
    })
  return `# serve8008 in PowerShell: serve8008 completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName serve8008 -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $flags = @(
${rows.join('\n')}
  )
  $values = @{
${values.join('\n')}
${own.join('\n')}
  }
  $words = @($commandAst.CommandElements | ForEach-Object { $_.ToString() })
  $previous = if ($wordToComplete -eq '') { $words[-1] } elseif ($words.Count -gt 1) { $words[-2] } else { '' }
  if ($values.ContainsKey($previous)) {
    $values[$previous] | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
  } elseif ($wordToComplete -match '^(/[^=]*=)(.*)$') {
    $mount = $Matches[1]
    Get-ChildItem -Directory -Path "$($Matches[2])*" | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($mount + $_.FullName, $_.Name, 'ProviderContainer', $_.FullName)
    }
  } elseif ($wordToComplete -like '-*') {
    $flags | Where-Object { $_[0] -clike "$wordToComplete*" } | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($_[0], $_[0], 'ParameterName', $_[1])
    }
  } else {
    @(${commands.map((each) => quote(nameOf(each))).join(', ')}) | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
    Get-ChildItem -Directory -Path "$wordToComplete*" | ForEach-Object {
      [System.Management.Automation.CompletionResult]::new($_.FullName, $_.Name, 'ProviderContainer', $_.FullName)
    }
  }
}
`
}
