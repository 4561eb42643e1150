import { toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'

const pid = v.pipe(v.number(), v.integer())
const text = v.nullable(v.string())

const finding = v.strictObject({
  code: v.pipe(v.string(), v.description('Never renamed: S8008_EXPOSED.')),
  severity: v.picklist(['danger', 'warning', 'note']),
  why: v.string(),
  fix: v.string(),
})

const port = v.strictObject({
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  addresses: v.pipe(v.array(v.string()), v.description('Where it listens: 127.0.0.1, ::.')),
  families: v.array(v.picklist(['ipv4', 'ipv6'])),
  reach: v.pipe(
    v.picklist(['machine', 'lan', 'everyone']),
    v.description('Who can connect, as far as the addresses say: a firewall may stop them.'),
  ),
  pid: v.pipe(v.nullable(pid), v.description('null where the system hides the process.')),
  hidden: v.pipe(
    v.nullable(v.picklist(['user', 'elsewhere', 'search'])),
    v.description("Why the process is hidden: it is another user's, in a container, or the search took too long."),
  ),
  ppid: v.nullable(pid),
  user: text,
  uid: v.nullable(pid),
  program: v.pipe(text, v.description('Short name: node.')),
  command: v.pipe(text, v.description('What it runs: vite.')),
  cwd: text,
  project: v.nullable(v.strictObject({ name: v.string(), folder: v.string(), file: v.string() })),
  unit: v.pipe(text, v.description('The systemd unit.')),
  container: v.nullable(v.strictObject({ id: v.string(), name: text, image: text, compose: text, engine: text })),
  supervisor: v.pipe(
    v.nullable(v.strictObject({ name: v.string(), pid: v.nullable(pid), stop: text })),
    v.description('The program that starts it again, and the command that stops it for good.'),
  ),
  startedAt: v.pipe(text, v.description('Date and time (RFC 3339).')),
  stopped: v.pipe(
    v.nullable(v.boolean()),
    v.description('Whether a signal or a terminal has stopped it (SIGSTOP, ^Z), so that it answers nothing.'),
  ),
  parents: v.array(v.strictObject({ pid, program: v.string() })),
  protocol: v.strictObject({ name: text, tls: v.boolean(), alpn: text, http: text }),
  product: v.pipe(text, v.description('What answers: Vite.')),
  version: text,
  evidence: v.array(v.string()),
  findings: v.array(finding),
  clients: v.pipe(v.number(), v.integer(), v.description('Connections that clients have open.')),
})

/** What `serve8008 scan --json` prints. */
export const scanSchema: v.GenericSchema = v.strictObject({
  ports: v.array(port),
  idle: v.array(v.strictObject({ port: v.number(), state: v.picklist(['free', 'denied', 'held']) })),
  findings: v.pipe(v.array(finding), v.description('What belongs to no port that is listed.')),
})

/** The JSON Schema (draft 2020-12) of `serve8008 scan --json`. Made when the package is built; nothing that runs imports this file. */
export function scanJsonSchema(): object {
  return { title: 'serve8008 scan --json', ...toJsonSchema(scanSchema, { target: 'draft-2020-12' }) }
}
