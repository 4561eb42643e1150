import type { ProcessInfo } from '../types.ts'
import type { NamedProcess } from './supervisor.ts'

const shells =
  /^(?:(?:ba|z|fi|da|k|mk|ok|tc|c|a|ya|o|rba|xon)?sh|nu|elvish|ion)$|^(?:pwsh|powershell|cmd|tmux|screen|zellij|login|sshd|sshd-session)\b/
const editors =
  /^(?:code|code-server|code-insiders|codium|vscodium|cursor|windsurf|zed|zeditor|zed-editor|vi|vim|gvim|nvim|neovide|emacs|nano|micro|helix|hx|kak|kate|kwrite|gedit|gnome-text-editor|geany|lapce|subl|sublime_text|idea|webstorm|phpstorm|pycharm|clion|goland|rubymine|rider|eclipse)\b/
const databases =
  /^(?:postgres|postmaster|mysqld|mariadbd|redis-server|valkey-server|keydb-server|mongod|mongos|memcached|clickhouse|influxd|etcd|cockroach|sqlservr|neo4j|couchdb|scylla|arangod|rethinkdb)\b/

/** Where editors keep what they run on Node, and the main classes of those that run on Java. */
const editorPaths =
  /[\\/]\.?(?:vscode|vscode-remote|vscodium|cursor|windsurf|openvscode|code)-server(?:-insiders|-oss)?[\\/]|[\\/]Visual Studio Code|^com\.intellij\.idea\./
/** Main classes of databases that run on Java, and of what keeps data for them. */
const javaDatabases =
  /(?:^|\.)(?:CassandraDaemon|Elasticsearch|OpenSearch|Neo4j\w*|CommunityEntryPoint|EnterpriseEntryPoint|Kafka|QuorumPeerMain|HMaster)$|[./]neo4j[./]/
/** Databases that run on Erlang, by their folder or the name of their node. */
const erlangDatabases = /(?:^|[\s/])(?:couchdb|rabbit(?:mq)?|riak)(?=[\s/@_.-]|$)/i

/** What a process is, where ending it costs more than a server: by its program, and by what an interpreter runs. */
export function roleOf({ name = '', command = '', executable = '', argv }: NamedProcess): ProcessInfo['role'] {
  // Nix runs `.code-wrapped`, and macOS and Windows `Code`.
  const program = name.replace(/^\.(.+)-wrapped$/, '$1').toLowerCase()
  if (shells.test(program) || /^xonsh\b/.test(command)) return 'shell'
  const isInterpreter = program === 'node' || program === 'java'
  const run = isInterpreter ? ranBy(argv) : ''
  if (editors.test(program) || [executable, run].some((path) => editorPaths.test(path))) return 'editor'
  const isErlang = program === 'beam.smp' && erlangDatabases.test(argv.join(' '))
  const isJava = program === 'java' && javaDatabases.test(run)
  return databases.test(program) || isErlang || isJava ? 'database' : undefined
}

/** Options of Java whose value is the next argument. */
const takesValue: ReadonlySet<string> = new Set(['-cp', '-classpath', '--class-path', '-p', '--module-path', '-m'])

/** The script or the main class: the first argument that is no option, nor the value of one. */
function ranBy(argv: readonly string[]): string {
  return argv.find((arg, at) => at > 0 && !arg.startsWith('-') && !takesValue.has(argv[at - 1] as string)) ?? ''
}
