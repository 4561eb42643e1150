import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processName } from '../../../../src/net/owners/process-name.ts'

const cases: [string, string, string | undefined][] = [
  ['node /app/node_modules/.bin/vite', 'node', 'vite'],
  ['/usr/bin/node /app/node_modules/vite/bin/vite.js --port 8008', 'node', 'vite'],
  ['node /app/node_modules/next/dist/bin/next dev -p 8008', 'node', 'next dev'],
  ['node /app/node_modules/@org/tool/dist/cli.mjs serve', 'node', '@org/tool serve'],
  ['node /usr/lib/node_modules/npm/bin/npm-cli.js run dev', 'node', 'npm run dev'],
  ['node --require /x/preflight.cjs --import file:///x/loader.mjs server.ts', 'node', 'server.ts'],
  ['node --inspect=9229 -- /home/ann/server.js --token=s3cret', 'node', 'server.js'],
  ['/usr/bin/nodejs /usr/bin/http-server', 'node', 'http-server'],
  ['node -e setInterval(()=>{},1e6)', 'node', undefined],
  ['node', 'node', undefined],
  ['node --watch', 'node', undefined],
  ['/usr/bin/python3.11 -m http.server 8008', 'python', 'python -m http.server'],
  ['python3 -u manage.py runserver 8000', 'python', 'manage.py runserver'],
  ['/venv/bin/python /venv/bin/uvicorn main:app --port 8000', 'python', 'uvicorn main:app'],
  ['ruby bin/rails server', 'ruby', 'rails server'],
  ['php -S localhost:8000', 'php', 'php -S localhost:8000'],
  ['/usr/bin/java -cp /x -jar app.jar', 'java', 'java -jar app.jar'],
  ['bun run dev', 'bun', 'dev'],
  ['deno run -A https://ann:s3cret@example.com/main.ts?token=s3cret', 'deno', 'main.ts'],
  ['node server.js start s3cret', 'node', 'server.js start'],
  ['deno run -A main.ts', 'deno', 'main.ts'],
  ['C:\\nodejs\\node.exe C:\\app\\node_modules\\vite\\bin\\vite.js', 'node', 'vite'],
  ['/usr/sbin/nginx -g secret', 'nginx', undefined],
]

for (const [line, name, command] of cases) {
  test(`${line} is ${command ?? name}`, () => {
    assert.deepEqual(processName({ argv: line.split(' ') }), { name, command })
  })
}

test('shows a title that a program gave itself as its command', () => {
  const facts = { argv: ['next-server (v15.0.0)'], comm: 'next-server (v1' }
  assert.deepEqual(processName({ ...facts, executable: '/usr/bin/node' }), {
    name: 'node',
    command: 'next-server (v15.0.0)',
  })
  assert.equal(
    processName({ argv: ['api worker --token s3cret'], comm: 'node', executable: '/usr/bin/node' }).command,
    'api worker',
  )
  assert.equal(processName({ argv: ['api redis://ann:s3cret@localhost'], executable: '/usr/bin/node' }).command, 'api')
  assert.equal(processName({ argv: ['serve8008'], executable: '/usr/bin/node' }).command, 'serve8008')
  assert.equal(processName({ argv: ['/opt/node'], executable: '/usr/bin/node' }).command, undefined)
  assert.deepEqual(processName({ argv: ['nginx: master process nginx'], comm: 'nginx' }), {
    name: 'nginx',
    command: undefined,
  })
})

test('names a program that was replaced on disk', () => {
  assert.equal(processName({ executable: '/usr/bin/caddy (deleted)', argv: ['caddy', 'run'] }).name, 'caddy')
})

test('gives an unknown process no name', () => {
  assert.deepEqual(processName({ argv: [] }), { name: undefined, command: undefined })
})

test('removes terminal escapes from names and bounds their length', () => {
  const { name } = processName({ argv: ['/tmp/\x1b[2Jevil'] })
  assert.equal(name, '\\x1b[2Jevil')
  const { command } = processName({ argv: ['node', `${'x'.repeat(100)}.js`] })
  assert.equal(command?.length, 60)
})
