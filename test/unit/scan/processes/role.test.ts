import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processName } from '../../../../src/net/owners/owners.ts'
import { roleOf } from '../../../../src/scan/processes/role.ts'
import type { ProcessInfo } from '../../../../src/scan/types.ts'

/** The role of a process with these arguments, one for each word. */
function role(line: string, executable?: string): ProcessInfo['role'] {
  const argv = line.split(' ')
  const none = { pid: 1, ppid: undefined, uid: 1000, user: undefined, startedAt: undefined, stopped: false }
  return roleOf({ ...none, argv, executable, comm: undefined, ...processName({ argv, executable }) })
}

const roles: Readonly<Record<'shell' | 'editor' | 'database' | 'none', readonly string[]>> = {
  shell: ['/bin/bash', '/bin/dash -c x', '/usr/bin/nu', 'python3 /usr/bin/xonsh', 'tmux', '/usr/bin/elvish', 'pwsh'],
  editor: [
    'node /home/ann/.vscode-server/cli/servers/Stable-x/server/out/server-main.js --port=0',
    'node /usr/lib/code-server/out/node/entry.js',
    'node --inspect /home/ann/.cursor-server/bin/x/out/server-main.js',
    '/usr/share/code/Code',
    '/nix/store/x/bin/.code-wrapped',
    ...['code', 'helix', 'hx', 'kate', 'gedit', 'nvim', 'vim', 'idea', 'windsurf', 'zed'].map(
      (name) => `/usr/bin/${name}`,
    ),
    'java -cp /opt/idea/lib/util.jar com.intellij.idea.Main',
  ],
  database: [
    'postgres: checkpointer',
    '/usr/sbin/mysqld',
    '/usr/bin/redis-server *:6379',
    'java -Xmx1g -cp /usr/share/cassandra/lib/x.jar org.apache.cassandra.service.CassandraDaemon',
    'java -Xms1g -cp /usr/share/elasticsearch/lib/* org.elasticsearch.bootstrap.Elasticsearch',
    'java -cp /var/lib/neo4j/lib/* org.neo4j.server.CommunityEntryPoint',
    '/usr/lib/erlang/erts/bin/beam.smp -W w -- -root /usr/lib/erlang -pa /usr/lib/rabbitmq/ebin -sname rabbit@box',
    '/opt/couchdb/erts/bin/beam.smp -- -root /opt/couchdb',
  ],
  none: [
    'node server.js',
    'node server.js /home/ann/.vscode-server/x',
    '/usr/lib/erlang/erts/bin/beam.smp -- -root /usr/lib/erlang -progname erl -- -home /home/ann -- mix phx.server',
    'java -jar app.jar',
    'java -cp /srv/app.jar com.shop.Main',
    '/usr/bin/codesign',
    '/usr/bin/nushop',
    'python3 -m http.server',
  ],
}

for (const [expected, lines] of Object.entries(roles)) {
  test(`${lines.length} processes have the role ${expected}`, () => {
    for (const line of lines) assert.equal(role(line) ?? 'none', expected, line)
  })
}
